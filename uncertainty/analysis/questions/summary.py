"""One model on one data set in a few numbers, with intervals."""

import dataclasses

import numpy as np
import pandas as pd
import scipy.special

from uncertainty.analysis.calibration import reliability
from uncertainty.analysis.scores import stack as stacking
from uncertainty.analysis.statistics import ranking, resampling

COLUMNS = (
    'model', 'dataset', 'n_items', 'statistic', 'value', 'ci_low', 'ci_high',
    'n')


@dataclasses.dataclass(frozen=True)
class Shares:
  """Choice shares of people and of the model, ragged over items.

  Attributes:
    people: per item [C] shares summing to 1, or None.
    model: per item [C] shares summing to 1, or None.
  """

  people: tuple[np.ndarray | None, ...]
  model: tuple[np.ndarray | None, ...]


def read_shares(frame: pd.DataFrame) -> Shares:
  """Shares out of `human_shares` and `choice_logprobs`, renormalised.

  What is missing, empty or not finite is None.
  """
  return Shares(
      tuple(_distribution(v, logarithms=False)
            for v in _lists(frame, 'human_shares')),
      tuple(_distribution(v, logarithms=True)
            for v in _lists(frame, 'choice_logprobs')))


def total_variation(p_C: np.ndarray, q_C: np.ndarray) -> float:
  """Half the sum of absolute differences: 0 equal, 1 disjoint."""
  return float(np.abs(p_C - q_C).sum() / 2)


def jensen_shannon(p_C: np.ndarray, q_C: np.ndarray) -> float:
  """Jensen-Shannon divergence in bits: 0 equal, 1 disjoint (Lin 1991)."""
  middle = (p_C + q_C) / 2
  nats = (scipy.special.rel_entr(p_C, middle).sum()
          + scipy.special.rel_entr(q_C, middle).sum()) / 2
  return float(nats / np.log(2))


def summary_table(
    stack: stacking.Stack, counts_NR: np.ndarray, *, level: float
) -> pd.DataFrame:
  """Statistics of every model on one data set, `COLUMNS`.

  `accuracy` is against right answers, `agreement` against people's commonest
  choice, `fr_accuracy`, `verbal_accuracy` and `sample_accuracy` are of
  written answers, `parse_rate` is the share of stated confidences that could
  be read: shares with Wilson's interval. `*_chance` is the mean of 1/K;
  `*_baseline` always gives the one position that is right (or commonest) most
  often; `*_beyond_baseline` is the difference, with the baseline chosen anew
  in every resample. Then mean entropies, mean distances between the model's
  and people's shares, and `share_correlation`, Pearson's over all choices of
  all items. Statistics that do not apply have no row.
  """
  counts_NR = np.ascontiguousarray(counts_NR, np.float64)
  rows = []
  for model, frame in stack.frames.items():
    found = _shares_right(frame, counts_NR, level)
    found += _means(frame, counts_NR, level)
    present = frame.notna().any(axis=1).sum()
    rows += [(model, stack.dataset, present, *row) for row in found]
  return pd.DataFrame(rows, columns=list(COLUMNS))


def _shares_right(frame, counts_NR, level):
  chance_N = 1 / _n_choices(frame)
  people = read_shares(frame).people
  commonest_N = np.array(
      [np.nan if p is None else float(np.argmax(p)) for p in people])
  found = _parse_rate(frame, level)
  for name, column, target_N in (
      ('accuracy', 'correct', stacking.numbers(frame, 'answer')),
      ('agreement', 'agrees', commonest_N),
      ('fr_accuracy', 'fr_correct', None),
      ('verbal_accuracy', 'verbal_correct', None),
      ('sample_accuracy', 'sample_correct', None)):
    graded_N = stacking.numbers(frame, column)
    known_N = ~np.isnan(graded_N)
    n = int(known_N.sum())
    if not n:
      continue
    right = float(np.nansum(graded_N))
    interval = reliability.wilson(
        np.array([right]), np.array([n]), level)
    found.append((name, right / n, interval.low[0], interval.high[0], n))
    if target_N is None:
      continue
    if np.any(known_N & ~np.isnan(chance_N)):
      found.append((f'{name}_chance', float(np.nanmean(chance_N[known_N])),
                    np.nan, np.nan, n))
    found += _baseline(name, graded_N, target_N, counts_NR, level)
  return found


def _parse_rate(frame, level):
  """How many of the answers state a confidence that could be read."""
  if 'verbal_confidence' not in frame:
    return []
  asked_N = frame.notna().any(axis=1).to_numpy()
  read = ~np.isnan(stacking.numbers(frame, 'verbal_confidence')[asked_N])
  n = len(read)
  interval = reliability.wilson(np.array([read.sum()]), np.array([n]), level)
  return [('parse_rate', float(read.mean()), interval.low[0],
           interval.high[0], n)]


