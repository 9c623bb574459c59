"""Response time as information: Hick's law and its rivals.

Hick (1952): time = a + b·H, H the entropy of the choice in bits. Each rival
replaces H; all are ordinary least squares on the same items of one data set
and time, compared by AIC, BIC and error on held-out items.
"""

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from uncertainty.analysis.calibration.confidence_maps import item_folds
from uncertainty.analysis.scores.scores import PRIMARY, ModelItems
from uncertainty.analysis.statistics.least_squares import (
  held_out_r2,
  least_squares,
)
from uncertainty.results import columns, derived

TIMES = (columns.HUMAN_MC_RT_COMBINED, columns.HUMAN_MC_RT_CORRECT,
         columns.HUMAN_FR_RT_ANSWERED, columns.HUMAN_FR_RT_CORRECT)
_LEAST = 30  # items
_MOST_MISSING = 0.1  # share of items; a model that lacks more is left out


@dataclasses.dataclass(frozen=True)
class Predictors:
  """What times are explained by, over items.

  Attributes:
    h_N: people's entropy in bits.
    m_N: the model's, of its choice.
    d_N: share of people who were wrong.
    k_N: ln of the number of choices.
  """

  h_N: np.ndarray
  m_N: np.ndarray
  d_N: np.ndarray
  k_N: np.ndarray

  def at(self, items_N: np.ndarray) -> 'Predictors':
    """The predictors of some items.

    Args:
      items_N: mask or indices of items.

    Returns:
      Predictors over these.
    """
    return Predictors(self.h_N[items_N], self.m_N[items_N], self.d_N[items_N],
                      self.k_N[items_N])


# The first is the null.
FORMS: dict[str, Callable[[Predictors], list[np.ndarray]]] = {
    'a': lambda x: [],
    'a + b·H(people)': lambda x: [x.h_N],
    'a + b·H(people) + c·H(people)²': lambda x: [x.h_N, x.h_N**2],
    'a + b·2^H(people)': lambda x: [2**x.h_N],
    'a + b·error rate': lambda x: [x.d_N],
    'a + b·H(people) + c·error rate': lambda x: [x.h_N, x.d_N],
    'a + b·ln K': lambda x: [x.k_N],
    'a + b·H(model)': lambda x: [x.m_N],
    'a + b·2^H(model)': lambda x: [2**x.m_N],
    'a + b·H(people) + c·H(model)': lambda x: [x.h_N, x.m_N],
}
_OF_MODEL = 'H(model)'
_LN_K = 'a + b·ln K'


def hick(tables: list[ModelItems], seed: int = 0) -> pd.DataFrame:
  """Every form for every response time; forms without a model only once.

  All forms of a data set and time are fitted to the items that people and
  every model know, as an AIC compares only fits to the same items. Models
  that lack more than a tenth of people's items are left out.

  Args:
    tables: models with their measures.
    seed: of the folds.

  Returns:
    dataset, model ('people' for forms without a model), time (results
    column), scale (ms | ln ms), form, a, b, b_se, b_p, c (NaN if absent), r2,
    aic, bic, delta_aic (from the best form of the same model, time and scale),
    cv_r2 (1 − error / error of the mean, 10 folds), n, c_p. No row for ln K
    where all items have one K.

  Source: Hick 1952.
  """
  rows = []
  for dataset in dict.fromkeys(t.dataset for t in tables):
    models = [t for t in tables if t.dataset == dataset
              and {columns.HUMAN_ENTROPY, columns.N_CHOICES} <= set(t.frame)]
    for time in TIMES:
      rows += _of_time([t for t in models if time in t.frame], time, seed)
  found = pd.DataFrame(rows, columns=[
      columns.DATASET, columns.MODEL, derived.TIME, derived.SCALE, columns.FORM,
      derived.A, derived.B, derived.B_SE, derived.B_P, derived.C, derived.C_P,
      derived.R2, derived.AIC, derived.BIC, derived.CV_R2, columns.N])
  found[derived.DELTA_AIC] = found[derived.AIC] - (
      _best_aic(found) if len(found) else 0.0)
  return found


def _of_time(
    tables: Sequence[ModelItems], time: str, seed: int) -> list[tuple]:
  """Rows of one data set and response time."""
  if not tables:
    return []
  read = [_predictors(table) for table in tables]
  times = [table.frame[time].to_numpy(float) for table in tables]
  people_TN = np.stack([
      np.isfinite(y + x.h_N + x.d_N + x.k_N) & (y > 0)
      for x, y in zip(read, times, strict=True)])
  known_TN = people_TN & np.stack([np.isfinite(x.m_N) for x in read])
  wanted = (1 - _MOST_MISSING) * people_TN.any(0).sum()
  used = [i for i, known in enumerate(known_TN)
          if known.sum() >= max(wanted, _LEAST)]
  items_N = np.all(known_TN[used], axis=0)
  if not used or items_N.sum() < _LEAST:
    return []
  rows = []
  for i in used:
    y = times[i][items_N]
    for scale, values in (('ms', y), ('ln ms', np.log(y))):
      rows += _fits(tables[i], time, scale, values, read[i].at(items_N),
                    i == used[0], seed)
  return rows


def _predictors(table: ModelItems) -> Predictors:
  frame = table.frame
  missing = np.full(len(frame), np.nan)
  k_N = np.log(frame[columns.N_CHOICES].to_numpy(float))
  bits_N = k_N / np.log(2)
  model_N = (table.values_MN[table.measures.index(PRIMARY)] * bits_N
             if PRIMARY in table.measures else missing)
  wrong_N = (1 - frame[columns.HUMAN_MC_PROP_CORRECT].to_numpy(float)
             if columns.HUMAN_MC_PROP_CORRECT in frame else missing)
  people_N = frame[columns.HUMAN_ENTROPY].to_numpy(float) * bits_N
  return Predictors(people_N, model_N, wrong_N, k_N)


def _best_aic(found: pd.DataFrame) -> pd.Series:
  """The best AIC among a row's rivals: its model's forms and the people's."""
  shared = found[found[columns.MODEL] == 'people'].groupby(
      [columns.DATASET, derived.TIME, derived.SCALE])[derived.AIC].min()
  own = found.groupby(
      [columns.DATASET, derived.TIME, derived.SCALE, columns.MODEL])[
          derived.AIC].transform('min')
  theirs = pd.Series([
      shared[key] for key in zip(
          found[columns.DATASET], found[derived.TIME], found[derived.SCALE])],
      found.index)
  return pd.Series(np.minimum(own, theirs), found.index)


def _fits(table, time, scale, y, given, with_people, seed):
  rows = []
  folds = item_folds(len(y), 10, seed=seed)
  for form, predictors in FORMS.items():
    of_model = _OF_MODEL in form
    if not (of_model or with_people):
      continue
    if form == _LN_K and np.ptp(given.k_N) == 0:
      continue
    design = np.stack([np.ones(len(y)), *predictors(given)], 1)
    fit = least_squares(design, y)
    b, b_se, b_p, c, c_p = (np.nan,) * 5
    if design.shape[1] > 1:
      b, b_se, b_p = (fit[k][1] for k in ('beta', 'se', 'p'))
    if design.shape[1] > 2:
      c, c_p = fit['beta'][2], fit['p'][2]
    rows.append((
        table.dataset, table.model if of_model else 'people', time, scale,
        form, fit['beta'][0], b, b_se, b_p, c, c_p, fit['r2'], fit['aic'],
        fit['bic'], held_out_r2(design, y, folds), len(y)))
  return rows
