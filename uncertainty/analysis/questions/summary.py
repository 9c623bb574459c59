"""One model on one data set in a few numbers, with intervals."""

import dataclasses
import functools
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
import scipy.special

from uncertainty.analysis.calibration import reliability
from uncertainty.analysis.scores import stack as stacking
from uncertainty.analysis.statistics import (
  fifths,
  grouping,
  ranking,
  resampling,
  spearman_draws,
)
from uncertainty.measures import distances as measured_distances
from uncertainty.measures import ordinal
from uncertainty.results import columns, derived, scale_measures

COLUMNS = (
    columns.MODEL, columns.DATASET, derived.N_ITEMS, derived.STATISTIC,
    columns.VALUE, columns.CI_LOW, columns.CI_HIGH, columns.N)


@dataclasses.dataclass(frozen=True)
class Shares:
  """Choice shares of people and of the model, ragged over items.

  Attributes:
    people: per item [C] shares summing to 1, or None.
    model: per item [C] shares summing to 1, or None.
  """

  people: tuple[np.ndarray | None, ...]
  model: tuple[np.ndarray | None, ...]

  @functools.cached_property
  def pairs(self) -> list['Pairs']:
    """Items of equally many choices on both sides, by that number."""
    both = {i: (p, q) for i, (p, q) in enumerate(
        zip(self.people, self.model, strict=True))
            if p is not None and q is not None and len(p) == len(q)}
    return [Pairs(places, np.stack([both[i][0] for i in places]),
                  np.stack([both[i][1] for i in places]))
            for places in _by_length(self.people, both)]


@dataclasses.dataclass(frozen=True)
class Pairs:
  """Shares of items of equally many choices; `places` says which items."""

  places: list[int]
  people_IC: np.ndarray
  model_IC: np.ndarray


def read_shares(frame: pd.DataFrame) -> Shares:
  """Shares out of `human_shares` and `choice_logprobs`, renormalised.

  What is missing, empty or not finite is None.

  Args:
    frame: a results table.

  Returns:
    One entry per row, on both sides.
  """
  return Shares(
      _distributions(_lists(frame, columns.HUMAN_SHARES), logarithms=False),
      _distributions(_lists(frame, columns.CHOICE_LOGPROBS), logarithms=True))


