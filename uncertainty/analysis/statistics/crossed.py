"""Co-occurrence of two flags over cells whose rows and columns are units.

Cells of one family of models are alike, and so are cells of one kind of
measure: n cells are not n observations, and chance is what cells of another
family and another kind have together.
"""

import dataclasses
from collections.abc import Iterator

import numpy as np
from scipy import special

from uncertainty.analysis.statistics import resampling

_BLOCK = 4_000_000  # cells of permutations in memory


@dataclasses.dataclass(frozen=True)
class Excess:
  """Co-occurrence beyond chance.

  Attributes:
    value: share of cells that are both, less chance; unbiased.
    se: its standard error, over rows and columns.
    low: lower end of the interval for rows and columns like these.
    high: its upper end.
    p_value: two-sided, of a value of 0; NaN, like the interval, where the
      flags do not vary.
  """

  value: float
  se: float
  low: float
  high: float
  p_value: float


def excess(
    both_FG: np.ndarray, first_FG: np.ndarray, second_FG: np.ndarray,
    level: float, *, n_draws: int, seed: int) -> Excess:
  """How often two flags hold together, beyond rows and columns at random.

  With a, b the shares of two flags in the cells of an F × G table and c that
  of both,

    δ = mean c_fg − mean over f ≠ f', g ≠ g' of a_fg b_f'g' ,

  which is unbiased for P(both) − P(first) P(second) over new rows and
  columns. Its variance is that of the cells'

    D_fg = c_fg − a_fg b̄_(−f,−g) − b_fg ā_(−f,−g)

  in two-way analysis: max(V_F + V_G − V_FG, V_F, V_G) of the mean squares over
  FG. D counts products of deviations twice, which makes it too large by about
  1/F + 1/G; a small excess comes with a small error, for which that makes up.
  The interval is t with max(F, G) − 1 degrees of freedom. The p-value is the
  larger of that t test's and that of permuting whole rows and columns of b.

  Args:
    both_FG: shares of both flags.
    first_FG: shares of the first.
    second_FG: shares of the second.
    level: nominal coverage.
    n_draws: permutations.
    seed: of these.

  Returns:
    The excess with its interval and p.

  Raises:
    ValueError: fewer than two rows or columns, or missing cells.

  Source: Hubert & Schultz 1976; Krackhardt 1988 (quadratic assignment);
  Owen 2007, The pigeonhole bootstrap (two-way variances).
  """
  n_rows, n_columns = both_FG.shape
  if min(n_rows, n_columns) < 2:
    raise ValueError('co-occurrence needs two rows and two columns')
  if not np.isfinite(both_FG + first_FG + second_FG).all():
    raise ValueError('co-occurrence needs every cell')
  elsewhere_first, elsewhere_second = map(_elsewhere, (first_FG, second_FG))
  value = float(both_FG.mean() - (first_FG * elsewhere_second).mean())
  parts = both_FG - first_FG * elsewhere_second - second_FG * elsewhere_first
  variance = _two_way_variance(parts)
  p_moved = _permutation_p(first_FG, second_FG, n_draws, seed)
  if not variance > 0 or np.isnan(p_moved):
    return Excess(value, np.nan, np.nan, np.nan, np.nan)
  se, freedom = float(np.sqrt(variance)), max(n_rows, n_columns) - 1
  reach = float(special.stdtrit(freedom, (1 + level) / 2)) * se
  p_t = float(2 * special.stdtr(freedom, -abs(value) / se))
  return Excess(value, se, value - reach, value + reach, max(p_moved, p_t))


def _elsewhere(values_FG: np.ndarray) -> np.ndarray:
  """[F, G] mean over the cells of other rows and other columns."""
  n_rows, n_columns = values_FG.shape
  return (values_FG.sum() - values_FG.sum(1, keepdims=True)
          - values_FG.sum(0, keepdims=True) + values_FG) / (
              (n_rows - 1) * (n_columns - 1))


def _two_way_variance(values_FG: np.ndarray) -> float:
  """Variance of the mean of cells with effects of rows and columns."""
  n_rows, n_columns = values_FG.shape
  mean = values_FG.mean()
  row_F1 = values_FG.mean(1, keepdims=True) - mean
  column_1G = values_FG.mean(0, keepdims=True) - mean
  rest_FG = values_FG - mean - row_F1 - column_1G
  rows = (row_F1 ** 2).sum() / (n_rows * (n_rows - 1))
  columns = (column_1G ** 2).sum() / (n_columns * (n_columns - 1))
  cells = (rest_FG ** 2).sum() / (
      n_rows * n_columns * (n_rows - 1) * (n_columns - 1))
  return float(max(rows + columns - cells, rows, columns))


def _permutation_p(
    first_FG: np.ndarray, second_FG: np.ndarray, n_draws: int, seed: int
) -> float:
  """Two-sided; NaN where nothing changes with the places."""
  null = np.concatenate([
      (moved * first_FG).mean((1, 2))
      for moved in _moved(second_FG, n_draws, np.random.default_rng(seed))])
  if not np.ptp(null) > 1e-12:
    return np.nan
  # Over all permutations the mean of the products is that of the means.
  centre = float(first_FG.mean() * second_FG.mean())
  seen = float((first_FG * second_FG).mean())
  return float(resampling.permutation_p(
      np.array([seen - centre]), (null - centre)[None])[0])


def _moved(
    values_FG: np.ndarray, n_draws: int, rng: np.random.Generator
) -> Iterator[np.ndarray]:
  """Blocks of [R, F, G] with whole rows and whole columns moved."""
  step = max(1, _BLOCK // values_FG.size)
  for start in range(0, n_draws, step):
    size = min(step, n_draws - start)
    rows, columns = (np.argsort(rng.random((size, n)), 1)
                     for n in values_FG.shape)
    yield values_FG[rows[:, :, None], columns[:, None, :]]
