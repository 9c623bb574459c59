"""Summary statistics by hand and against SciPy."""

import numpy as np
import pytest
import scipy.spatial.distance
import scipy.stats

from uncertainty.analysis.calibration import reliability
from uncertainty.analysis.questions import summary
from uncertainty.analysis.scores import stack
from uncertainty.analysis.statistics import resampling


def _summary(results, n_draws=400):
  data, = stack.stack_results(results)
  counts = resampling.bootstrap_counts(
      len(data.item_ids), n_draws, seed=0)
  table = summary.summary_table(data, counts, level=0.95)
  assert tuple(table) == summary.COLUMNS
  return table.set_index(['model', 'statistic'])


def test_distances_by_hand_and_scipy():
  p, q = np.array([0.5, 0.5, 0.0]), np.array([0.1, 0.3, 0.6])
  assert summary.total_variation(p, q) == pytest.approx(0.6)
  assert summary.jensen_shannon(p, q) == pytest.approx(
      scipy.spatial.distance.jensenshannon(p, q, base=2) ** 2)
  one, other = np.array([1.0, 0.0]), np.array([0.0, 1.0])
  assert summary.total_variation(one, other) == 1
  assert summary.jensen_shannon(one, other) == pytest.approx(1)
  assert summary.jensen_shannon(p, p) == 0


def test_shares_right_have_wilsons_interval(toy_results):
  found = _summary(toy_results)
  for column, name in (('correct', 'accuracy'), ('agrees', 'agreement'),
                       ('fr_correct', 'fr_accuracy')):
    grades = toy_results['toy', 'alpha'][column].dropna()
    row = found.loc[('alpha', name)]
    assert row['value'] == pytest.approx(grades.mean())
    assert row['n'] == len(grades)
    expected = scipy.stats.binomtest(
        int(grades.sum()), len(grades)).proportion_ci(method='wilson')
    assert row['ci_low'] == pytest.approx(expected.low)
    assert row['ci_high'] == pytest.approx(expected.high)


def test_chance_and_best_constant_answer(toy_results):
  found = _summary(toy_results)
  assert found.loc[('alpha', 'accuracy_chance'), 'value'] == 0.25
  frame = toy_results['toy', 'alpha']
  answer = frame['answer'].to_numpy(int)
  base = np.bincount(answer).max() / 40
  assert found.loc[('alpha', 'accuracy_baseline'), 'value'] == base
  assert found.loc[('alpha', 'accuracy_beyond_baseline'),
                   'value'] == pytest.approx(frame['correct'].mean() - base)
  commonest = np.array([np.argmax(s) for s in frame['human_shares']])
  assert found.loc[('alpha', 'agreement_baseline'), 'value'] == pytest.approx(
      np.bincount(commonest).max() / 40)


def test_best_constant_answer_is_chosen_anew_in_every_draw(toy_results):
  data, = stack.stack_results(toy_results)
  counts = resampling.bootstrap_counts(40, 300, seed=3)
  table = summary.summary_table(data, counts, level=0.95).set_index(
      ['model', 'statistic'])
  frame = toy_results['toy', 'beta']
  answer, correct = frame['answer'].to_numpy(int), frame['correct'].to_numpy()
  draws = []
  for r in range(300):
    items = np.repeat(np.arange(40), counts[:, r])
    draws.append(
        correct[items].mean() - np.bincount(answer[items]).max() / 40)
  row = table.loc[('beta', 'accuracy_beyond_baseline')]
  assert row['ci_low'] == pytest.approx(np.quantile(draws, 0.025))
  assert row['ci_high'] == pytest.approx(np.quantile(draws, 0.975))


def test_means_of_entropies_and_distances(toy_results):
  found = _summary(toy_results)
  frame = toy_results['toy', 'alpha']
  difference = frame['mc_choice_entropy'] - frame['human_entropy']
  row = found.loc[('alpha', 'entropy_difference')]
  assert row['value'] == pytest.approx(difference.mean())
  # A bootstrap of a mean: about the normal interval.
  half = 1.96 * difference.std() / np.sqrt(40)
  assert row['ci_high'] - row['ci_low'] == pytest.approx(2 * half, rel=0.15)
  model = np.exp(np.stack(frame['choice_logprobs']))
  people = np.stack(frame['human_shares'])
  assert found.loc[('alpha', 'total_variation'), 'value'] == pytest.approx(
      np.abs(model - people).sum(1).mean() / 2)


def test_share_correlation_is_pearsons_over_all_choices(toy_results):
  found = _summary(toy_results)
  frame = toy_results['toy', 'alpha']
  expected = scipy.stats.pearsonr(
      np.exp(np.stack(frame['choice_logprobs'])).ravel(),
      np.stack(frame['human_shares']).ravel()).statistic
  row = found.loc[('alpha', 'share_correlation')]
  assert row['value'] == pytest.approx(expected)
  assert row['ci_low'] < expected < row['ci_high']


