"""Intervals and tests of a score's mean over folds or left-out topics."""

import dataclasses

import numpy as np
from scipy import special


@dataclasses.dataclass(frozen=True)
class MeanTest:
  """A mean over folds or topics, with Student's interval and test.

  Attributes:
    low, high: of the 95 % interval, [...].
    p_value: two-sided, of the mean's being the null's value, [...].
  """

  low: np.ndarray
  high: np.ndarray
  p_value: np.ndarray


def mean_test(values_XF: np.ndarray, *, null: float = 0.0,
              shared: bool = True, level: float = 0.95) -> MeanTest:
  """Interval and test of a mean over F folds, or left-out topics.

  mean ± t(F − 1) s √(1/F + 1/(F − 1)). The second term is test over training
  size: any two folds share training items (or topics), so that their scores
  are not independent.

  Args:
    values_XF: scores or differences, folds last.
    null: the value that is tested.
    shared: False without the second term, where one fit serves all of them.
    level: of the interval.

  Returns:
    Arrays [...]; without spread or with one fold what is undefined is NaN.

  Source:
    Nadeau & Bengio 2003, Inference for the generalization error, section 3.
  """
  values_XF = np.asarray(values_XF, np.float64)
  n_folds = values_XF.shape[-1]
  middle_X = values_XF.mean(-1)
  if n_folds < 2:
    missing_X = np.full(middle_X.shape, np.nan)
    return MeanTest(missing_X, missing_X, missing_X)
  share = 1 / n_folds + (1 / (n_folds - 1) if shared else 0.0)
  error_X = np.sqrt(values_XF.var(-1, ddof=1) * share)
  reach_X = special.stdtrit(n_folds - 1, (1 + level) / 2) * error_X
  away_X = np.abs(middle_X - null)
  t_X = np.divide(away_X, error_X, out=np.full_like(away_X, np.nan),
                  where=error_X > 0)
  return MeanTest(middle_X - reach_X, middle_X + reach_X,
                  2 * special.stdtr(n_folds - 1, -t_X))
