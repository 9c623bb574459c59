"""Claims: their list, their table, and the naive tests they replace."""

import dataclasses

import numpy as np
import pytest
import scipy.stats

from uncertainty import specs
from uncertainty.analysis import claims, claims_calibration, claims_families
from uncertainty.analysis.statistics import ranking, resampling
from uncertainty.worlds import generator, scenarios, validity

_SPEC = specs.StudySpec(analysis=specs.AnalysisSpec(n_bootstrap=200))
_SMALL = generator.World(
    n_items=300, families=(1, 1, 1), alignment=generator.Effects(0.6))


def _claims(world, seed=0, only=(), spec=_SPEC):
  return claims.claims(
      generator.simulate(world, seed=seed).frames, spec, only)


@pytest.fixture(scope='module')
def small_table():
  return _claims(_SMALL)


@pytest.mark.parametrize('claim', claims.CLAIMS, ids=lambda c: c.id)
def test_every_claim_has_a_null_an_effect_and_all_sentences(claim):
  known = scenarios.SCENARIOS[claim.id]
  assert known.nulls and len(known.effects) >= 3
  assert set(known.nulls + known.effects) <= set(scenarios.WORLDS)
  assert not set(known.nulls) & set(known.effects)
  assert set(claim.sentences) == set(claims.VERDICTS)


def test_claims_are_named_once():
  ids = [c.id for c in claims.CLAIMS]
  assert len(set(ids)) == len(ids) and set(ids) == set(scenarios.SCENARIOS)


def test_the_table_has_the_promised_columns(small_table):
  assert tuple(small_table) == claims.COLUMNS
  assert set(small_table['verdict']) <= set(claims.VERDICTS)
  assert set(small_table['claim']) == {c.id for c in claims.CLAIMS}
  assert not small_table.duplicated(['claim', 'data', 'model']).any()
  assert (small_table['p_corrected'] >= small_table['p']).all()
  assert (small_table['low'] <= small_table['estimate'] + 1e-12).all()
  assert (small_table['estimate'] <= small_table['high'] + 1e-12).all()


def test_equal_seeds_give_equal_claims(small_table):
  assert small_table.equals(_claims(_SMALL))


def test_alignment_is_spearman_with_people(small_table):
  study = generator.simulate(_SMALL, seed=0)
  rows = small_table[small_table['claim'] == 'aligned']
  for row in rows.to_dict('records'):
    frame = study.frames['world', row['model']]
    found = scipy.stats.spearmanr(
        frame['mc_choice_entropy'], frame['human_entropy']).statistic
    assert row['estimate'] == pytest.approx(found)
  assert (rows['verdict'] == 'supported').all()
  assert rows['sentence'].str.contains('50 raters each resampled').all()


def test_unknown_raters_are_said():
  world = dataclasses.replace(_SMALL, counts_published=False)
  rows = _claims(world, only=('aligned',))
  assert rows['n_raters'].isna().all()
  assert rows['sentence'].str.contains('not published').all()


def test_three_families_cannot_support_a_claim_about_tuning(small_table):
  rows = small_table[small_table['correction_family'] == 'instruct']
  assert len(rows) == 3 and (rows['n_families'] == 3).all()
  assert (rows['verdict'] == 'too little data').all()
  # Three claims: 2 / 2^7 · 3 = .047.
  assert rows['sentence'].str.contains('7 families').all()


def test_confidence_and_auroc_agree_with_their_definitions(small_table):
  study = generator.simulate(_SMALL, seed=0)
  rows = small_table[small_table['claim'] == 'sure_and_right']
  for row in rows.to_dict('records'):
    frame = study.frames['world', row['model']]
    right = frame['correct'] == 1
    u = scipy.stats.mannwhitneyu(
        frame['mc_choice_entropy'][~right], frame['mc_choice_entropy'][right])
    assert row['estimate'] == pytest.approx(
        u.statistic / (right.sum() * (~right).sum()))


def test_items_without_their_cluster_get_one_each():
  study = generator.simulate(_SMALL, seed=0)
  frames = {key: frame.assign(cluster=None)
            for key, frame in study.frames.items()}
  same = claims.claims(frames, _SPEC, ('surest_fifth',))
  assert same.equals(_claims(_SMALL, only=('surest_fifth',)))


def test_results_without_choices_make_no_claims():
  study = generator.simulate(_SMALL, seed=0)
  frames = {key: frame.drop(columns='mc_choice_entropy')
            for key, frame in study.frames.items()}
  found = claims.claims(frames, _SPEC)
  assert found.empty and tuple(found) == claims.COLUMNS


def test_few_items_are_too_little_data():
  world = dataclasses.replace(_SMALL, n_items=8)
  found = _claims(world)
  assert (found['verdict'] == 'too little data').all()


def test_sign_flips_over_families_are_exact():
  mean_F = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
  assert claims_families.sign_flip_p(mean_F) == 2 / 64
  assert claims_families.sign_flip_p(mean_F * [1, 1, 1, 1, 1, -1]) == (
      np.mean([abs(sum(s * x for s, x in zip(signs, mean_F, strict=True))) >= 9
               for signs in np.ndindex(2, 2, 2, 2, 2, 2)
               for signs in [2 * np.array(signs) - 1]]))
  assert [claims_families.units_needed(p) for p in (.05, .05 / 3, .5)] == [
      6, 7, 2]