def test_share_of_readable_confidences(toy_results):
  for frame in toy_results.values():
    frame['verbal_confidence'] = np.where(np.arange(40) < 10, np.nan, 0.5)
    frame['verbal_correct'] = np.where(np.arange(40) < 20, np.nan, 1.0)
  found = _summary(toy_results)
  rate = found.loc[('alpha', 'parse_rate')]
  assert rate['value'] == 0.75 and rate['n'] == 40
  assert found.loc[('alpha', 'verbal_accuracy'), 'n'] == 20


def test_what_does_not_apply_has_no_row(toy_results):
  for frame in toy_results.values():
    frame['human_shares'] = None
    frame[['answer', 'correct', 'agrees', 'fr_correct']] = np.nan
  found = _summary(toy_results)
  assert set(found.index.get_level_values('statistic')) == {
      'human_entropy', 'model_entropy', 'entropy_difference'}


def test_choice_log_probabilities_need_no_normalisation(toy_results):
  before = _summary(toy_results)
  for frame in toy_results.values():
    frame['choice_logprobs'] = [v - 3.0 for v in frame['choice_logprobs']]
  after = _summary(toy_results)
  np.testing.assert_allclose(
      after['value'].to_numpy(float), before['value'].to_numpy(float))


def test_a_choice_without_mass_is_a_share_of_zero(toy_results):
  frame = toy_results['toy', 'alpha']
  frame.at[0, 'choice_logprobs'] = np.array([0.0, -np.inf, -np.inf, -np.inf])
  frame.at[1, 'choice_logprobs'] = None
  frame.at[2, 'choice_logprobs'] = np.array([0.0, np.nan, 0.0, 0.0])
  shares = summary.read_shares(frame)
  np.testing.assert_array_equal(shares.model[0], [1, 0, 0, 0])
  assert shares.model[1] is None and shares.model[2] is None


def test_one_scale_for_all_items_gives_a_correlation_of_mean_answers(
    toy_results):
  for frame in toy_results.values():
    frame['choices'] = [('low', 'mid', 'high', 'top')] * len(frame)
  frame = toy_results['toy', 'alpha']
  found = _summary(toy_results).loc[('alpha', 'scale_correlation')]
  shares = summary.read_shares(frame)
  people, model = (
      [np.dot(s, np.arange(4)) for s in side]
      for side in (shares.people, shares.model))
  assert found['value'] == pytest.approx(
      scipy.stats.spearmanr(people, model).statistic)
  assert found['ci_low'] <= found['value'] <= found['ci_high']


def test_wilson_of_none_is_nan():
  found = reliability.wilson(np.zeros(1), np.zeros(1), 0.95)
  assert np.isnan(found.low[0]) and np.isnan(found.high[0])


def test_chance_and_baseline_follow_agreement_under_ties(toy_results):
  """A model that guesses agrees as often as the chance beside it says."""
  frame = toy_results['toy', 'alpha'].copy()
  shares = [np.array([.4, .4, .1, .1]), np.array([.1, .7, .1, .1]),
            np.array([.2, .3, .2, .3]), np.array([.25] * 4)]
  frame['human_shares'] = [shares[i % 4] for i in range(40)]
  found = {}
  for guess in range(4):
    for first, definition in ((False, lambda s, g: s[g] == s.max()),
                              (True, lambda s, g: s.argmax() == g)):
      frame['prediction'] = float(guess)
      frame['agrees'] = [
          float(definition(s, guess)) for s in frame['human_shares']]
      data, = stack.stack_results({('toy', 'alpha'): frame})
      rows = summary.summary_table(
          data, resampling.bootstrap_counts(40, 20, seed=0), level=0.95,
          first_of_ties=first).set_index('statistic')['value']
      found.setdefault(first, []).append(rows)
  for first, rows in found.items():
    agreed = [r['agreement'] for r in rows]
    assert rows[0]['agreement_chance'] == pytest.approx(np.mean(agreed)), first
    assert rows[0]['agreement_baseline'] == pytest.approx(max(agreed)), first
  assert found[True][0]['agreement_chance'] == pytest.approx(1 / 4)
  assert found[False][0]['agreement_chance'] == pytest.approx(9 / 16)


def test_a_scale_adds_the_way_between_both_distributions(toy_results):
  assert 'wasserstein' not in _summary(toy_results).index.get_level_values(1)
  scale = [0.0, 1.0, 5.0, 6.0]
  scaled = {key: frame.assign(choice_scale=[scale] * (len(frame) - 1) + [[]])
            for key, frame in toy_results.items()}
  row = _summary(scaled).loc[('alpha', 'wasserstein')]
  frame = toy_results['toy', 'alpha'].iloc[:-1]
  expected = []
  for people, logprobs in zip(
      frame['human_shares'], frame['choice_logprobs'], strict=True):
    model = np.exp(logprobs)
    expected.append(scipy.stats.wasserstein_distance(
        scale, scale, people, model / model.sum()) / 6)
  assert row['value'] == pytest.approx(np.mean(expected), abs=1e-9)
  assert row['n'] == 39 and row['ci_low'] < row['value'] < row['ci_high']
