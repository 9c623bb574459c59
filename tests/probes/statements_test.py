"""Which statements train, which test, and which may choose a layer."""

import numpy as np
import pandas as pd
import pytest

from uncertainty.probes import statements
from uncertainty.types import UserError


def _frame(topics=('cities', 'facts', 'inventors'), n_rows=16):
  return pd.DataFrame([
      {'item_id': f'truth-{"neg_" * negated}{topic}-{row:04d}',
       'answer': float((row % 2 == 0) == negated)}
      for topic in topics for negated in (False, True)
      for row in range(n_rows)])


def test_training_sets_are_balanced_and_hold_pairs():
  frame = _frame()
  frame = frame[~frame['item_id'].isin(['truth-facts-0003'])]
  known = statements.parse(frame.reset_index(drop=True))
  names, split = statements.splits(known, np.random.default_rng(0))
  train = split.train(names.index('cities'))
  _, counts = np.unique(known.source_N[train], return_counts=True)
  assert set(counts) == {15}  # the size of the smallest source
  partner = known.partner_N[train]
  assert np.isin(partner[partner >= 0], train).all()
  assert (partner >= 0).sum() == 30


def test_truth_needs_its_own_items():
  with pytest.raises(UserError, match='configs/truth'):
    statements.parse(pd.DataFrame({'item_id': ['coane-1'], 'answer': [0.]}))


@pytest.mark.parametrize('topics', [
    ('a', 'b', 'c', 'd'), ('a', 'b', 'c'), ('a', 'b')])
def test_choices_see_neither_the_left_out_nor_the_tested_statements(topics):
  known = statements.parse(_frame(topics))
  split, comparisons = statements.nested_splits(
      known, np.random.default_rng(0))
  for one in comparisons:
    train = split.train(one.fold)
    assert one.left_out not in set(known.topic_N[train])
    assert one.left_out not in set(known.topic_N[one.tested_N])
    assert np.isin(one.tested_N, split.test(one.fold)).all()
    seen = set(zip(known.topic_N[train], known.row_N[train]))
    tested = set(zip(known.topic_N[one.tested_N], known.row_N[one.tested_N]))
    assert not seen & tested
    if len(topics) > 2:
      assert not (set(known.topic_N[train])
                  & set(known.topic_N[one.tested_N]))
  for left_out in topics:
    tested = np.concatenate([
        one.tested_N for one in comparisons if one.left_out == left_out])
    # Every statement of the other topics, once.
    np.testing.assert_array_equal(
        np.sort(tested), np.flatnonzero(known.topic_N != left_out))