def test_pairs_reject_where_families_do_not():
  """Wilcoxon over 15 pairs of 6 families, against flips of families."""
  rng = np.random.default_rng(0)
  family = np.repeat(np.arange(6), generator.PUBLISHED_FAMILIES)
  naive, sound = [], []
  for _ in range(400):
    d = rng.normal(size=6)[family] + 0.3 * rng.normal(size=15)
    naive.append(scipy.stats.wilcoxon(d).pvalue < 0.05)
    mean_F = np.bincount(family, d) / np.bincount(family)
    sound.append(claims_families.sign_flip_p(mean_F) < 0.05)
  assert np.mean(naive) > 0.18
  assert np.mean(sound) < 0.05 + 3 * np.sqrt(.05 * .95 / 400)


def test_the_best_of_17_needs_more_than_its_own_interval():
  """A primary measure fixed beforehand excludes 0 in 5 %, the best far more."""
  rng = np.random.default_rng(1)
  best, primary = [], []
  for seed in range(120):
    signal = rng.normal(size=150)
    common = rng.normal(size=(4, 150))  # four kinds of measure
    measures = (np.sqrt(.7) * common[np.arange(17) % 4]
                + np.sqrt(.3) * rng.normal(size=(17, 150)))
    counts = resampling.bootstrap_counts(150, 200, seed=seed)
    draws = ranking.bootstrap_spearman(measures, signal[None], counts)[:, 0]
    rho = ranking.spearman(measures, signal[None]).rho_MS[:, 0]
    ends = resampling.percentile_interval(draws, 0.95)
    outside = (ends.low > 0) | (ends.high < 0)
    best.append(outside[np.abs(rho).argmax()])
    primary.append(outside[0])
  assert np.mean(best) > 0.15
  assert np.mean(primary) < 0.05 + 3 * np.sqrt(.05 * .95 / 120)


def test_copies_of_questions_widen_intervals_where_clusters_are_known():
  """Items duplicated × 4: intervals by item cover far too rarely."""
  name = 'no alignment, questions copied × 4'
  world = dataclasses.replace(
      scenarios.WORLDS[name], families=(1,) * 3, counts_published=False,
      shared=0.0)
  blind, known = [], []
  for seed in range(10):
    frames = generator.simulate(world, seed=seed).frames
    for found, keep in ((known, True), (blind, False)):
      rows = claims.claims(
          frames if keep else {
              k: f.drop(columns='cluster') for k, f in frames.items()},
          _SPEC, ('aligned',))
      found += list((rows['low'] <= 0) & (rows['high'] >= 0))
  assert np.mean(blind) < 0.85
  assert np.mean(known) > 0.88


def test_calibration_intervals_cover_at_and_near_zero():
  rng = np.random.default_rng(2)
  cover = {0.0: [], 0.03: [], 0.15: []}
  for gap, found in cover.items():
    for _ in range(150):
      confidence = rng.uniform(0.3, 0.95, 300)
      correct = (rng.random(300) < confidence - gap).astype(float)
      error = claims_calibration.squared_error(
          confidence, correct, np.arange(300), 15)
      low, high = claims_calibration.interval(error, 0.95)
      found.append(low <= gap ** 2 <= high)
    assert 0.90 < np.mean(found) < 0.985, gap


def test_the_debiased_square_is_right_on_average_where_the_plug_in_is_not():
  rng = np.random.default_rng(3)
  debiased, plugged = [], []
  for _ in range(200):
    confidence = rng.uniform(0.3, 0.95, 100)
    correct = (rng.random(100) < confidence).astype(float)
    error = claims_calibration.squared_error(
        confidence, correct, np.arange(100), 15)
    debiased.append(error.estimate)
    plugged.append(error.square)
  assert np.mean(plugged) > 0.02  # a perfect model looks .14 off
  assert abs(np.mean(debiased)) < 3 * np.std(debiased) / np.sqrt(200)


def test_clusters_of_one_are_kumars_noise_to_rounding():
  rng = np.random.default_rng(4)
  levels = rng.choice([0.3, 0.6, 0.9], 300)  # bins of one confidence each
  correct = (rng.random(300) < levels).astype(float)
  error = claims_calibration.squared_error(
      levels, correct, np.arange(300), 3)
  noise = sum(
      np.mean(levels == c) * correct[levels == c].var(ddof=0)
      / (np.sum(levels == c) - 1) for c in (0.3, 0.6, 0.9))
  assert error.noise == pytest.approx(noise)


@pytest.mark.parametrize('claim', [
    'aligned', 'calibrated', 'calibration_difference', 'surest_fifth'])
def test_claims_hold_their_level_in_a_few_worlds(claim):
  """The small version of docs/validity.md."""
  known = scenarios.SCENARIOS[claim]
  scores = [validity.score_world(name, [claim], _SPEC, seed)[0]
            for name in (known.nulls[0], known.effects[-1])
            for seed in range(2)]
  table = validity.summary(scores)
  assert (table['false'] <= 0.5).all()
  assert (table['coverage'] > 0.85).all()
  assert table['power'].max() > 0.02
