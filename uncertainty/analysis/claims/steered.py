"""What steering does: a model beside itself, steered, item by item.

The dose-response of each outcome is steered less unsteered over the same
items. Whether a direction does more than any other is asked per unit of dose,
from −d to +d, the largest dose given both ways: e = (y(d) − y(−d)) / 2d, along
the direction and along R directions of shuffled labels, which are fitted alike
and equally long. δ = e − mean e_r has the variance of a new direction of the
controls' kind about their mean, s² (1 + 1/R), plus that of the items (clusters
as units); Student's t has Satterthwaite's degrees of freedom (1946). Were the
labels of no account, e would be one more of the e_r.
"""

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from uncertainty.analysis.claims import from_spec, tuned
from uncertainty.analysis.claims.study import (
  ClaimStudy,
  Finding,
  t_p_value,
  t_quantile,
)
from uncertainty.analysis.scores.stack import Stack, numbers, stack_results
from uncertainty.analysis.statistics import multiplicity
from uncertainty.results import columns, derived
from uncertainty.results import steering_columns as cols
from uncertainty.specs import StudySpec

PRIMARY = derived.MEAN_ENTROPY
Change = Callable[[ClaimStudy, int, list[int]], tuned.Change | None]

OUTCOMES: Mapping[str, Change] = {
    PRIMARY: tuned.mean_change(
        lambda frame: numbers(frame, columns.CHOICE_ENTROPY)),
    **tuned.OUTCOMES,
    derived.MEAN_CONFIDENCE: tuned.mean_change(
        lambda frame: numbers(frame, columns.VERBAL_CONFIDENCE))}

DOSE_COLUMNS = (
    columns.DATASET, columns.MODEL, cols.ALONG, cols.HOW, cols.DOSE,
    columns.OUTCOME, columns.VALUE, cols.UNSTEERED, derived.DIFFERENCE,
    derived.LOW, derived.HIGH, derived.N_ITEMS)
EFFECT_COLUMNS = (
    columns.DATASET, columns.MODEL, cols.ALONG, columns.OUTCOME,
    derived.ESTIMATE, derived.LOW, derived.HIGH, derived.P,
    derived.P_CORRECTED, derived.SLOPE, cols.CONTROL, cols.CONTROL_LOW,
    cols.CONTROL_HIGH, cols.N_CONTROLS, derived.N_ITEMS, derived.VERDICT)


@dataclasses.dataclass(frozen=True)
class Effect:
  """What a unit of dose does to one outcome.

  Attributes:
    model: the model.
    along: the direction.
    outcome: a key of `OUTCOMES`.
    slope: e.
    controls_R: e_r.
    item_variance: of e, over items alone.
    n_items: behind it.
    n_clusters: independent units among them.
  """

  model: str
  along: str
  outcome: str
  slope: float
  controls_R: np.ndarray
  item_variance: float
  n_items: int
  n_clusters: float


@dataclasses.dataclass(frozen=True)
class _Ways:
  """One model with its steered selves, as the models of a study.

  Attributes:
    study: of them.
    at: (along, dose) → row of the study; of a direction that is taken out the
      dose is NaN, and it is under (along, None).
    unsteered: row of the model itself.
  """

  study: ClaimStudy
  at: Mapping[tuple[str, float | None], int]
  unsteered: int


def steered(study: ClaimStudy) -> list[Finding]:
  """Choice entropy per unit of dose, along each direction less the controls.

  Args:
    study: one data set.

  Returns:
    A finding a model and direction; none where nothing was steered.
  """
  found = []
  for effect in effects(study, (PRIMARY,)):
    seen = interval(effect, study.level)
    found.append(Finding(
        subject(effect.model, effect.along), columns.CHOICE_ENTROPY,
        effect.n_items, seen.value, seen.low, seen.high, seen.p, seen.se,
        freedom=seen.freedom))
  return found


def subject(model: str, along: str) -> str:
  """What a finding is about.

  Args:
    model: the model.
    along: the direction.

  Returns:
    The claims table's `model`.
  """
  return f'{model} steered along {along}'


def effects(study: ClaimStudy, outcomes: Sequence[str]) -> Iterator[Effect]:
  """Every effect of a unit of dose.

  Args:
    study: one data set.
    outcomes: keys of `OUTCOMES`.

  Yields:
    By model, direction and outcome; none of directions without a dose that was
    given both ways, or of outcomes that are not known.
  """
  for model in study.steered:
    ways = _ways(study, model)
    names = dict.fromkeys(along for along, _ in ways.at)
    controls = [n for n in names if cols.control_kind(n) == cols.SHUFFLED]
    for along in names:
      if cols.control_kind(along):
        continue
      for outcome in outcomes:
        own = _slope(ways, along, outcome)
        if own is not None:
          others = [_slope(ways, name, outcome) for name in controls]
          yield Effect(
              model, along, outcome, own.tuned_S[0],
              np.array([x.tuned_S[0] for x in others if x is not None]),
              own.item_variance, own.n_items, own.n_clusters)


