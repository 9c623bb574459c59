"""What a tuning changed: a model against those tuned from it, item by item.

Models of one base and recipe differ by their seed. Of each outcome, δ is the
mean over the S seeds of tuned less base, over the items that all of them were
asked. Its variance is that of the items (clusters as units; of the alignment:
clusters drawn again), with seeds as they are, plus that of the seeds,
Σ (δ_s − δ)² / (S (S − 1)), which counts what items and seeds do together twice
and so is rather too large. Student's t has Satterthwaite's degrees of freedom
(1946, An approximate distribution of estimates of variance
components). With one seed the interval is of other items, not of other seeds.
"""

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from uncertainty.analysis.calibration import squared_error
from uncertainty.analysis.claims import from_spec
from uncertainty.analysis.claims.items import (
  cluster_sums,
  error_of,
  standard_error,
)
from uncertainty.analysis.claims.study import (
  ClaimStudy,
  Finding,
  enough,
  t_p_value,
  t_quantile,
)
from uncertainty.analysis.questions import summary
from uncertainty.analysis.scores import pairs
from uncertainty.analysis.scores.stack import Stack, numbers
from uncertainty.analysis.statistics import multiplicity
from uncertainty.results import columns, derived
from uncertainty.specs import StudySpec

COLUMNS = (
    columns.DATASET, columns.TUNED_FROM, columns.RECIPE, columns.OUTCOME,
    derived.BASE_VALUE, derived.TUNED_VALUE, derived.DIFFERENCE, derived.LOW,
    derived.HIGH, derived.P, derived.P_CORRECTED, derived.N_ITEMS,
    derived.N_SEEDS, derived.VERDICT)
# Two seeds' variance is known so poorly that the t rejects too often (.09 to
# .18 for .05); three do (.05 to .07), and one seed speaks of items alone.
_TOO_FEW_SEEDS = 2
HIGHER, LOWER, CANNOT_TELL, TOO_LITTLE = (
    'higher', 'lower', 'cannot tell', 'too little data')


@dataclasses.dataclass(frozen=True)
class Change:
  """One outcome before and after, on items of all models.

  Attributes:
    base: before.
    tuned_S: after, by seed.
    item_variance: of the mean difference, over items alone; NaN where there
      are too few.
    n_items: items of all models.
    n_clusters: independent units among them.
  """

  base: float
  tuned_S: np.ndarray
  item_variance: float
  n_items: int
  n_clusters: float


@dataclasses.dataclass(frozen=True)
class Interval:
  """A mean difference with its error over items and seeds.

  Attributes:
    value: δ.
    low: lower end; NaN, as what follows, where there is too little to tell.
    high: upper end.
    p: two-sided, of δ = 0.
    se: standard error.
    freedom: degrees of freedom of its Student's t.
  """

  value: float
  low: float = np.nan
  high: float = np.nan
  p: float = np.nan
  se: float = np.nan
  freedom: float = np.inf


@dataclasses.dataclass(frozen=True)
class _Asked:
  """One outcome of one recipe."""

  base: str
  recipe: str
  outcome: str
  change: Change


def tuned(study: ClaimStudy) -> list[Finding]:
  """Every outcome of every recipe, tuned less base, over items and seeds.

  Args:
    study: one data set.

  Returns:
    A finding a base, recipe and outcome; none where nothing was tuned.
  """
  found = []
  for asked in _asked(study):
    seen = interval(asked.change, study.level)
    found.append(Finding(
        subject(asked.base, asked.recipe, asked.outcome), '',
        asked.change.n_items, seen.value, seen.low, seen.high, seen.p, seen.se,
        n_models=1 + len(asked.change.tuned_S), freedom=seen.freedom))
  return found


def subject(base: str, recipe: str, outcome: str) -> str:
  """What a finding is about.

  Args:
    base: the model before.
    recipe: how it was tuned.
    outcome: a key of `OUTCOMES`.

  Returns:
    The claims table's `model`.
  """
  return f'{base} → {recipe}: {outcome}'


def tuned_table(stacks: Sequence[Stack], spec: StudySpec) -> pd.DataFrame:
  """Every outcome of every recipe on every data set.

  Args:
    stacks: results, with people's entropy as `spec` estimates it.
    spec: `analysis` and `seed` are read.

  Returns:
    `COLUMNS`; p_corrected is Holm's over the table's rows of one data set.
  """
  parts = [rows for stack in stacks for rows in [_of_stack(stack, spec)]
           if len(rows)]
  if not parts:
    return pd.DataFrame(columns=list(COLUMNS))
  return pd.concat(parts, ignore_index=True)[list(COLUMNS)]


def interval(change: Change, level: float) -> Interval:
  """The mean difference over seeds, with its error.

  Args:
    change: one outcome.
    level: of the interval.

  Returns:
    The difference, its interval and p.
  """
  delta_S = change.tuned_S - change.base
  value, n_seeds = float(delta_S.mean()), len(delta_S)
  if n_seeds == _TOO_FEW_SEEDS:
    return Interval(value)
  seeds = float(delta_S.var(ddof=1)) / n_seeds if n_seeds > 1 else 0.0
  total = change.item_variance + seeds
  if not total > 0:
    return Interval(value)
  freedom = total**2 / (
      change.item_variance**2 / (change.n_clusters - 1)
      + seeds**2 / max(n_seeds - 1, 1))
  se = float(np.sqrt(total))
  reach = t_quantile(level, freedom) * se
  return Interval(value, value - reach, value + reach,
                  t_p_value(value / se, freedom), se, freedom)


