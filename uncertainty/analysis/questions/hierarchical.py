"""The headline claims with families and items as what they generalise over.

Does tuning change a score, and do base and tuned models follow people? Models
of one family are alike, and all models answer the same items, which are as
hard for one as for another. Each claim is a mean over families whose error
has both parts (`statistics.families`); beside it the plain statistic that
takes models or pairs for independent.

No mixed model is fitted: statsmodels' MixedLM cannot give families slopes of
their own beside items, and its Wald test over few families rejects up to
seven times too often (docs/method.md).
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from uncertainty.analysis.questions.instruct import HYPOTHESES
from uncertainty.analysis.scores.scores import (
  PRIMARY,
  ModelItems,
  Score,
  couples,
)
from uncertainty.analysis.statistics import families
from uncertainty.results import columns, derived

COLUMNS = (
    columns.DATASET, columns.VARIANT, derived.EFFECT, columns.MEASURE,
    derived.ESTIMATE, derived.SE, columns.CI_LOW, columns.CI_HIGH,
    columns.P_VALUE, derived.LEAST_P, columns.N_FAMILIES, derived.PLAIN,
    derived.PLAIN_P, derived.PLAIN_NAME, columns.N)
FOLLOWS = derived.alignment_with(columns.HUMAN_ENTROPY)


def family_effects(
    found: Sequence[Score], models: Sequence[ModelItems], level: float,
    n_draws: int, seed: int = 0) -> pd.DataFrame:
  """What tuning changes, and whether models follow people, over families.

  Args:
    found: scores with their draws over items, which all models share.
    models: whose scores they are.
    level: nominal coverage of the intervals.
    n_draws: random sign patterns, beyond 14 families.
    seed: of these.

  Returns:
    `COLUMNS`, each data set and way of asking (`variant`) by itself: what
    tuning changes in each of `instruct.HYPOTHESES`, then Spearman's rho of
    the primary measure with people's entropy of base and of tuned models;
    `n` counts the pairs or models. A row needs two families.
  """
  score = {(s.dataset, s.outcome, s.measure, s.model): s for s in found
           if np.isfinite(s.value)}
  rows = []
  for dataset in dict.fromkeys(m.dataset for m in models):
    of_dataset = [m for m in models if m.dataset == dataset]
    family = {m.model: m.family for m in of_dataset}
    variant = {m.model: m.variant for m in of_dataset}
    paired = couples(of_dataset)
    for form in dict.fromkeys(variant[base] for base, _ in paired):
      of_form = [c for c in paired if variant[c[0]] == form]
      head = (dataset, form)
      for outcome, measure in HYPOTHESES:
        key = (dataset, outcome, measure)
        both = [(score[*key, base], score[*key, tuned])
                for base, tuned in of_form
                if (*key, base) in score and (*key, tuned) in score]
        rows += _row(
            (*head, f'tuning changes {outcome}', measure),
            [tuned.value - base.value for base, tuned in both],
            [tuned.draws_R - base.draws_R for base, tuned in both],
            [family[base.model] for base, _ in both],
            'mean difference of pairs, t test', level, n_draws, seed)
      key = (dataset, FOLLOWS, PRIMARY)
      for side, kind in enumerate(('base', 'tuned')):
        own = [score[*key, m] for m in dict.fromkeys(c[side] for c in of_form)
               if (*key, m) in score]
        rows += _row(
            (*head, f'{kind} models follow people', PRIMARY),
            [s.value for s in own], [s.draws_R for s in own],
            [family[s.model] for s in own], 'mean of models, t test', level,
            n_draws, seed)
  return pd.DataFrame(rows, columns=list(COLUMNS))


def _row(
    head: tuple, values: list[float], draws: list[np.ndarray],
    names: list[str], plain: str, level: float, n_draws: int, seed: int,
) -> list[tuple]:
  """One row; none with fewer than two families."""
  if len(set(names)) < 2:
    return []
  value_U = np.array(values)
  mean = families.family_mean(
      value_U, np.stack(draws), np.array(names), level, n_draws=n_draws,
      seed=seed)
  plain_p = np.nan
  if np.ptp(value_U) > 0:
    from scipy import stats  # half a second, which few starts need

    plain_p = float(np.asarray(stats.ttest_1samp(value_U, 0))[1])
  return [(*head, mean.value, mean.se, mean.low, mean.high, mean.p_value,
           mean.least_p, mean.n_families, float(value_U.mean()), plain_p,
           plain, len(value_U))]
