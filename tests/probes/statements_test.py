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


@pytest.mark.parametrize('missing', [
    'truth-facts-0003', 'truth-neg_facts-0003'])
def test_training_sets_are_balanced_and_hold_pairs(missing):
  frame = _frame()
  frame = frame[frame['item_id'] != missing]
  known = statements.parse(frame.reset_index(drop=True))
  names, split = statements.splits(known, np.random.default_rng(0))
  train = split.train(names.index('cities'))
  _, counts = np.unique(known.source_N[train], return_counts=True)
  assert set(counts) == {15}  # the size of the smallest source
  partner = known.partner_N[train]
  assert np.isin(partner[partner >= 0], train).all()
  assert (partner >= 0).sum() == 30


def test_a_topic_without_negations_trains_by_what_it_has():
  frame = _frame(n_rows=4)
  frame = frame[~frame['item_id'].str.contains('neg_facts')]
  known = statements.parse(frame.reset_index(drop=True))
  names, split = statements.splits(known, np.random.default_rng(0))
  train = split.train(names.index('cities'))
  assert sorted(known.topic_N[train]) == ['facts'] * 4 + ['inventors'] * 8


def test_truth_needs_its_own_items():
  with pytest.raises(UserError, match='configs/truth'):
    statements.parse(pd.DataFrame({'item_id': ['coane-1'], 'answer': [0.]}))


def test_topics_come_once_and_those_before_train():
  known = statements.parse(_frame(('a', 'b', 'c', 'd')))
  tests, folds = statements.forward_splits(known, np.random.default_rng(3))
  seen = set('abcd') - set(tests)
  assert len(seen) == 1 and len(tests) == folds.n_folds == 3
  for f, topic in enumerate(tests):
    assert set(known.topic_N[folds.train(f)]) == seen
    assert set(known.topic_N[folds.test(f)]) == {topic}
    assert len(folds.test(f)) == 32
    seen.add(topic)
  orders = {tuple(statements.forward_splits(
      known, np.random.default_rng(s))[0]) for s in range(9)}
  assert len(orders) > 3


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


def test_ids_tell_topic_polarity_language_and_row():
  known = statements.parse(pd.DataFrame({
      'item_id': ['truth-cities-0007', 'truth-neg_cities-0007',
                  'truth-animal_class_de-0012', 'truth-neg_facts-0003'],
      'answer': [0.0, 1.0, 1.0, 0.0]}))
  assert known.label_N.tolist() == [1, 0, 0, 1]
  assert known.topic_N.tolist() == [
      'cities', 'cities', 'animal_class', 'facts']
  assert known.polarity_N.tolist() == [1, -1, 1, -1]
  assert known.language_N.tolist() == ['en', 'en', 'de', 'en']
  assert known.row_N.tolist() == [7, 7, 12, 3]
  assert known.partner_N.tolist() == [1, -1, -1, -1]
  assert len(set(known.source_N)) == 4


def test_german_statements_are_tested_by_all_english_topics():
  english = _frame(('a', 'b'), 4)
  german = english[:4].assign(item_id=[
      f'truth-c_de-{row:04d}' for row in range(4)])
  known = statements.parse(pd.concat([german, english], ignore_index=True))
  names, split = statements.splits(known, np.random.default_rng(0))
  assert names == ['a', 'b', statements.GERMAN]
  np.testing.assert_array_equal(split.test(2), range(4))
  np.testing.assert_array_equal(np.sort(split.train(2)), range(4, 20))
  for fold in (0, 1):
    assert (known.language_N[split.train(fold)] == 'en').all()
    np.testing.assert_array_equal(
        split.test(fold), np.flatnonzero(known.topic_N == names[fold]))


def test_two_topics_are_cut_into_halves_of_whole_pairs():
  known = statements.parse(_frame(('a', 'b'), 6))
  split, comparisons = statements.nested_splits(
      known, np.random.default_rng(0))
  assert [c.left_out for c in comparisons] == ['a', 'a', 'b', 'b']
  assert [len(c.tested_N) for c in comparisons] == [6] * 4
  assert [len(split.train(f)) for f in range(4)] == [6] * 4


def test_labels_and_two_topics_are_asked_for():
  with pytest.raises(UserError, match='no label'):
    statements.parse(_frame().assign(answer=np.nan))
  one = statements.parse(_frame(('a',)))
  with pytest.raises(UserError, match='two English topics'):
    statements.splits(one, np.random.default_rng(0))