def distances(
    shares: Shares,
    distance: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> np.ndarray:
  """How far the model's shares are from people's on every item.

  Args:
    shares: of `read_shares`.
    distance: such as `total_variation`.

  Returns:
    [N]; NaN where a side is missing, or theirs are not of the same choices.
  """
  found_N = np.full(len(shares.people), np.nan)
  for some in shares.pairs:
    found_N[some.places] = distance(some.people_IC, some.model_IC)
  return found_N


def total_variation(p_C: np.ndarray, q_C: np.ndarray) -> np.ndarray:
  """Total variation distance, ½ Σ |p − q|.

  Args:
    p_C: shares summing to 1, or rows of them.
    q_C: the same.

  Returns:
    0 equal to 1 disjoint.
  """
  return np.abs(p_C - q_C).sum(-1) / 2


def jensen_shannon(p_C: np.ndarray, q_C: np.ndarray) -> np.ndarray:
  """Jensen-Shannon divergence, (KL(p ‖ m) + KL(q ‖ m)) / 2.

  Here m = (p + q) / 2.

  Args:
    p_C: shares summing to 1, or rows of them.
    q_C: the same.

  Returns:
    Bits, 0 equal to 1 disjoint.

  Source:
    Lin 1991, Divergence measures based on the Shannon entropy.
  """
  middle = (p_C + q_C) / 2
  nats = (scipy.special.rel_entr(p_C, middle).sum(-1)
          + scipy.special.rel_entr(q_C, middle).sum(-1)) / 2
  return nats / np.log(2)


def summary_table(
    stack: stacking.Stack, counts_NR: np.ndarray, *, level: float,
    cluster_N: np.ndarray | None = None,
    first_of_ties: bool = False) -> pd.DataFrame:
  """Statistics of every model on one data set.

  `accuracy` is against right answers, `agreement` against people's commonest
  choice, `fr_accuracy`, `verbal_accuracy` and `sample_accuracy` are of written
  answers, `parse_rate` is the share of stated confidences that could be read:
  shares with `reliability.share_interval`. `*_chance` is the mean of 1/K, or of
  M/K where M choices are commonest alike; `*_baseline` always gives the one
  position that is right (or commonest) most often; `*_beyond_baseline` is the
  difference, the baseline chosen anew in every resample; `*_surest_fifth` and
  `*_least_sure_fifth` are by choice entropy. Then means of entropies and
  of `measures.distances`, and `share_correlation`, Pearson's over all choices.

  Args:
    stack: the data set.
    counts_NR: `resampling.bootstrap_counts`.
    level: of the intervals.
    cluster_N: each item's cluster; None where each stands alone.
    first_of_ties: of people's tied commonest choices only the first listed
      agrees, as in the paper's files; else any does.

  Returns:
    `COLUMNS`; statistics that do not apply have no row.
  """
  counts_NR = np.ascontiguousarray(counts_NR, np.float64)
  rows = []
  for model, frame in stack.frames.items():
    shares = read_shares(frame)
    found = _shares_right(
        frame, shares.people, counts_NR, level, cluster_N, first_of_ties)
    found += _means(frame, shares, counts_NR, level)
    present = frame.notna().any(axis=1).sum()
    rows += [(model, stack.dataset, present, *row) for row in found]
  return pd.DataFrame(rows, columns=list(COLUMNS))


def _shares_right(frame, people, counts_NR, level, cluster_N, first_of_ties):
  chance_N = 1 / _n_choices(frame)
  found = _parse_rate(frame, level, cluster_N)
  for name, column, right_NC in (
      (columns.ACCURACY, columns.CORRECT, _one_hot(
          stacking.numbers(frame, columns.ANSWER))),
      (derived.AGREEMENT, columns.AGREES, _commonest(people, first_of_ties)),
      (derived.FR_ACCURACY, columns.FR_CORRECT, None),
      (derived.VERBAL_ACCURACY, columns.VERBAL_CORRECT, None),
      (derived.SAMPLE_ACCURACY, columns.SAMPLE_CORRECT, None)):
    graded_N = stacking.numbers(frame, column)
    known_N = ~np.isnan(graded_N)
    if not (n := int(known_N.sum())):
      continue
    found.append(_share(name, graded_N, known_N, level, cluster_N))
    if right_NC is None:
      continue
    if np.any(known_N & ~np.isnan(chance_N)):
      # Ties make more than one choice right; unknown ones count as one.
      by_chance_N = chance_N * np.maximum(1, np.nansum(right_NC, 1))
      found.append((f'{name}_chance', float(np.nanmean(by_chance_N[known_N])),
                    np.nan, np.nan, n))
    found += _baseline(name, graded_N, right_NC, counts_NR, level)
    found += [(f'{name}_{end}', value, np.nan, np.nan, n) for end, value, n in
              fifths.means(graded_N, stacking.numbers(
                  frame, columns.CHOICE_ENTROPY))]
  return found


def _one_hot(target_N):
  """[N, C] whether each position is right; NaN where that is not known."""
  positions = np.unique(target_N[~np.isnan(target_N)])
  return np.where(np.isnan(target_N)[:, None], np.nan,
                  target_N[:, None] == positions)


def _commonest(people, first_of_ties):
  """[N, C] whether each choice is people's commonest; NaN where unknown."""
  shares_NC = scale_measures.padded(people, -1.0)
  most_N1 = shares_NC.max(1, keepdims=True)
  right_NC = shares_NC == most_N1
  if first_of_ties:
    right_NC &= right_NC.cumsum(1) == 1
  return np.where(most_N1 < 0, np.nan, right_NC)


def _share(name, value_N, known_N, level, cluster_N):
  """A share with Wilson's interval, of as many independent items."""
  value_n = value_N[known_N]
  low, high = reliability.share_interval(
      value_n, None if cluster_N is None else cluster_N[known_N], level)
  return name, float(value_n.sum() / len(value_n)), low, high, len(value_n)


def _parse_rate(frame, level, cluster_N) -> list[tuple]:
  """How many of the answers state a confidence that could be read."""
  if columns.VERBAL_CONFIDENCE not in frame:
    return []
  asked_N = frame.notna().any(axis=1).to_numpy()
  read_N = ~np.isnan(stacking.numbers(frame, columns.VERBAL_CONFIDENCE))
  return [_share(derived.PARSE_RATE, read_N + 0.0, asked_N, level, cluster_N)]


def _baseline(name, graded_N, right_NC, counts_NR, level):
  """The best constant answer, and how far the model gets beyond it."""
  known_N = ~np.isnan(graded_N) & ~np.isnan(right_NC).all(1)
  n = int(known_N.sum())
  if not n:
    return []
  # What is not known weighs nothing: a selection would copy all resamples.
  drawn_XR = np.where(known_N, np.column_stack(
      [right_NC, graded_N, np.ones(len(graded_N))]).T, 0) @ counts_NR
  size_R = drawn_XR[-1]
  with np.errstate(invalid='ignore', divide='ignore'):
    base_R = drawn_XR[:-2].max(0) / size_R
    beyond_R = drawn_XR[-2] / size_R - base_R
  base = float(right_NC[known_N].T.mean(1).max())
  beyond = float(graded_N[known_N].mean()) - base
  rows = []
  for label, value, draws_R in (
      (f'{name}_baseline', base, base_R),
      (f'{name}_beyond_baseline', beyond, beyond_R)):
    interval = resampling.percentile_interval(draws_R[None], level)
    rows.append((label, value, interval.low[0], interval.high[0], n))
  return rows


def _means(frame, shares, counts_NR, level):
  human_N = stacking.numbers(frame, columns.HUMAN_ENTROPY)
  model_N = stacking.numbers(frame, columns.CHOICE_ENTROPY)
  values = {
      columns.HUMAN_ENTROPY: human_N,
      'model_entropy': model_N,
      'entropy_difference': model_N - human_N,
      measured_distances.TOTAL_VARIATION: distances(shares, total_variation),
      measured_distances.JENSEN_SHANNON: distances(shares, jensen_shannon),
      measured_distances.WASSERSTEIN: _wasserstein(frame, shares)}
  found = []
  values_XN = np.stack(list(values.values()))
  known_XN = ~np.isnan(values_XN)
  alike = grouping.distinct_rows(known_XN)
  drawn_XR = np.vstack(
      [np.nan_to_num(values_XN), known_XN[alike.first_U]]) @ counts_NR
  with np.errstate(invalid='ignore', divide='ignore'):
    draws_XR = drawn_XR[:len(values)] / drawn_XR[len(values):][alike.kind_M]
  for (name, value_N), known_N, draws_R in zip(
      values.items(), known_XN, draws_XR, strict=True):
    n = int(known_N.sum())
    if not n:
      continue
    interval = resampling.percentile_interval(draws_R[None], level)
    found.append((name, float(value_N[known_N].mean()), interval.low[0],
                  interval.high[0], n))
  return (found + _share_correlation(shares, counts_NR, level)
          + _scale_correlation(frame, shares, counts_NR, level))


def _wasserstein(frame, shares):
  """[N] by the way on the scale; NaN for items without one."""
  found_N = np.full(len(frame), np.nan)
  if columns.CHOICE_SCALE not in frame:
    return found_N
  scales = _lists(frame, columns.CHOICE_SCALE)
  known = [i for i, both in enumerate(
      zip(shares.people, shares.model, scales, strict=True))
           if len({-1 if x is None else len(x) for x in both}) == 1
           and both[0] is not None]
  if known:
    found_N[known] = ordinal.wasserstein(
        scale_measures.padded([shares.people[i] for i in known], 0.0),
        scale_measures.padded([shares.model[i] for i in known], 0.0),
        scale_measures.padded([scales[i] for i in known], np.nan))
  return found_N


def _scale_correlation(frame, shares, counts_NR, level):
  """Spearman of mean positions, where all items share one scale."""
  scales = {tuple(v) for v in _lists(frame, columns.CHOICES) if v is not None}
  if len(scales) != 1:
    return []
  position_C = np.arange(len(scales.pop()), dtype=np.float64)
  means_2N = np.full((2, len(frame)), np.nan)
  for some in shares.pairs:
    means_2N[:, some.places] = (
        some.people_IC @ position_C, some.model_IC @ position_C)
  known = np.flatnonzero(~np.isnan(means_2N[0]))
  if len(known) < 3:
    return []
  people_1N, model_1N = means_2N[:, None, known]
  value = ranking.spearman(model_1N, people_1N).rho_MS[0, 0]
  if np.isnan(value):
    return []
  draws_MSR = spearman_draws.bootstrap_spearman(
      model_1N, people_1N, counts_NR[known])
  interval = resampling.percentile_interval(draws_MSR[0], level)
  return [('scale_correlation', float(value), interval.low[0],
           interval.high[0], len(known))]


def _share_correlation(shares, counts_NR, level):
  # Per item: sums of 1, p, q, p², q², pq over its choices, so that a resample
  # is one matrix product.
  moments_6N = np.full((6, len(shares.people)), np.nan)
  for some in shares.pairs:
    p_IC, q_IC = some.people_IC, some.model_IC
    moments_6N[:, some.places] = [np.sum(x, -1) for x in (
        np.ones_like(p_IC), p_IC, q_IC, p_IC * p_IC, q_IC * q_IC, p_IC * q_IC)]
  known = np.flatnonzero(~np.isnan(moments_6N[0]))
  if not len(known):
    return []
  value = _pearson(moments_6N[:, known].sum(1, keepdims=True))[0]
  if np.isnan(value):
    return []
  interval = resampling.percentile_interval(
      _pearson(np.nan_to_num(moments_6N) @ counts_NR)[None], level)
  return [('share_correlation', float(value), interval.low[0],
           interval.high[0], len(known))]


def _pearson(moments_6R):
  n, p, q, pp, qq, pq = moments_6R
  with np.errstate(invalid='ignore', divide='ignore'):
    spread = (n * pp - p ** 2) * (n * qq - q ** 2)
    return np.where(
        spread > 1e-12 * n ** 4, (n * pq - p * q) / np.sqrt(spread), np.nan)


def _n_choices(frame):
  """[N] number of choices; NaN where unknown."""
  counts_N = stacking.numbers(frame, columns.N_CHOICES)
  for column in (columns.CHOICES, columns.HUMAN_SHARES,
                 columns.CHOICE_LOGPROBS):
    if not np.isnan(counts_N).any():
      break
    lengths_N = np.array([
        np.nan if v is None else float(len(v))
        for v in _lists(frame, column)])
    counts_N = np.where(np.isnan(counts_N), lengths_N, counts_N)
  return np.where(counts_N > 0, counts_N, np.nan)


def _lists(frame, column):
  """The column's lists; None where there is none."""
  if column not in frame:
    return [None] * len(frame)
  return [v if isinstance(v, list | tuple | np.ndarray) and len(v) else None
          for v in frame[column]]


def _by_length(lists, places) -> Iterator[list[int]]:
  """The places of lists that are equally long."""
  groups: dict[int, list[int]] = {}
  for i in places:
    groups.setdefault(len(lists[i]), []).append(i)
  yield from groups.values()


def _distributions(lists, *, logarithms: bool):
  found: list[np.ndarray | None] = [None] * len(lists)
  there = [i for i, values in enumerate(lists) if values is not None]
  for places in _by_length(lists, there):
    weights_IC = np.stack([np.asarray(lists[i], np.float64) for i in places])
    if logarithms:
      # Minus infinity is a choice without any mass; without one that has
      # some, or with a NaN, the difference is NaN.
      with np.errstate(invalid='ignore'):
        weights_IC = np.exp(weights_IC - weights_IC.max(-1, keepdims=True))
    total_I1 = weights_IC.sum(-1, keepdims=True)
    good_I = np.isfinite(weights_IC).all(-1) & (total_I1[:, 0] > 0)
    shares_IC = weights_IC / np.where(good_I[:, None], total_I1, 1)
    for i, good, shares_C in zip(places, good_I, shares_IC, strict=True):
      found[i] = shares_C if good else None
  return tuple(found)
