"""How reliable the human signal is, and what alignment it leaves room for.

A measure cannot correlate with a noisy signal beyond the square root of that
signal's reliability. Counts of people are split in two random halves several
times; the halves' correlation, stepped up to full length (Spearman-Brown), is
the reliability. Where the numbers of people are not published there are only
bounds: below, what the fewest people that fit the rounded shares would give;
above, 1.
"""

import dataclasses
import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from uncertainty.analysis.scores import people
from uncertainty.analysis.scores.scores import ModelItems, Score
from uncertainty.analysis.statistics import entropy, resampling, spearman_draws
from uncertainty.results import columns, derived
from uncertainty.specs import StudySpec

_N_SPLITS = 10
_LEAST_PEOPLE = 4  # of an item: two in each half
_SIGNAL = columns.HUMAN_ENTROPY
COLUMNS = (
    columns.DATASET, columns.SIGNAL, derived.ESTIMATOR, derived.RELIABILITY,
    derived.LOW, derived.HIGH, columns.CEILING, derived.CEILING_LOW,
    derived.CEILING_HIGH, derived.N_ITEMS, derived.PEOPLE, derived.COUNT_SOURCE)


@dataclasses.dataclass(frozen=True)
class Ceiling:
  """What people's noise leaves of a data set's alignment.

  Attributes:
    dataset: its name.
    estimator: of people's entropy.
    published: whether numbers of people are; else the reliability is the
      lowest that the shares allow.
    reliability: mean over splits.
    draws_R: the same in every resample of items and their people.
    people_N: per item.
  """

  dataset: str
  estimator: str
  published: bool
  reliability: float
  draws_R: np.ndarray
  people_N: np.ndarray


def split_half(
    counts_NC: np.ndarray, n_choices_N: np.ndarray, estimator: str,
    weights_NR: np.ndarray, *, seed: int) -> np.ndarray:
  """Spearman-Brown reliability of people's entropy in resamples of items.

  An item carries its people along, so that resampling items spreads the
  estimate by both sources of chance: which items, and who was asked.

  Args:
    counts_NC: people behind each choice, dealt into halves without
      replacement; at least two an item.
    n_choices_N: K of each item.
    estimator: a key of `entropy.ESTIMATORS`.
    weights_NR: how often each resample holds each item.
    seed: of the deals.

  Returns:
    [R] 2 r / (1 + |r|), mean over the same deals in every resample; negative
    where the halves disagree. A deal in which a half is constant, so that the
    halves show nothing in common, counts as 0.

  Source:
    Spearman 1910; Brown 1910.
  """
  rng = np.random.default_rng(seed)
  total_R = np.zeros(weights_NR.shape[1])
  for _ in range(_N_SPLITS):
    half_NC = _deal_half(counts_NC, rng)
    first_1N, second_1N = (
        entropy.normalised(some_NC, n_choices_N, estimator)[None]
        for some_NC in (half_NC, counts_NC - half_NC))
    r_R = np.nan_to_num(spearman_draws.bootstrap_spearman(
        first_1N, second_1N, weights_NR)[0, 0])
    total_R += 2 * r_R / (1 + np.abs(r_R))
  return total_R / _N_SPLITS


def _deal_half(people_NC: np.ndarray, rng: np.random.Generator) -> np.ndarray:
  """[N, C] a random half of each item's people, choice by choice."""
  left_N = people_NC.sum(1)
  wanted_N = left_N // 2
  half = np.empty_like(people_NC)
  for c in range(people_NC.shape[1]):
    left_N = left_N - people_NC[:, c]
    half[:, c] = rng.hypergeometric(people_NC[:, c], left_N, wanted_N)
    wanted_N = wanted_N - half[:, c]
  return half


