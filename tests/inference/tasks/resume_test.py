"""What all tasks that generate promise: a killed run ends the same."""

import numpy as np
import pytest

from uncertainty import inference


def _same(a, b):
  assert a.keys() == b.keys()
  for item_id, row in a.items():
    assert row.keys() == b[item_id].keys()
    for name, value in row.items():
      np.testing.assert_equal(value, b[item_id][name], err_msg=name)


@pytest.mark.parametrize('task', ['free', 'verbal', 'p_true', 'samples'])
def test_killed_or_reordered_tasks_end_with_the_same_table(
    answering, task, asked):
  run = inference.TASKS[task]
  whole = asked.rows(run(answering, asked.ITEMS, asked.SPEC, seed=0))
  assert whole.keys() == {i.item_id for i in asked.ITEMS}
  rest = asked.rows(run(answering, asked.ITEMS[::-1], asked.SPEC, seed=0,
                   done=frozenset({'b', 'e'})))
  _same({k: whole[k] for k in 'acd'}, rest)
