"""Transfer never tests a probe on an item that it was trained on."""

import numpy as np
import pytest

from uncertainty.probes import transfer
from uncertainty.types import UserError


def _set(seed, prefix='i', n_items=60, width=30, signal=0.0):
  generator = np.random.default_rng(seed)
  acts = generator.normal(size=(n_items, 2, width))
  target = generator.normal(size=n_items)
  acts[:, 1, 0] += signal * target
  return transfer.TransferSet(
      acts, target, np.array([f'{prefix}{k}' for k in range(n_items)]))


def test_a_second_model_on_the_same_items_gives_no_memory_away():
  one = _set(0, width=100)
  # Nearly the same activations, as of a base and an instruct model.
  other = transfer.TransferSet(one.acts_NLD + 1e-3, one.target_N, one.ids_N)
  found = transfer.transfer(one, other, penalties=(1e-3,))
  assert found.scores.r2.shape[:2] == (2, 10)
  assert found.scores.r2.mean(1).max() < 0.1
  apart = transfer.TransferSet(
      other.acts_NLD, other.target_N, np.char.add('j', other.ids_N))
  leaked = transfer.transfer(one, apart, penalties=(1e-3,))
  assert leaked.scores.r2.min() > 0.5  # what the leak would have read


def test_a_signal_carries_over_and_its_layer_is_chosen_in_training():
  table = transfer.matrix({
      'a': _set(0, 'a', signal=8.0), 'narrow': _set(2, 'c', width=3),
      'b': _set(1, 'b', signal=8.0)})
  # No other set is as narrow.
  assert len(table) == (2 * 2 + 1) * 3
  assert set(table.loc[table['train'] == 'narrow', 'test']) == {'narrow'}
  table = table.set_index(['train', 'test', 'layer']).sort_index()
  for pair in (('a', 'b'), ('b', 'a')):
    assert table.loc[(*pair, -1), 'r2'] == table.loc[(*pair, 1), 'r2'] > 0.7
    assert table.loc[(*pair, 0), 'r2'] < 0.2
  # Where neither holds it, folds choose now one layer, now the other.
  assert table.loc[('narrow', 'narrow'), 'r2'].nunique() == 3


@pytest.mark.parametrize('prefix', ['a', 'b'])
def test_the_layer_is_chosen_away_from_the_cell_it_is_shown_in(prefix):
  """The layer that is best in training means the opposite in the other set.

  By the shown cell's own error, the other layer would be taken. The sets share
  their items (ten folds) or do not (one).
  """
  sets = {'one': _set(0, 'a', signal=8.0),
          'other': _set(1, prefix, signal=-8.0)}
  for some in sets.values():
    some.acts_NLD[:, 0, 0] += 3 * some.target_N
  error = transfer.matrix(sets).set_index(['train', 'test', 'layer'])['mse']
  for pair in (('one', 'other'), ('other', 'one')):
    assert error[(*pair, 0)] < .5 < 2 < error[(*pair, 1)]
    assert error[(*pair, -1)] == error[(*pair, 1)]


@pytest.mark.parametrize('trained, tested', [(30, 20), (20, 30)])
def test_activations_of_another_shape_are_refused(trained, tested):
  says = rf'\(2, {trained}\) cannot be tested on \(2, {tested}\)'
  with pytest.raises(UserError, match=says):
    transfer.transfer(_set(0, width=trained), _set(1, 'j', width=tested))