def ceilings(
    tables: list[ModelItems], counts_NR: Mapping[str, np.ndarray],
    spec: StudySpec) -> list[Ceiling]:
  """Reliability of human entropy per data set.

  Args:
    tables: models' items.
    counts_NR: data set → the resamples of its items that scores have, so that
      alignment and ceiling are resampled jointly.
    spec: of the estimate of people's entropy, and `seed`.

  Returns:
    One per data set in which 4 items have 4 people each.
  """
  found: dict[str, Ceiling] = {}
  for table in tables:
    counts = None if table.dataset in found else people.counts(table.frame)
    if counts is None:
      continue
    enough = counts.counts_NC.sum(1) >= _LEAST_PEOPLE
    if enough.sum() < _LEAST_PEOPLE:
      continue
    kept_NC, k_N = counts.counts_NC[enough], counts.n_choices_N[enough]
    weights_NR = counts_NR[table.dataset][counts.items_N[enough]]
    estimator = people.estimator_of(spec, published=counts.published)
    # The data are a resample that holds every item once.
    all_NR = np.concatenate(
        [np.ones((len(kept_NC), 1), weights_NR.dtype), weights_NR], 1)
    value_R = split_half(kept_NC, k_N, estimator, all_NR, seed=spec.seed)
    found[table.dataset] = Ceiling(
        table.dataset, estimator, counts.published, float(value_R[0]),
        value_R[1:], kept_NC.sum(1))
  return list(found.values())


def ceiling_table(found: list[Ceiling], level: float) -> pd.DataFrame:
  """What was found as a table.

  Args:
    found: of `ceilings`.
    level: of intervals.

  Returns:
    `COLUMNS`. With published counts, reliability and ceiling (its root) with
    their intervals over items and raters; otherwise both are missing, and low
    and high are bounds: the lower end of what the fewest people that fit the
    shares would give, and 1.
  """
  rows = []
  for one in found:
    low, high = _ends(one.draws_R, level)
    value = one.reliability
    if not one.published:
      value, high = np.nan, 1.0
    rows.append((
        one.dataset, _SIGNAL, one.estimator, value, low, high, _root(value),
        _root(low), _root(high), len(one.people_N),
        float(np.median(one.people_N)),
        'given' if one.published else 'smallest that fits the printed shares'))
  return pd.DataFrame(rows, columns=list(COLUMNS))


def corrected(
    scores: list[Score], found: list[Ceiling], level: float) -> pd.DataFrame:
  """Alignment divided by the ceiling: what a noiseless signal would show.

  Args:
    scores: of `scores.scores`.
    found: of `ceilings`, of the same resamples.
    level: of intervals.

  Returns:
    dataset, model, measure, rho, ceiling, corrected_rho, ci_low, ci_high (of
    ratios of rho to ceiling over joint resamples of items and their people),
    n. Without published counts, ceiling and corrected_rho are missing, and the
    ends are bounds: rho's own interval over the lower bound of the ceiling
    and over 1, whichever is wider.
  """
  known = {one.dataset: one for one in found}
  rows = []
  for s in scores:
    one = known.get(s.dataset)
    if s.outcome != derived.alignment_with(_SIGNAL) or one is None:
      continue
    value = top = np.nan
    if one.published:
      top = _root(one.reliability)
      if not top > 0:
        continue
      value = s.value / top
      roots_R = _root(one.draws_R)
      ends = _ends(np.where(
          roots_R > 0, s.draws_R / np.where(roots_R > 0, roots_R, 1),
          np.where(s.draws_R == 0, 0, np.copysign(np.inf, s.draws_R))),
                   level)
    else:
      least = _root(_ends(one.draws_R, level)[0])
      if not least > 0:
        continue
      low, high = _ends(s.draws_R, level)
      ends = min(low, low / least), max(high, high / least)
    rows.append((s.dataset, s.model, s.measure, s.value, top, value, *ends,
                 s.n))
  return pd.DataFrame(rows, columns=[
      columns.DATASET, columns.MODEL, columns.MEASURE, columns.RHO,
      columns.CEILING, derived.CORRECTED_RHO, columns.CI_LOW, columns.CI_HIGH,
      columns.N])


def _root(value):
  """Square root, of negative reliabilities 0."""
  return np.sqrt(np.maximum(value, 0))


def _ends(draws_R: np.ndarray, level: float) -> tuple[float, float]:
  known_R = draws_R[~np.isnan(draws_R)]
  if 2 * len(known_R) < len(draws_R):  # as `percentile_interval` has it
    return np.nan, np.nan
  if np.isinf(known_R).any():
    # Between infinite draws nothing can be interpolated: the outer neighbours.
    ordered_R = np.sort(known_R)
    place = (1 - level) / 2 * (len(ordered_R) - 1)
    return (float(ordered_R[math.floor(place)]),
            float(ordered_R[-1 - math.floor(place)]))
  ends = resampling.percentile_interval(draws_R, level)
  return float(ends.low), float(ends.high)
