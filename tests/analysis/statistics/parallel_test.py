"""Slices of rows on all cores."""

import numpy as np
import pytest
import threadpoolctl

from uncertainty.analysis.statistics import parallel


@pytest.mark.parametrize('n_rows', [0, 1, 4, 5])
def test_every_row_is_worked_on_once(n_rows):
  seen_N = np.zeros(n_rows, int)
  sizes = []

  def task(rows):
    seen_N[rows] += 1
    sizes.append(rows.stop - rows.start)

  parallel.in_parallel(task, n_rows, chunk=2)
  assert (seen_N == 1).all()
  assert sorted(sizes) == sorted([2] * (n_rows // 2) + [1] * (n_rows % 2))


def test_errors_of_threads_are_raised():
  def task(rows):
    if rows.start == 2:
      raise ValueError('row 2')

  with pytest.raises(ValueError, match='row 2'):
    parallel.in_parallel(task, 6, chunk=2)


def test_each_thread_has_one_of_blas():
  found = []

  def task(rows):
    del rows
    found.extend(x['num_threads'] for x in threadpoolctl.threadpool_info()
                 if x['user_api'] == 'blas')

  # Else an environment that allows one thread would hide it.
  with threadpoolctl.threadpool_limits(2, user_api='blas'):
    parallel.in_parallel(task, 1)
  assert found and set(found) == {1}


@pytest.mark.parametrize('wanted', [[], [3], [2, 0, 1]])
def test_what_is_made_ahead_comes_in_order(wanted):
  assert list(parallel.ahead(lambda x: 10 * x, wanted)) == [
      10 * x for x in wanted]


def test_errors_of_what_is_made_ahead_are_raised():
  made = parallel.ahead(lambda x: 1 // x, [1, 0])
  assert next(made) == 1
  with pytest.raises(ZeroDivisionError):
    next(made)


def test_each_keeps_the_order():
  assert parallel.each(lambda x: 10 * x, [2, 0, 1]) == [20, 0, 10]
