"""Response time as information: Hick's law and its rivals.

Hick (1952): time = a + b·H, H the entropy of the choice in bits. Each rival
replaces H; all are ordinary least squares on the same items, compared by AIC,
BIC and error on held-out items.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd

from uncertainty.analysis.calibration.confidence_maps import item_folds
from uncertainty.analysis.scores.scores import PRIMARY, ModelItems
from uncertainty.analysis.statistics.least_squares import (
  held_out_r2,
  least_squares,
)

TIMES = ('human_mc_rt_combined', 'human_mc_rt_correct',
         'human_fr_rt_answered', 'human_fr_rt_correct')
# Predictors from h (people's entropy in bits), m (the model's in bits),
# d (share of people who were wrong). The first is the null.
FORMS: dict[str, Callable[[np.ndarray, np.ndarray, np.ndarray], list]] = {
    'a': lambda h, m, d: [],
    'a + b·H(people)': lambda h, m, d: [h],
    'a + b·H(people) + c·H(people)²': lambda h, m, d: [h, h**2],
    'a + b·2^H(people)': lambda h, m, d: [2**h],
    'a + b·error rate': lambda h, m, d: [d],
    'a + b·H(people) + c·error rate': lambda h, m, d: [h, d],
    'a + b·H(model)': lambda h, m, d: [m],
    'a + b·2^H(model)': lambda h, m, d: [2**m],
    'a + b·H(people) + c·H(model)': lambda h, m, d: [h, m],
}
_OF_MODEL = 'H(model)'


def hick(tables: list[ModelItems], seed: int = 0) -> pd.DataFrame:
  """Every form for every response time; forms without a model only once.

  Returns:
    dataset, model ('people' for forms without a model), time (results
    column), scale (ms | ln ms), form, a, b, b_se, b_p, c (NaN if absent), r2,
    aic, bic, delta_aic (from the best form of the same model, time and scale),
    cv_r2 (1 − error / error of the mean, 10 folds), n, c_p.
  """
  rows, done = [], set()
  for table in tables:
    frame = table.frame
    if not {'human_entropy', 'n_choices'} <= set(frame):
      continue
    bits = np.log2(frame['n_choices'].to_numpy(float))
    people = frame['human_entropy'].to_numpy(float) * bits
    wrong = (1 - frame['human_mc_prop_correct'].to_numpy(float)
             if 'human_mc_prop_correct' in frame
             else np.full(len(frame), np.nan))
    model = np.full(len(frame), np.nan)
    if PRIMARY in table.measures:
      model = table.values_MN[table.measures.index(PRIMARY)] * bits
    for time in TIMES:
      if time not in frame:
        continue
      seconds = frame[time].to_numpy(float)
      known = np.isfinite(seconds + people + wrong + model) & (seconds > 0)
      if known.sum() < 30:
        continue
      for scale, y in (('ms', seconds[known]), ('ln ms', np.log(
          seconds[known]))):
        new = (table.dataset, time, scale) not in done
        done.add((table.dataset, time, scale))
        rows += _fits(table, time, scale, y, people[known], model[known],
                      wrong[known], new, seed)
  found = pd.DataFrame(rows, columns=[
      'dataset', 'model', 'time', 'scale', 'form', 'a', 'b', 'b_se', 'b_p',
      'c', 'c_p', 'r2', 'aic', 'bic', 'cv_r2', 'n'])
  if len(found):
    found['delta_aic'] = found['aic'] - _best_aic(found)
  return found


def _best_aic(found: pd.DataFrame) -> pd.Series:
  """The best AIC among a row's rivals: its model's forms and the people's."""
  shared = found[found['model'] == 'people'].groupby(
      ['dataset', 'time', 'scale'])['aic'].min()
  own = found.groupby(['dataset', 'time', 'scale', 'model'])[
      'aic'].transform('min')
  theirs = pd.Series([
      shared[key] for key in zip(
          found['dataset'], found['time'], found['scale'])], found.index)
  return np.minimum(own, theirs)


def _fits(table, time, scale, y, people, model, wrong, with_people, seed):
  rows = []
  folds = item_folds(len(y), 10, seed=seed)
  for form, predictors in FORMS.items():
    of_model = _OF_MODEL in form
    if not (of_model or with_people):
      continue
    design = np.stack([np.ones(len(y)), *predictors(people, model, wrong)], 1)
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
