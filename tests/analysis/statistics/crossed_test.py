"""Co-occurrence over cells of families and kinds."""

import itertools

import numpy as np
import pytest
import scipy.stats

from uncertainty.analysis.statistics import crossed

_OPTIONS = {'n_draws': 500, 'seed': 0}


def _flags(rng, shape, together):
  """Flags with effects of rows and columns, whose latents correlate."""
  def latents(size):
    a, b = rng.normal(size=(2, *size))
    return a, together * a + np.sqrt(1 - together ** 2) * b
  row, column, cell = (
      latents(s) for s in ((shape[0], 1), (1, shape[1]), shape))
  return tuple(0.7 * row[i] + 0.7 * column[i] + 0.5 * cell[i] > 0
               for i in (0, 1))


def test_chance_is_the_mean_over_cells_that_share_neither():
  rng = np.random.default_rng(0)
  a, b = rng.random((2, 4, 3))
  places = list(itertools.product(range(4), range(3)))
  chance = np.mean([a[f, g] * b[i, j] for f, g in places for i, j in places
                    if f != i and g != j])
  found = crossed.excess(a * b, a, b, .95, **_OPTIONS)
  assert found.value == pytest.approx((a * b).mean() - chance)


def test_rows_and_columns_may_change_places():
  a, b = _flags(np.random.default_rng(1), (6, 5), .5)
  order = np.random.default_rng(2).permutation(6)
  first, moved = (crossed.excess(x & y, x, y, .95, **_OPTIONS)
                  for x, y in ((a, b), (a[order], b[order])))
  for name in ('value', 'se', 'low', 'high'):
    assert getattr(moved, name) == pytest.approx(getattr(first, name))


def test_flags_that_do_not_vary_have_no_test():
  a = np.ones((6, 5))
  found = crossed.excess(a, a, a, .95, **_OPTIONS)
  assert found.value == pytest.approx(0)
  assert np.isnan([found.se, found.low, found.high, found.p_value]).all()


def test_p_is_no_smaller_than_by_moving_whole_families_and_kinds():
  """Student's t alone rejects; most orders of rows and columns go as far."""
  first = np.array([[0, 0, 0], [1, 0, 1], [0, 1, 0], [0, 0, 1]], bool)
  second = np.array([[0, 0, 1], [1, 1, 0], [0, 1, 0], [1, 0, 1]], bool)
  n_draws = 4000
  found = crossed.excess(
      first & second, first, second, .95, n_draws=n_draws, seed=0)
  by_t = 2 * scipy.stats.t.sf(abs(found.value) / found.se, 4 - 1)
  # All 4! 3! orders: the excess of products over their mean, either way.
  beyond = np.array([
      (first & second[np.ix_(rows, kinds)]).mean()
      for rows in itertools.permutations(range(4))
      for kinds in itertools.permutations(range(3))]) - (
          first.mean() * second.mean())
  seen = (first & second).mean() - first.mean() * second.mean()
  exact = np.mean(np.abs(beyond) > abs(seen) - 1e-9)
  assert by_t < .05 < exact
  error = np.sqrt(exact * (1 - exact) / n_draws)
  assert found.p_value == pytest.approx(exact, abs=4 * error + 1 / n_draws)


def test_one_row_or_missing_cells_are_refused():
  with pytest.raises(ValueError, match='two rows'):
    crossed.excess(*np.ones((3, 1, 4)), .95, **_OPTIONS)
  with pytest.raises(ValueError, match='every cell'):
    crossed.excess(*np.full((3, 3, 4), np.nan), .95, **_OPTIONS)


@pytest.mark.parametrize('together', [0.0, 0.8])
def test_intervals_hold_the_truth_where_shuffled_cells_reject(together):
  """arcsin(ρ)/2π is P(both) − P P of two normals' signs, correlated by ρ."""
  true = np.arcsin(together) / (2 * np.pi)
  rng = np.random.default_rng(3)
  values, covered, rejected, naive = [], [], [], []
  for _ in range(200):
    a, b = _flags(rng, (8, 6), together)
    found = crossed.excess(a & b, a, b, .95, n_draws=200, seed=0)
    if np.isnan(found.p_value):
      continue
    values.append(found.value)
    covered.append(found.low <= true <= found.high)
    rejected.append(found.p_value < .05)
    r = np.corrcoef(a.ravel(), b.ravel())[0, 1]
    naive.append(abs(r) > 1.96 / np.sqrt(a.size))
  assert np.mean(values) == pytest.approx(true, abs=.01)
  assert .91 <= np.mean(covered) <= .99
  if not together:
    assert np.mean(rejected) <= .08
    assert np.mean(naive) > .1
