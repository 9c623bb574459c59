"""The task `samples`: words and meaning, by hand."""

import math

import numpy as np
import pytest

from uncertainty import inference
from uncertainty.inference.tasks import samples
from uncertainty.specs import FreeSpec, StudySpec
from uncertainty.types import UserError


def test_sample_columns_by_hand(tiny, asked):
  drawn = [asked.generation(tiny, t)
           for t in ('Adam}', 'adam}', 'Eve}', 'E}')]
  entails = np.asarray([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 1]])
  row = samples.columns(
      asked.ITEMS[0], ['Adam', 'adam', 'Eve', 'E'], drawn, entails, 0,
      'words', FreeSpec(n_samples=4))
  assert row['sample_modal_share'] == .5 and row['sample_n_distinct'] == 3
  assert (row['sample_answer'], row['sample_correct']) == ('Adam', 1.)
  # Each sample's mean ln p is −1: two clusters weigh alike.
  assert row['semantic_entropy'] == pytest.approx(math.log(2), abs=1e-9)
  assert row['semantic_entropy_discrete'] == pytest.approx(math.log(2))
  w = np.exp([-5., -5., -4., -2.])
  p = np.asarray([w[:2].sum(), w[2:].sum()]) / w.sum()
  assert row['semantic_entropy_sequence'] == pytest.approx(
      -np.sum(p * np.log(p)), abs=1e-9)
  assert row['semantic_n_clusters'] == 2 and row['semantic_reason'] == ''
  assert row['semantic_variant'] == (
      'words; bidirectional; n=4, temperature=1.0, top_p=1.0, top_k=0; '
      'correction=none')


def test_samples_need_chance(answering, asked):
  for free in (FreeSpec(n_samples=1), FreeSpec(temperature=0.0)):
    with pytest.raises(UserError, match='n_samples >= 2'):
      next(inference.TASKS['samples'](
          answering, asked.ITEMS,
          StudySpec(data=asked.SPEC.data, free=free), seed=0))
  with pytest.raises(UserError, match='semantic_correction'):
    next(inference.TASKS['samples'](
        answering, asked.ITEMS, StudySpec(data=asked.SPEC.data, free=FreeSpec(
            semantic_correction='x')), seed=0))
