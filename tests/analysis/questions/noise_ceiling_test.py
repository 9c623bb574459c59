"""The reliability of people, and what it caps."""

import numpy as np
import pytest
import scipy.special
from scipy import stats

from uncertainty import specs
from uncertainty.analysis.questions import noise_ceiling
from uncertainty.analysis.scores.scores import Score
from uncertainty.analysis.statistics import entropy, resampling, spearman_draws

SPEC = specs.StudySpec()


def _people(rng, n_items, n_raters):
  q_NC = rng.dirichlet([1.] * 4, size=n_items)
  return q_NC, rng.multinomial(n_raters, q_NC)


def _found(model_items, counts_NC, n_draws=50, **human):
  n_items = len(counts_NC)
  table = model_items(
      np.zeros((1, n_items)), human_shares=list(
          counts_NC / counts_NC.sum(1, keepdims=True)), **human)
  draws = resampling.bootstrap_counts(n_items, n_draws, seed=0)
  return noise_ceiling.ceilings([table], {'d': draws}, SPEC)


def test_split_half_reliability_against_the_truth(model_items):
  rng = np.random.default_rng(9)
  q_NC, first = _people(rng, 600, 40)
  found = _found(model_items, first, human_count=[40.] * 600)
  row = noise_ceiling.ceiling_table(found, .95).iloc[0]
  retest = stats.spearmanr(*(
      entropy.normalised(counts, np.full(600, 4), 'dirichlet')
      for counts in (first, rng.multinomial(40, q_NC)))).statistic
  assert abs(row['reliability'] - retest) < .04
  assert row['low'] < row['reliability'] < row['high']
  assert row['count_source'] == 'given' and row['people'] == 40
  assert row['estimator'] == 'dirichlet'
  assert row['ceiling'] == pytest.approx(np.sqrt(row['reliability']))


def test_without_counts_there_are_only_bounds(model_items):
  """Inferred counts once gave a number: .912 where .974 was true."""
  rng = np.random.default_rng(9)
  _, counts = _people(rng, 300, 200)
  rounded = np.round(counts / 200, 2)
  found = _found(model_items, rounded)
  row = noise_ceiling.ceiling_table(found, .95).iloc[0]
  assert np.isnan(row[['reliability', 'ceiling']].astype(float)).all()
  assert row['estimator'] == 'plain' and row['high'] == 1
  assert 0 < row['low'] < .97
  score = Score('d', 'M', 'alignment:human_entropy', 'mc_x', .4, .01, 9,
                np.full(50, .4))
  row = noise_ceiling.corrected([score], found, .95).iloc[0]
  assert np.isnan(row['corrected_rho']) and row['ci_low'] == pytest.approx(.4)
  assert row['ci_high'] > .4


def test_halves_that_disagree_wholly_have_a_finite_reliability(monkeypatch):
  halves = np.array([[9, 1], [8, 2], [7, 3], [6, 4]])
  monkeypatch.setattr(
      noise_ceiling, '_deal_half', lambda people, rng: halves)
  people = halves + halves[::-1]
  found = noise_ceiling.split_half(
      people, np.full(4, 2), 'plain', np.ones((4, 1), int), seed=0)
  np.testing.assert_allclose(found, -1, rtol=1e-6)


def test_constant_halves_count_as_nothing_in_common():
  found = noise_ceiling.split_half(
      np.full((5, 2), 2) * [[1, 0]], np.full(5, 2), 'plain',
      np.ones((5, 1), int), seed=0)
  np.testing.assert_array_equal(found, 0)


def test_correction_carries_the_ceilings_uncertainty():
  rho_R, reliability_R = np.linspace(.3, .5, 101), np.linspace(.81, .49, 101)
  score = Score('d', 'M', 'alignment:human_entropy', 'mc_x', .4, .01, 9, rho_R)
  ceiling = noise_ceiling.Ceiling(
      'd', 'dirichlet', True, .64, reliability_R, np.full(9, 20))
  row = noise_ceiling.corrected([score], [ceiling], .9).iloc[0]
  assert row['corrected_rho'] == pytest.approx(.5)
  # With the ceiling taken as known the ends would be .31 / .8 and .49 / .8.
  np.testing.assert_allclose(row[['ci_low', 'ci_high']].astype(float), [
      .31 / np.sqrt(.81 - .05 * .32), .49 / np.sqrt(.81 - .95 * .32)])


def test_a_ceiling_that_may_be_zero_bounds_nothing():
  rho_R, reliability_R = np.full(40, .4), np.linspace(-.2, .6, 40)
  score = Score('d', 'M', 'alignment:human_entropy', 'mc_x', .4, .01, 9, rho_R)
  ceiling = noise_ceiling.Ceiling(
      'd', 'dirichlet', True, .25, reliability_R, np.full(9, 20))
  row = noise_ceiling.corrected([score], [ceiling], .95).iloc[0]
  assert row['ci_high'] == np.inf
  assert row['ci_low'] == pytest.approx(.4 / np.sqrt(.6))


def test_intervals_cover_the_ceiling_and_the_corrected_correlation():
  """40 studies of 150 items; at 95 % fewer than 34 would cover by p < .02."""
  slope, n_raters, covered = .6, 20, np.zeros(2, int)
  rng = np.random.default_rng(5)

  def study(n_items):
    z = rng.normal(size=n_items)
    weight = scipy.special.ndtr(z)[:, None]
    q_NC = (1 - weight) * np.eye(4)[rng.integers(4, size=n_items)] + weight / 4
    x = slope * z + np.sqrt(1 - slope ** 2) * rng.normal(size=n_items)
    return x, q_NC, rng.multinomial(n_raters, q_NC)

  def signal(counts):
    return entropy.normalised(counts, np.full(len(counts), 4), 'dirichlet')

  x, q_NC, counts = study(40_000)
  reliability = stats.spearmanr(
      signal(counts), signal(rng.multinomial(n_raters, q_NC))).statistic
  true = (reliability, stats.spearmanr(x, signal(counts)).statistic
          / np.sqrt(reliability))
  for seed in range(40):
    x, _, counts = study(150)
    weights = np.concatenate([np.ones((150, 1), np.int32),
                              resampling.bootstrap_counts(
                                  150, 200, seed=seed)], 1)
    value_R = noise_ceiling.split_half(
        counts, np.full(150, 4), 'dirichlet', weights, seed=seed)
    rho_R = spearman_draws.bootstrap_spearman(
        x[None], signal(counts)[None], weights)[0, 0]
    one = noise_ceiling.Ceiling(
        'd', 'dirichlet', True, value_R[0], value_R[1:], counts.sum(1))
    score = Score('d', 'M', 'alignment:human_entropy', 'mc_x', rho_R[0], 0.,
                  150, rho_R[1:])
    top = noise_ceiling.ceiling_table([one], .95).iloc[0]
    row = noise_ceiling.corrected([score], [one], .95).iloc[0]
    covered += (top['low'] < true[0] < top['high'],
                row['ci_low'] < true[1] < row['ci_high'])
  assert (covered >= 34).all(), covered
