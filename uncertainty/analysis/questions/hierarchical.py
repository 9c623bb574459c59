"""Mixed-effects models of the headline claims, beside the plain statistic.

Two views. Over scores: does tuning change a score, with families and pairs as
random effects? Over items: does a model's uncertainty follow people's, and
less so after tuning, with items and families within items as random effects?
"""

import warnings

import numpy as np
import pandas as pd
import statsmodels.formula.api as smf
from scipy import stats

from uncertainty.analysis.questions.instruct import HYPOTHESES
from uncertainty.analysis.scores import pairs
from uncertainty.analysis.scores.scores import PRIMARY, ModelItems
from uncertainty.analysis.scores.scores import couples as tuned_pairs
from uncertainty.analysis.statistics import ranking

COLUMNS = [
    'dataset', 'variant', 'claim', 'measure', 'term', 'estimate', 'se',
    'ci_low', 'ci_high', 'p_value', 'plain', 'plain_p', 'plain_name', 'n',
    'random']


def mixed_models(
    scores: pd.DataFrame, tables: list[ModelItems], level: float,
    max_rows: int = 6_000,
) -> pd.DataFrame:
  """Every headline claim through statsmodels' MixedLM.

  Args:
    scores: of `scores.score_frame`.
    tables: of `scores.model_items`.
    level: of the intervals.
    max_rows: of an item-level fit; larger data sets use every k-th item.

  Returns:
    Columns `COLUMNS`: each way of asking (`variant`) by itself; the fixed
    effect, then the plain statistic that asks the same without random effects.
    `random` names the random effects: a smaller structure where the fuller one
    does not converge, 'none' (least squares) where every variance is estimated
    as zero.
  """
  rows = []
  variant = scores['model'].map(pairs.variant)
  for (dataset, form), group in scores.groupby(
      ['dataset', variant], sort=False):
    models = [t for t in tables if t.dataset == dataset
              and pairs.variant(t.model) == form]
    for outcome, measure in HYPOTHESES:
      rows += [(dataset, form, *row) for row in _score_level(
          group[(group['outcome'] == outcome) & (group['measure'] == measure)],
          models, level)]
    rows += [(dataset, form, *row) for row in _item_level(
        [t for t in models if PRIMARY in t.measures
         and 'human_entropy' in t.frame],
        level, max_rows)]
  return pd.DataFrame(rows, columns=COLUMNS)


def _score_level(
    scores: pd.DataFrame, models: list[ModelItems], level: float,
) -> list[tuple]:
  """value ~ instruct + (1 | family) + (1 | family:pair)."""
  value = scores.set_index('model')['value']
  couples = tuned_pairs([m for m in models if m.model in value.index])
  family = scores.set_index('model')['family']
  if len({family[base] for base, _ in couples}) < 2 or len(couples) < 4:
    return []
  long = pd.DataFrame([
      {'value': value[m], 'instruct': float(m == tuned), 'pair': base,
       'family': family[base]}
      for base, tuned in couples for m in (base, tuned)])
  fit, random = fit_mixed(long, 'value ~ instruct', (
      ('family, pair', 'family', {'pair': '0 + C(pair)'}),
      ('pair', 'pair', None)))
  d = np.array([value[tuned] - value[base] for base, tuned in couples])
  first = scores.iloc[0]
  return [(
      f'tuning changes {first["outcome"]}', first['measure'], 'instruct',
      *_effect(fit, 'instruct', level), float(d.mean()),
      float(stats.ttest_1samp(d, 0)[1]),
      'mean difference of pairs, t test', len(long), random)]


def _item_level(
    tables: list[ModelItems], level: float, max_rows: int) -> list[tuple]:
  """u ~ h * instruct + (1 | item) + (1 | item:family), both sides ranked.

  A family's base models are averaged, and so are its tuned ones.
  """
  paired = {m for couple in tuned_pairs(tables) for m in couple}
  tables = [t for t in tables if t.model in paired]
  if len(tables) < 4:
    return []
  parts = []
  for table in tables:
    u = table.values_MN[table.measures.index(PRIMARY)]
    h = table.frame['human_entropy'].to_numpy(float)
    known = np.isfinite(u + h)
    parts.append(pd.DataFrame({
        'u': _normal_ranks(u[known]), 'h': _normal_ranks(h[known]),
        'instruct': float(table.kind == 'instruct'), 'family': table.family,
        'item': np.asarray(table.frame.index)[known], 'model': table.model}))
  long = pd.concat(parts, ignore_index=True)
  cells = long.groupby(['item', 'family', 'instruct'], as_index=False)[
      ['u', 'h']].mean()
  step = -(-len(cells) // max_rows)
  cells = cells[cells['item'].isin(cells['item'].unique()[::step])]
  fit, random = fit_mixed(cells.reset_index(drop=True), 'u ~ h * instruct', (
      ('item, family within item', 'item', {'family': '0 + C(family)'}),
      ('item', 'item', None)))
  rho = long.groupby(['model', 'instruct'])[['u', 'h']].apply(
      lambda t: t['u'].corr(t['h'])).reset_index(name='r')
  base = rho.loc[rho['instruct'] == 0, 'r'].to_numpy()
  tuned = rho.loc[rho['instruct'] == 1, 'r'].to_numpy()
  rows = [('base models follow people', PRIMARY, 'h',
           *_effect(fit, 'h', level), float(base.mean()),
           float(stats.ttest_1samp(base, 0)[1]),
           'mean correlation of normal ranks, t test over models', len(cells),
           random)]
  rows.append(('tuned models follow people less', PRIMARY, 'h:instruct',
               *_effect(fit, 'h:instruct', level),
               float(tuned.mean() - base.mean()),
               float(stats.ttest_ind(tuned, base)[1]),
               'difference of mean correlations, t test', len(cells),
               random))
  return rows


def _normal_ranks(values_N: np.ndarray) -> np.ndarray:
  """Normal scores of midranks, spread one."""
  scores = stats.norm.ppf((ranking.midranks(values_N) - .5) / len(values_N))
  spread = scores.std()
  return scores / spread if spread > 0 else scores


def fit_mixed(long: pd.DataFrame, formula: str, structures: tuple):
  """(fit, its random effects): the first structure that converges.

  Args:
    long: the rows.
    formula: of the fixed effects.
    structures: (name, grouping column, variance components or None), fullest
      first. Where none converges, least squares without random effects.
  """
  for name, groups, variances in structures:
    with warnings.catch_warnings(record=True) as said:
      warnings.simplefilter('always')
      # With variance components, an intercept by group is not implied.
      model = smf.mixedlm(
          formula, long, groups=long[groups], re_formula='1',
          vc_formula=variances)
      try:
        # The default, lbfgs, breaks down near a variance of zero.
        fit = model.fit(method=['bfgs'], reml=True)
      except np.linalg.LinAlgError:
        continue  # the next structure leaves the zero variance out
    if fit.converged and not _complaints(said):
      return fit, name
  return smf.ols(formula, long).fit(), 'none'


def _complaints(said: list) -> bool:
  return any('converge' in str(w.message).lower()
             or 'singular' in str(w.message).lower() for w in said)


def _effect(fit, term: str, level: float) -> tuple:
  low, high = fit.conf_int(1 - level).loc[term]
  return (float(fit.params[term]), float(fit.bse[term]), float(low),
          float(high), float(fit.pvalues[term]))