def _of_stack(stack: Stack, spec: StudySpec) -> pd.DataFrame:
  study = from_spec.study(stack, spec)
  rows = []
  for asked in _asked(study):
    change, found = asked.change, interval(asked.change, study.level)
    rows.append((
        stack.dataset, asked.base, asked.recipe, asked.outcome, change.base,
        float(change.tuned_S.mean()), found.value, found.low, found.high,
        found.p, np.nan, change.n_items, len(change.tuned_S), ''))
  table = pd.DataFrame(rows, columns=list(COLUMNS))
  corrected = multiplicity.holm(table[derived.P].to_numpy(float))
  return table.assign(**{
      derived.P_CORRECTED: corrected,
      derived.VERDICT: [direction(p, d, spec.analysis.alpha) for p, d in zip(
          corrected, table[derived.DIFFERENCE])]})


def _asked(study: ClaimStudy) -> Iterator[_Asked]:
  for (base, recipe), models in _groups(study).items():
    for outcome, change_of in OUTCOMES.items():
      change = change_of(study, base, models)
      if change is not None:
        yield _Asked(study.models[base], recipe, outcome, change)


def _groups(study: ClaimStudy) -> dict[tuple[int, str], list[int]]:
  """(base, recipe) → the models of its seeds, where the base was asked too."""
  place = {model: m for m, model in enumerate(study.models)}
  found: dict[tuple[int, str], list[int]] = {}
  for model, m in place.items():
    frame = study.stack.frames[model]
    base = pairs.said(frame, columns.TUNED_FROM)
    base = base and pairs.beside(base, pairs.variant_of(frame))
    if base in place:
      recipe = str(pairs.said(frame, columns.RECIPE) or '')
      found.setdefault((place[base], recipe), []).append(m)
  return found


def direction(p_corrected: float, difference: float, alpha: float) -> str:
  """Which way an outcome went, if that can be told.

  Args:
    p_corrected: after Holm.
    difference: from 0.
    alpha: nominal level.

  Returns:
    `HIGHER`, `LOWER`, `CANNOT_TELL` or `TOO_LITTLE`.
  """
  if np.isnan(p_corrected):
    return TOO_LITTLE
  if p_corrected >= alpha:
    return CANNOT_TELL
  return HIGHER if difference > 0 else LOWER


def _alignment(study: ClaimStudy, base: int, tuned: list[int]
               ) -> Change | None:
  """Spearman's ρ of the primary measure with people's entropy."""
  known_N = ~np.isnan(
      study.uncertainty_MN[[base, *tuned]].sum(0) + study.human_N)
  if not known_N.any():
    return None
  before, before_R = study.rho_over(base, known_N)
  after, after_R = zip(
      *(study.rho_over(m, known_N) for m in tuned), strict=True)
  draws_R = np.mean(after_R, 0) - before_R
  n_clusters = study.n_clusters(known_N)
  variance = np.nan
  if enough(n_clusters) and not np.isnan(draws_R).all():
    variance = float(np.nanvar(draws_R, ddof=1)) * study.bootstrap_bias(
        known_N) ** 2
  return Change(before, np.array(after), variance, int(known_N.sum()),
                n_clusters)


def _calibration(study: ClaimStudy, base: int, tuned: list[int]
                 ) -> Change | None:
  """θ, the debiased squared calibration error, as the claims have it."""
  known_N = ~np.isnan(study.confidence_MN[[base, *tuned]].sum(0)
                      + study.correct_MN[[base, *tuned]].sum(0))
  n_clusters = study.n_clusters(known_N)
  if not all(squared_error.determined(
      study.confidence_MN[m], np.where(known_N, study.correct_MN[m], np.nan),
      study.cluster_N, study.n_bins) for m in (base, *tuned)):
    return None
  before = error_of(study, base, known_N)
  after = [error_of(study, m, known_N) for m in tuned]
  # At most that of one seed, whatever items do to all seeds alike.
  variance = np.mean([
      squared_error.difference_variance(
          error, before,
          cluster_sums(
              study, error.influence_N - before.influence_N, known_N),
          len(known_N)) for error in after])
  return Change(before.estimate, np.array([e.estimate for e in after]),
                float(variance), int(known_N.sum()), n_clusters)


def mean_change(values: Callable[[pd.DataFrame], np.ndarray]
                ) -> Callable[[ClaimStudy, int, list[int]], Change | None]:
  """The change of a mean over items, as a function of study, base and tuned.

  Args:
    values: of a results table, [N]; NaN where missing.

  Returns:
    One of `OUTCOMES`' values; None comes of it where no item is known to all.
  """
  def change(study: ClaimStudy, base: int, tuned: list[int]) -> Change | None:
    values_MN = np.array([values(study.stack.frames[study.models[m]])
                          for m in (base, *tuned)])
    known_N = ~np.isnan(values_MN.sum(0))
    n, units = int(known_N.sum()), study.n_clusters(known_N)
    if not n:
      return None
    delta_N = values_MN[1:].mean(0) - values_MN[0]
    delta_N = np.where(known_N, delta_N - delta_N[known_N].mean(), 0)
    variance = (standard_error(study, delta_N, known_N) ** 2
                if enough(units) else np.nan)
    means_M = values_MN[:, known_N].mean(1)
    return Change(float(means_M[0]), means_M[1:], variance, n, units)
  return change


def _divergence(frame: pd.DataFrame) -> np.ndarray:
  return summary.distances(summary.read_shares(frame), summary.jensen_shannon)


OUTCOMES: Mapping[
    str, Callable[[ClaimStudy, int, list[int]], Change | None]] = {
        derived.ALIGNMENT: _alignment,
        derived.DIVERGENCE: mean_change(_divergence),
        derived.AGREEMENT: mean_change(
            lambda frame: numbers(frame, columns.AGREES)),
        columns.ACCURACY: mean_change(
            lambda frame: numbers(frame, columns.CORRECT)),
        derived.SQUARED_ERROR: _calibration}