def interval(effect: Effect, level: float) -> tuned.Interval:
  """The difference from the controls, with its error.

  Args:
    effect: one of `effects`.
    level: of the interval.

  Returns:
    δ, its interval and p; NaN but for the value with fewer than two controls.
  """
  n = len(effect.controls_R)
  if n < 2:
    return tuned.Interval(np.nan)
  value = effect.slope - float(effect.controls_R.mean())
  spread = float(effect.controls_R.var(ddof=1)) * (1 + 1 / n)
  total = spread + effect.item_variance
  if not total > 0:
    return tuned.Interval(value)
  freedom = total**2 / (spread**2 / (n - 1) + effect.item_variance**2
                        / (effect.n_clusters - 1))
  se = float(np.sqrt(total))
  reach = t_quantile(level, freedom) * se
  return tuned.Interval(value, value - reach, value + reach,
                        t_p_value(value / se, freedom), se, freedom)


def tables(stacks: Sequence[Stack],
           rows: Mapping[tuple[str, str], pd.DataFrame], spec: StudySpec,
           ) -> dict[str, pd.DataFrame]:
  """The tables `steering` and `steering_effects`.

  Args:
    stacks: results, with people's entropy as `spec` estimates it.
    rows: (dataset, model) → rows of how it was steered.
    spec: `analysis` and `seed` are read.

  Returns:
    Of `DOSE_COLUMNS` and `EFFECT_COLUMNS`; p_corrected is Holm's over the
    rows of one data set.
  """
  responses, found = [], []
  for stack in stacks:
    mine = {model: x for (dataset, model), x in rows.items()
            if dataset == stack.dataset and model in stack.models}
    if mine:
      study = from_spec.study(stack, spec, steered=mine)
      responses += list(_responses(study))
      found.append(_effect_rows(study, spec.analysis.alpha))
  return {
      'steering': pd.DataFrame(responses, columns=list(DOSE_COLUMNS)),
      'steering_effects': pd.concat(found, ignore_index=True) if found
                          else pd.DataFrame(columns=list(EFFECT_COLUMNS))}


def _responses(study: ClaimStudy) -> Iterator[tuple]:
  for model in study.steered:
    ways = _ways(study, model)
    for (along, dose), m in ways.at.items():
      for outcome, change_of in OUTCOMES.items():
        change = change_of(ways.study, ways.unsteered, [m])
        if change is not None:
          seen = tuned.interval(change, study.level)
          yield (study.stack.dataset, model, along,
                 cols.REMOVED if dose is None else cols.ADDED,
                 np.nan if dose is None else dose, outcome,
                 float(change.tuned_S[0]), change.base, seen.value, seen.low,
                 seen.high, change.n_items)


def _effect_rows(study: ClaimStudy, alpha: float) -> pd.DataFrame:
  rows = []
  for effect in effects(study, tuple(OUTCOMES)):
    seen, controls = interval(effect, study.level), effect.controls_R
    some = [controls.mean(), controls.min(), controls.max()] if len(
        controls) else [np.nan] * 3
    rows.append((
        study.stack.dataset, effect.model, effect.along, effect.outcome,
        seen.value, seen.low, seen.high, seen.p, np.nan, effect.slope, *some,
        len(controls), effect.n_items, ''))
  table = pd.DataFrame(rows, columns=list(EFFECT_COLUMNS))
  corrected = multiplicity.holm(table[derived.P].to_numpy(float))
  return table.assign(**{
      derived.P_CORRECTED: corrected,
      derived.VERDICT: [tuned.direction(p, d, alpha) for p, d in zip(
          corrected, table[derived.ESTIMATE], strict=True)]})


def _ways(study: ClaimStudy, model: str) -> _Ways:
  """The model and its steered selves, over the items of all of them."""
  dataset = study.stack.dataset
  frames = {(dataset, cols.UNSTEERED): study.stack.frames[model].reset_index()}
  at: dict[tuple[str, float | None], int] = {}
  for keys, rows in study.steered[model].groupby(
      [cols.ALONG, cols.DOSE], sort=False, dropna=False):
    along, dose = str(keys[0]), float(keys[1])  # pyright: ignore
    at[along, None if np.isnan(dose) else dose] = len(frames)
    frames[dataset, f'{along} {dose:g}'] = rows.reset_index(drop=True)
  # Only numbers of the model differ: people are the unsteered rows'.
  [stack] = stack_results(frames)
  inner = dataclasses.replace(study, stack=stack, steered={})
  return _Ways(inner, at, 0)


def _slope(ways: _Ways, along: str, outcome: str) -> tuned.Change | None:
  """The change per unit of dose, between the largest doses of both signs."""
  given = {dose for name, dose in ways.at if name == along and dose}
  both = [dose for dose in given if -dose in given]
  if not both:
    return None
  d = max(both)
  change = OUTCOMES[outcome](
      ways.study, ways.at[along, -d], [ways.at[along, d]])
  if change is None:
    return None
  return dataclasses.replace(
      change, tuned_S=(change.tuned_S - change.base) / (2 * d),
      item_variance=change.item_variance / (2 * d)**2)