def _baseline(name, graded_N, target_N, counts_NR, level):
  """The best constant answer, and how far the model gets beyond it."""
  known_N = ~np.isnan(graded_N) & ~np.isnan(target_N)
  n = int(known_N.sum())
  if not n:
    return []
  positions = np.unique(target_N[known_N])
  hits_PN = target_N[known_N] == positions[:, None]
  weights_NR = counts_NR[known_N]
  size_R = weights_NR.sum(0)
  with np.errstate(invalid='ignore', divide='ignore'):
    base_R = (hits_PN.astype(np.float64) @ weights_NR).max(0) / size_R
    beyond_R = graded_N[known_N] @ weights_NR / size_R - base_R
  base = float(hits_PN.mean(1).max())
  beyond = float(graded_N[known_N].mean()) - base
  rows = []
  for label, value, draws_R in (
      (f'{name}_baseline', base, base_R),
      (f'{name}_beyond_baseline', beyond, beyond_R)):
    interval = resampling.percentile_interval(draws_R[None], level)
    rows.append((label, value, interval.low[0], interval.high[0], n))
  return rows


def _means(frame, counts_NR, level):
  shares = read_shares(frame)
  both = [(p, q) if p is not None and q is not None and len(p) == len(q)
          else None for p, q in zip(shares.people, shares.model, strict=True)]
  human_N = stacking.numbers(frame, 'human_entropy')
  model_N = stacking.numbers(frame, 'mc_choice_entropy')
  values = {
      'human_entropy': human_N,
      'model_entropy': model_N,
      'entropy_difference': model_N - human_N,
      'total_variation': _each(both, total_variation),
      'jensen_shannon': _each(both, jensen_shannon)}
  found = []
  for name, value_N in values.items():
    known_N = ~np.isnan(value_N)
    n = int(known_N.sum())
    if not n:
      continue
    weights_NR = counts_NR[known_N]
    with np.errstate(invalid='ignore', divide='ignore'):
      draws_R = value_N[known_N] @ weights_NR / weights_NR.sum(0)
    interval = resampling.percentile_interval(draws_R[None], level)
    found.append((name, float(value_N[known_N].mean()), interval.low[0],
                  interval.high[0], n))
  return (found + _share_correlation(both, counts_NR, level)
          + _scale_correlation(frame, both, counts_NR, level))


def _scale_correlation(frame, both, counts_NR, level):
  """Spearman of mean positions, where all items share one scale."""
  scales = {tuple(v) for v in _lists(frame, 'choices') if v is not None}
  known = [i for i, pair in enumerate(both) if pair is not None]
  if len(scales) != 1 or len(known) < 3:
    return []
  position_C = np.arange(len(scales.pop()), dtype=np.float64)
  people_1N, model_1N = np.array(
      [[pair @ position_C for pair in both[i]] for i in known]).T[:, None]
  value = ranking.spearman(model_1N, people_1N).rho_MS[0, 0]
  if np.isnan(value):
    return []
  draws_MSR = ranking.bootstrap_spearman(model_1N, people_1N, counts_NR[known])
  interval = resampling.percentile_interval(draws_MSR[0], level)
  return [('scale_correlation', float(value), interval.low[0],
           interval.high[0], len(known))]


def _share_correlation(both, counts_NR, level):
  known = [i for i, pair in enumerate(both) if pair is not None]
  if not known:
    return []
  # Per item: sums of 1, p, q, p², q², pq over its choices, so that a resample
  # is one matrix product.
  moments_6N = np.array([
      (len(p), p.sum(), q.sum(), p @ p, q @ q, p @ q)
      for p, q in (both[i] for i in known)]).T
  value = _pearson(moments_6N.sum(1, keepdims=True))[0]
  if np.isnan(value):
    return []
  interval = resampling.percentile_interval(
      _pearson(moments_6N @ counts_NR[known])[None], level)
  return [('share_correlation', float(value), interval.low[0],
           interval.high[0], len(known))]


def _pearson(moments_6R):
  n, p, q, pp, qq, pq = moments_6R
  with np.errstate(invalid='ignore', divide='ignore'):
    spread = (n * pp - p ** 2) * (n * qq - q ** 2)
    return np.where(
        spread > 1e-12 * n ** 4, (n * pq - p * q) / np.sqrt(spread), np.nan)


def _each(both, distance):
  return np.array(
      [np.nan if pair is None else distance(*pair) for pair in both])


def _n_choices(frame):
  """[N] number of choices; NaN where unknown."""
  counts_N = stacking.numbers(frame, 'n_choices')
  for column in ('choices', 'human_shares', 'choice_logprobs'):
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


def _distribution(values, *, logarithms: bool):
  if values is None:
    return None
  weights_C = np.asarray(values, np.float64)
  if logarithms:
    # Minus infinity is a choice without any mass.
    if np.isnan(weights_C).any() or not np.isfinite(weights_C.max()):
      return None
    weights_C = np.exp(weights_C - weights_C.max())
  if not np.isfinite(weights_C).all() or weights_C.sum() <= 0:
    return None
  return weights_C / weights_C.sum()
