"""Simulated studies: their schema and their seed."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from uncertainty.analysis.scores import pairs, stack
from uncertainty.worlds import generator


@pytest.fixture(scope='module')
def published_like() -> generator.Study:
  return generator.simulate(generator.World(), seed=3)


def test_a_study_has_the_shape_of_the_published_one(published_like):
  [found] = stack.stack_results(published_like.frames)
  models = list(found.models)
  assert len(models) == 30 and len(found.item_ids) == 421
  assert len(pairs.BY_NAME.pairs(models)) == 15
  assert len({pairs.family(m) for m in models}) == 6
  measures = {row.column for row in found.rows}
  assert len(measures) == 17 and 'mc_choice_entropy' in measures
  assert not np.isnan(found.values_MN).any()
  for row, values in zip(found.rows, found.values_MN, strict=True):
    low, high = row.measure.range
    assert low <= values.min() and values.max() <= high, row.column


def test_results_say_where_their_models_come_from(published_like):
  frames = {m: frame for (_, m), frame in published_like.frames.items()}
  origins = pairs.origins(frames)
  assert None not in origins.bases.values()
  assert origins.pairs(list(frames)) == pairs.BY_NAME.pairs(list(frames))
  for model, frame in frames.items():
    assert pairs.said(frame, 'family') == pairs.family(model)
    assert pairs.said(frame, 'size') == pairs.size(model)


def test_equal_seeds_give_equal_studies(published_like):
  again = generator.simulate(generator.World(), seed=3)
  other = generator.simulate(generator.World(), seed=4)
  key = next(iter(again.frames))
  pd.testing.assert_frame_equal(again.frames[key], published_like.frames[key])
  assert not again.frames[key]['correct'].equals(other.frames[key]['correct'])


def test_shares_are_rounded_answers_of_the_raters():
  world = generator.World(n_raters=7, decimals=2, families=(1,))
  frame = next(iter(generator.simulate(world, seed=0).frames.values()))
  counts = np.stack(list(frame['human_shares'])) * 7
  assert np.abs(counts - counts.round()).max() < 0.05
  assert frame['human_entropy'].nunique() < 30  # ties
  hidden = dataclasses.replace(world, counts_published=False)
  frame = next(iter(generator.simulate(hidden, seed=0).frames.values()))
  assert frame['human_count'].isna().all()


def test_copies_of_a_question_get_the_same_answers():
  world = generator.World(
      n_items=40, cluster_size=4, cluster_share=1.0, families=(1,))
  frame = next(iter(generator.simulate(world, seed=0).frames.values()))
  for column in ('human_entropy', 'mc_choice_entropy'):
    assert (frame.groupby('cluster')[column].nunique() == 1).all()


def test_own_tunings_say_what_they_were_tuned_from():
  world = generator.World(n_items=50, families=(1, 1), seeds=2)
  study = generator.simulate(world, seed=0, all_measures=False)
  base, *tuned = study.models.names[:3]
  assert study.models.tuned_M.tolist() == [False, True, True] * 2
  for name, origin, recipe in (
      (base, '', ''), *((name, base, 'tuned') for name in tuned)):
    frame = study.frames['world', name]
    assert set(frame['tuned_from']) == {origin}
    assert set(frame['tuning_recipe']) == {recipe}
    agrees = [np.argmax(shares) == choice for shares, choice in zip(
        frame['human_shares'], frame['prediction'])]
    assert frame['agrees'].tolist() == agrees
  assert pairs.BY_NAME.pairs(study.models.names) == []


def test_seeds_of_a_tuning_differ_about_what_it_changes():
  world = generator.World(
      families=(1,) * 20, seeds=50, alignment=generator.Effects(
          0.2, tuning=0.1, tuning_seed=0.05))
  models = generator.draw_models(world, np.random.default_rng(0))
  changes_M = models.alignment_M[models.tuned_M] - 0.2
  assert (models.alignment_M[~models.tuned_M] == 0.2).all()
  assert changes_M.mean() == pytest.approx(0.1, abs=0.005)
  assert changes_M.std() == pytest.approx(0.05, abs=0.005)
