"""Simulated studies: their schema, their seed, and their truth."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from uncertainty.analysis.scores import pairs, stack
from uncertainty.worlds import generator, truth

_LARGE = generator.World(
    n_items=20_000, families=(1, 1), alignment=generator.Effects(0.4),
    gap=generator.Effects(0.1))


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


def test_truth_is_what_a_large_study_finds():
  study = generator.simulate(_LARGE, seed=5)
  known = truth.of_models(_LARGE, study.models)
  for m, frame in enumerate(study.frames.values()):
    entropy, correct = frame['mc_choice_entropy'], frame['correct']
    found = scipy.stats.spearmanr(entropy, frame['human_entropy']).statistic
    assert found == pytest.approx(known.rho_M[m], abs=0.02)
    gap = np.exp(frame['mc_choice_logprob']) - correct
    assert gap.mean() == pytest.approx(known.gap_M[m], abs=0.015)
    right, wrong = entropy[correct == 1], entropy[correct == 0]
    auroc = scipy.stats.mannwhitneyu(wrong, right).statistic / (
        len(right) * len(wrong))
    assert auroc == pytest.approx(known.auroc_M[m], abs=0.02)
    assert correct.mean() == pytest.approx(known.accuracy_M[m], abs=0.015)
    sorted_right = correct.to_numpy()[np.argsort(entropy.to_numpy())]
    fifths = sorted_right[:4000].mean() - sorted_right[-4000:].mean()
    assert fifths == pytest.approx(known.fifths_M[m], abs=0.03)


def test_tuning_effects_are_zero_without_tuning_and_the_mean_with():
  null = generator.World(
      alignment=generator.Effects(0.3, 0.1, tuning_family=0.1))
  found = truth.tuning_effects(null)
  assert found['alignment'] == pytest.approx(0, abs=0.003)
  assert found['calibration'] == 0
  assert found['accuracy'] == pytest.approx(0, abs=0.003)
  effect = dataclasses.replace(null, gap=generator.Effects(0.1, tuning=0.05))
  found = truth.tuning_effects(effect)
  assert found['calibration'] == pytest.approx(0.15 ** 2 - 0.1 ** 2)
  assert found['accuracy'] == pytest.approx(-0.05, abs=0.003)
