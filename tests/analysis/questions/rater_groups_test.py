"""Groups of raters: by hand, in a world without groups, in one with them."""

import json

import numpy as np
import pandas as pd
import pytest

from uncertainty.analysis.questions import rater_groups, summary
from uncertainty.analysis.scores.scores import ModelItems
from uncertainty.analysis.statistics import ranking


def _world(rng, n_items=30, n_raters=24, n_inside=6, follow=0.0):
  """Binary answers by an item's share; the group's share is the model's."""
  common_N, model_N = rng.uniform(.05, .95, (2, n_items))
  inside_P = np.arange(n_raters) < n_inside
  share_NP = np.where(inside_P, follow * model_N[:, None]
                      + (1 - follow) * common_N[:, None], common_N[:, None])
  choice_NP = (rng.random((n_items, n_raters)) < share_NP).astype(int)
  item_NP, rater_NP = np.indices(choice_NP.shape)
  answers = rater_groups.Answers(
      (item_NP * 2 + choice_NP).ravel(), rater_NP.ravel(), n_items, 2,
      np.full(n_items, 2))
  shares_NC = np.stack([1 - model_N, model_N], 1)
  entropy_N = -(shares_NC * np.log2(shares_NC)).sum(1)
  return answers, entropy_N, shares_NC, inside_P, choice_NP


def _compare(world, n_draws=60, seed=0):
  answers, entropy_N, shares_NC, inside_P, _ = world
  return rater_groups.compare(
      answers, entropy_N, shares_NC, inside_P, np.arange(len(inside_P)),
      level=.95, n_draws=n_draws, seed=seed)


def test_values_are_those_of_the_group_and_of_the_rest():
  world = _world(np.random.default_rng(0))
  _, entropy_N, shares_NC, inside_P, choice_NP = world
  alignment, divergence = _compare(world)
  for place, side in ((1, inside_P), (2, ~inside_P)):
    yes_N = choice_NP[:, side].mean(1)
    people_NC = np.stack([1 - yes_N, yes_N], 1)
    bits_N = -np.where(people_NC > 0, people_NC * np.log2(
        np.where(people_NC > 0, people_NC, 1)), 0).sum(1).round(12)
    assert alignment[place] == pytest.approx(ranking.spearman(
        entropy_N[None], bits_N[None]).rho_MS[0, 0])
    assert divergence[place] == pytest.approx(
        summary.jensen_shannon(people_NC, shares_NC).mean())
  assert alignment[0] == 'alignment' and divergence[0] == 'jensen_shannon'
  assert alignment[-2:] == divergence[-2:] == (30, 6)


def test_labels_that_say_nothing_are_found_no_more_than_they_should():
  rng = np.random.default_rng(1)
  p_WX = np.array([[row[6] for row in _compare(_world(rng), 39, seed)]
                   for seed in range(120)])
  # Of 120 worlds 6 are expected at .05; 14 or more would be one in 900.
  assert ((p_WX <= .05).sum(0) <= 13).all()
  assert (p_WX.mean(0) > .4).all() and (p_WX.mean(0) < .6).all()


def test_small_groups_do_not_diverge_by_their_size_alone():
  rng = np.random.default_rng(2)
  rows = [_compare(_world(rng, n_inside=4), 39, seed)[1] for seed in range(60)]
  raw = np.mean([row[1] - row[2] for row in rows])
  beyond = [row[3] for row in rows]
  error = np.std(beyond) / np.sqrt(len(beyond))
  assert raw > .02 and abs(np.mean(beyond)) < 4 * error < raw


def test_the_group_that_the_model_follows_is_found():
  rng = np.random.default_rng(3)
  rows = [_compare(_world(rng, n_inside=12, follow=1.0), 60, seed)
          for seed in range(10)]
  assert np.mean([r[0][3] for r in rows]) > .1
  assert all(r[1][3] < 0 and r[1][6] <= .05 and r[1][5] < 0 for r in rows)


def test_too_few_raters_or_items_are_no_comparison():
  rng = np.random.default_rng(4)
  assert _compare(_world(rng, n_inside=3)) == []
  assert _compare(_world(rng, n_items=9)) == []


def test_a_group_that_never_disagrees_has_no_test_of_its_alignment():
  rng = np.random.default_rng(7)
  answers, entropy_N, shares_NC, inside_P, choice_NP = _world(rng)
  alike = rater_groups.Answers(
      np.where(inside_P[answers.raters_A], answers.cells_A // 2 * 2,
               answers.cells_A), answers.raters_A, 30, 2, answers.k_N)
  alignment, divergence = _compare(
      (alike, entropy_N, shares_NC, inside_P, choice_NP))
  assert np.isnan([alignment[1], *alignment[3:7]]).all()
  assert np.isfinite(divergence[1:7]).all()


def _table(world, groups=True):
  _, entropy_N, shares_NC, inside_P, choice_NP = world
  n = len(entropy_N)
  frame = pd.DataFrame({
      'item_id': [f'i{k}' for k in range(n)], 'n_choices': 2,
      'mc_choice_entropy': entropy_N,
      'choice_logprobs': np.log(shares_NC).tolist(),
      'human_rater_choices': choice_NP.tolist(),
      'human_rater_ids': [[f'r{p}' for p in range(len(inside_P))]] * n})
  if groups:
    frame['human_rater_groups'] = [[
        json.dumps({'side': 'in' if x else 'out'}) for x in inside_P]] * n
  nothing_MN = np.zeros((0, n))
  return ModelItems('toy', 'm', 'base', 'toy', 1.0, frame, (), nothing_MN,
                    nothing_MN, nothing_MN)


def test_the_table_has_a_row_a_group_and_statistic():
  world = _world(np.random.default_rng(5))
  found = rater_groups.rater_groups(
      [_table(world)], level=.95, n_draws=30, seed=0)
  assert list(found) == list(rater_groups.COLUMNS)
  assert found[['grouping', 'rater_group', 'statistic']].agg(
      ' '.join, axis=1).tolist() == [
          'side in alignment', 'side in jensen_shannon',
          'side out alignment', 'side out jensen_shannon']
  alignment, divergence = _compare(world, 30)
  assert found['value'][0] == pytest.approx(alignment[1])
  assert found['rest'][1] == pytest.approx(divergence[2])
  assert (found['n_raters'] == [6, 6, 18, 18]).all()
  assert (found['p_bh'] >= found['p_value']).all()


def test_without_groups_it_is_empty():
  world = _world(np.random.default_rng(6))
  found = rater_groups.rater_groups(
      [_table(world, groups=False)], level=.95, n_draws=9, seed=0)
  assert list(found) == list(rater_groups.COLUMNS) and not len(found)
