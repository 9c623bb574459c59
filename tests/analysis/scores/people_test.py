"""People's counts, and which entropy a data set gets."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from uncertainty import specs
from uncertainty.analysis.scores import people
from uncertainty.analysis.statistics import entropy

SPEC = specs.StudySpec()


def _frame(count):
  return pd.DataFrame({
      'item_id': ['a', 'b', 'c'], 'human_count': count,
      # As published, rounded; the third has only two choices.
      'human_shares': [[.67, .33, 0.], [.33, .33, .33], [1., 0.]],
      'human_entropy': [.58, 1., 0.]})


@pytest.mark.parametrize('shares, n', [
    ([.02, .061, 0., .92], 49), ([.5, .5], 2), ([.25, .25, .5], 4),
    ([0., 1., 0.], 0), ([.33, .67], 3)])
def test_smallest_count(shares, n):
  assert people.smallest_count(np.array(shares)) == n


def test_known_counts_come_back_whole_from_rounded_shares():
  found = people.counts(_frame(12.0))
  assert found is not None and found.published
  np.testing.assert_array_equal(
      found.counts_NC, [[8, 4, 0], [4, 4, 4], [12, 0, 0]])


def test_published_counts_correct_the_entropy_and_keep_the_stored_one():
  results = {('d', 'M'): _frame(12.0)}
  found = people.estimated(results, SPEC)['d', 'M']['human_entropy']
  np.testing.assert_allclose(found, entropy.normalised(
      np.array([[8, 4, 0], [4, 4, 4], [12, 0, 0]]), np.array([3, 3, 2]),
      SPEC.analysis.human_entropy))
  assert list(results['d', 'M']['human_entropy']) == [.58, 1., 0.]


@pytest.mark.parametrize('count', [np.nan, [12., np.nan, 12.], 0.])
def test_a_data_set_without_all_counts_stays_plain(count):
  """Also of its other models: one data set has one estimate."""
  results = {('d', 'M'): _frame(count), ('d', 'N'): _frame(12.0),
             ('other', 'M'): _frame(12.0)}
  found = people.estimated(results, SPEC)
  for key in (('d', 'M'), ('d', 'N')):
    assert list(found[key]['human_entropy']) == [.58, 1., 0.]
  assert found['other', 'M']['human_entropy'][0] != .58


def test_each_model_keeps_the_people_of_its_own_items():
  """As where a data set's models saw different items, or other people."""
  frames = {'M': _frame(12.0), 'N': _frame([12., 6., 12.]),
            'O': _frame(12.0).iloc[::-1].reset_index(drop=True),
            'P': _frame(12.0)}
  frames['P']['human_shares'] = [[.5, .5, 0.], [.33, .33, .33], [.5, .5]]
  together = people.estimated({('d', m): f for m, f in frames.items()}, SPEC)
  for model, frame in frames.items():
    alone = people.estimated({('d', model): frame}, SPEC)
    pd.testing.assert_frame_equal(
        together['d', model], alone['d', model])


def test_reproduction_and_plain_change_nothing():
  results = {('d', 'M'): _frame(12.0)}
  plain = dataclasses.replace(
      SPEC, analysis=dataclasses.replace(SPEC.analysis, human_entropy='plain'))
  for spec in (dataclasses.replace(SPEC, mode='reproduction'), plain):
    assert people.estimated(results, spec) is results


def test_any_of_the_tied_commonest_choices_agrees():
  """The paper's files counted the first of them only."""
  frame = pd.DataFrame({
      'human_shares': [[.4, .4, .2], [.4, .4, .2], [.4, .4, .2], None],
      'prediction': [0., 1., 2., 1.], 'agrees': [1., 0., 0., np.nan]})
  results = {('d', 'M'): frame}
  found = people.agreed(results, SPEC)['d', 'M']['agrees']
  np.testing.assert_array_equal(found, [1, 1, 0, np.nan])
  reproduction = dataclasses.replace(SPEC, mode='reproduction')
  assert people.agreed(results, reproduction) is results
