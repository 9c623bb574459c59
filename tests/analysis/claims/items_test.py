"""Claims about one model: their definitions, clusters and raters."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from uncertainty.analysis.claims import table
from uncertainty.analysis.scores import people
from uncertainty.analysis.statistics import ranking, resampling, spearman_draws
from uncertainty.worlds import generator, scenarios


def test_alignment_is_spearman_with_people(
    small_table, small_frames, spec):
  frames = people.estimated(small_frames, spec)
  rows = small_table[small_table['claim'] == 'aligned']
  for row in rows.to_dict('records'):
    frame = frames['world', row['model']]
    found = scipy.stats.spearmanr(
        frame['mc_choice_entropy'], frame['human_entropy']).statistic
    assert row['estimate'] == pytest.approx(found)
  assert (rows['verdict'] == 'supported').all()
  assert rows['sentence'].str.contains('each with its 50 raters').all()


def test_unknown_raters_are_said(small_world, spec):
  world = dataclasses.replace(small_world, counts_published=False)
  rows = table.claims(
      generator.simulate(world, seed=0).frames, spec, ('aligned',))
  assert rows['n_raters'].isna().all()
  assert rows['sentence'].str.contains('not published').all()


def test_confidence_and_auroc_agree_with_their_definitions(
    small_table, small_frames):
  rows = small_table[small_table['claim'] == 'sure_and_right']
  for row in rows.to_dict('records'):
    frame = small_frames['world', row['model']]
    right = frame['correct'] == 1
    u = scipy.stats.mannwhitneyu(
        frame['mc_choice_entropy'][~right], frame['mc_choice_entropy'][right])
    assert row['estimate'] == pytest.approx(
        u.statistic / (right.sum() * (~right).sum()))


def test_items_without_their_cluster_get_one_each(small_frames, spec):
  frames = {key: frame.assign(cluster=None)
            for key, frame in small_frames.items()}
  same = table.claims(frames, spec, ('surest_fifth',))
  assert same.equals(table.claims(
      small_frames, spec, ('surest_fifth',)))


@pytest.mark.parametrize('n_items, told', [(12, False), (44, False),
                                           (45, True)])
def test_bins_of_an_item_or_two_make_no_claim(spec, n_items, told):
  """Their noise cannot be told: all of a gap would count as error."""
  world = generator.World(families=(1,) * 3, n_items=n_items)
  frames = generator.simulate(world, seed=0, all_measures=False).frames
  rows = table.claims(frames, spec, (
      'calibrated', 'calibration_difference'))
  assert set(rows['claim']) == {'calibrated', 'calibration_difference'}
  assert ((rows['verdict'] == 'too little data') != told).all()
  assert (rows['p'].notna() == told).all()


def test_the_smallest_correlation_is_one(spec):
  """Ten items: on Fisher's scale it would be larger than 1."""
  world = generator.World(families=(1,) * 3, n_items=10)
  frames = generator.simulate(world, seed=0, all_measures=False).frames
  rows = table.claims(frames, spec, ('aligned',))
  smallest = rows['smallest_effect'].dropna()
  assert len(smallest) and smallest.between(.5, 1).all()


def test_copies_of_questions_widen_intervals_where_clusters_are_known(spec):
  """Items duplicated × 4: intervals by item cover far too rarely."""
  name = 'no alignment, questions copied × 4'
  world = dataclasses.replace(
      scenarios.WORLDS[name], families=(1,) * 3, counts_published=False,
      shared=0.0)
  blind, known = [], []
  for seed in range(10):
    frames = generator.simulate(world, seed=seed).frames
    for found, keep in ((known, True), (blind, False)):
      rows = table.claims(
          frames if keep else {
              k: f.drop(columns='cluster') for k, f in frames.items()},
          spec, ('aligned',))
      found += list((rows['low'] <= 0) & (rows['high'] >= 0))
  assert np.mean(blind) < 0.85
  assert np.mean(known) > 0.88


