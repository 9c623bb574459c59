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
  assert len(pairs.pairs(models)) == 15
  assert len({pairs.family(m) for m in models}) == 6
  measures = {row.column for row in found.rows}
  assert len(measures) == 17 and 'mc_choice_entropy' in measures
  assert not np.isnan(found.values_MN).any()
  for row, values in zip(found.rows, found.values_MN, strict=True):
    low, high = row.measure.range
    assert low <= values.min() and values.max() <= high, row.column


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