def test_two_clusters_that_fill_both_fifths_are_too_little_data(spec):
  [frame, *_] = generator.simulate(
      generator.World(n_items=100, families=(1,)), seed=0).frames.values()
  rank = frame['mc_choice_entropy'].rank(method='first')
  frame = frame.assign(cluster=np.where(
      rank <= 20, 'surest', np.where(rank > 80, 'least', frame['item_id'])))
  rows = table.claims({('world', 'm'): frame}, spec, ('surest_fifth',))
  assert rows['verdict'].tolist() == ['too little data']


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
    draws = spearman_draws.bootstrap_spearman(
        measures, signal[None], counts)[:, 0]
    rho = ranking.spearman(measures, signal[None]).rho_MS[:, 0]
    ends = resampling.percentile_interval(draws, 0.95)
    outside = (ends.low > 0) | (ends.high < 0)
    best.append(outside[np.abs(rho).argmax()])
    primary.append(outside[0])
  assert np.mean(best) > 0.15
  assert np.mean(primary) < 0.05 + 3 * np.sqrt(.05 * .95 / 120)


def test_people_who_nearly_always_agree_make_no_claim(spec):
  """With 8 of 421 items at issue, .31 of studies made a false claim."""
  rng = np.random.default_rng(0)

  def verdicts(n_at_issue, n_unsure=421):
    entropy = (np.arange(421) < n_at_issue) * .9
    unsure = np.array([rng.permutation(421) < n_unsure for _ in range(10)])
    return set(table.claims({('d', f'm{i}'): pd.DataFrame({
        'item_id': [f'q{j}' for j in range(421)], 'human_entropy': entropy,
        'mc_choice_entropy': unsure[i] * rng.random(421)}) for i in range(10)},
                            spec, ('aligned',))['verdict'])

  assert verdicts(8) == {'too little data'}
  assert 'too little data' not in verdicts(40)
  # Both sides tied: 22 of each share one item, and .99 of studies were false.
  assert verdicts(22, 22) == {'too little data'}
  assert 'too little data' not in verdicts(92, 92)


def test_auroc_of_few_wrong_answers_has_few_degrees_of_freedom(spec):
  """Fifteen of 421 wrong, confidence that says nothing."""
  rng = np.random.default_rng(1)
  correct = (np.arange(421) >= 15).astype(float)
  frames = {('d', f'm{i}'): pd.DataFrame({
      'item_id': [f'q{j}' for j in range(421)], 'correct': correct,
      'mc_choice_entropy': rng.random(421)}) for i in range(400)}
  p = table.claims(frames, spec, ('sure_and_right',))['p']
  # Holm's first step over ten models; with 420 degrees of freedom .017.
  assert (p < .005).mean() <= .005 + 3 * np.sqrt(.005 / 400)
  assert (p < .05).mean() < .05 + 3 * np.sqrt(.05 * .95 / 400)


def test_nothing_is_said_of_ranks_that_nearly_all_tie(spec):
  """Hardly a wrong answer stands apart: two in three were called wrong."""
  world = generator.World(n_items=421, families=(1,) * 6)
  frames = generator.simulate(world, seed=2, all_measures=False).frames
  rng = np.random.default_rng(0)
  ranked = {key: frame.assign(
      mc_choice_entropy=np.where(rng.random(421) < .95, 0, rng.random(421)),
      correct=(rng.random(421) < .9).astype(float))
            for key, frame in frames.items()}
  found = table.claims(ranked, spec, ('sure_and_right', 'surest_fifth'))
  assert len(found) >= 12
  assert found['verdict'].eq('too little data').all()
  spread = {key: frame.assign(mc_choice_entropy=rng.random(421))
            for key, frame in ranked.items()}
  found = table.claims(spread, spec, ('sure_and_right', 'surest_fifth'))
  assert found['verdict'].eq('cannot tell').mean() > .8
