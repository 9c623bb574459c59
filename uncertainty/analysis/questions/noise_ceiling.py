"""How reliable the human signal is, and what alignment it leaves room for.

A measure cannot correlate with a noisy signal beyond the square root of that
signal's reliability. Counts of people are split in two random halves many
times; the halves' correlation, stepped up to full length (Spearman-Brown), is
the reliability.
"""

import dataclasses

import numpy as np
import pandas as pd
import scipy.special

from uncertainty.analysis.scores.scores import ModelItems, Score
from uncertainty.analysis.statistics import ranking, resampling

_MOST_PEOPLE = 500  # where counts are inferred, look no further


@dataclasses.dataclass(frozen=True)
class Counts:
  """People per choice, [N, C] (zero beyond an item's choices)."""

  counts_NC: np.ndarray
  n_choices_N: np.ndarray
  source: str  # given | smallest that fits the printed shares


def people_counts(frame: pd.DataFrame) -> Counts | None:
  """Whole numbers of people behind each choice.

  Where the number of people is not published, the smallest one that fits the
  item's rounded shares stands in (their median where all people agree): fewer
  people mean more noise, so the reliability is then a lower bound.
  """
  if 'human_shares' not in frame:
    return None
  shares = {
      i: q_C for i, s in enumerate(frame['human_shares'])
      if np.ndim(s) == 1 and len(s) > 1
      and (q_C := np.asarray(s, float)).sum() > 0}
  if not shares:
    return None
  kept = list(shares)
  given = (frame['human_count'].to_numpy(float) if 'human_count' in frame
           else np.full(len(frame), np.nan))
  width = max(len(q_C) for q_C in shares.values())
  counts = np.zeros((len(kept), width), int)
  inferred = np.array([
      0 if np.isfinite(given[i]) else smallest_count(q_C)
      for i, q_C in shares.items()])
  usual = int(np.median(inferred[inferred > 0])) if inferred.any() else 0
  for row, (i, q_C) in enumerate(shares.items()):
    n = given[i] if np.isfinite(given[i]) else inferred[row] or usual
    counts[row, :len(q_C)] = np.rint(q_C / q_C.sum() * n).astype(int)
  known = np.isfinite(given[kept]).all()
  return Counts(
      counts, np.array([len(q_C) for q_C in shares.values()]),
      'given' if known else 'smallest that fits the printed shares')


def smallest_count(shares_C: np.ndarray) -> int:
  """Fewest people who could give these shares; 0 where all agree.

  Each share is taken as rounded to the decimals that it shows, at least two.
  """
  if np.max(shares_C) == np.sum(shares_C):
    return 0
  decimals = np.array([next(
      (d for d in (2, 3) if abs(s - round(s, d)) < 1e-9), 4)
                       for s in shares_C])
  n = np.arange(2, _MOST_PEOPLE)[:, None]
  gap = np.abs(np.rint(shares_C * n) / n - shares_C)
  fits = np.all(gap <= .5 * 10.0**-decimals + 1e-9, axis=1)
  return int(n[np.argmax(fits), 0]) if fits.any() else _MOST_PEOPLE


def entropies(counts_NC: np.ndarray, n_choices_N: np.ndarray) -> np.ndarray:
  """[N] entropy of each row of counts over ln K."""
  q = counts_NC / counts_NC.sum(1, keepdims=True)
  return scipy.special.entr(q).sum(1) / np.log(n_choices_N)


def split_half(
    counts: Counts, n_splits: int, seed: int = 0) -> np.ndarray:
  """[S] Spearman-Brown reliability of human entropy, one per random split.

  People are dealt into halves without replacement; items with fewer than
  four people are left out.
  """
  enough = counts.counts_NC.sum(1) >= 4
  people, k_N = counts.counts_NC[enough], counts.n_choices_N[enough]
  rng = np.random.default_rng(seed)
  found = np.empty(n_splits)
  for s in range(n_splits):
    half = _deal_half(people, rng)
    r = ranking.spearman(
        entropies(half, k_N)[None],
        entropies(people - half, k_N)[None]).rho_MS[0, 0]
    found[s] = 2 * r / (1 + r)
  return found


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
    tables: list[ModelItems], n_splits: int = 200, seed: int = 0,
) -> pd.DataFrame:
  """Reliability of human entropy per data set.

  Returns:
    dataset, signal, reliability (mean over splits), low, high (2.5 and 97.5 %
    of splits), ceiling (its square root), n_items, people (median per item),
    count_source.
  """
  rows, done = [], set()
  for table in tables:
    if table.dataset in done:
      continue
    counts = people_counts(table.frame)
    if counts is None or (counts.counts_NC.sum(1) >= 4).sum() < 4:
      continue
    done.add(table.dataset)
    found = split_half(counts, n_splits, seed)
    low, high = np.quantile(found, (.025, .975))
    people = counts.counts_NC.sum(1)
    rows.append((table.dataset, 'human_entropy', found.mean(), low, high,
                 np.sqrt(max(found.mean(), 0)), len(people),
                 float(np.median(people)), counts.source))
  return pd.DataFrame(rows, columns=[
      'dataset', 'signal', 'reliability', 'low', 'high', 'ceiling', 'n_items',
      'people', 'count_source'])


def corrected(
    found: list[Score], ceiling: pd.DataFrame, level: float) -> pd.DataFrame:
  """Alignment divided by the ceiling: what a noiseless signal would show.

  Returns:
    dataset, model, measure, rho, ceiling, corrected_rho, ci_low, ci_high (the
    bootstrap interval divided alike; the ceiling is taken as known), n.
  """
  known = ceiling.set_index('dataset')['ceiling']
  rows = []
  for s in found:
    if s.outcome == 'alignment:human_entropy' and s.dataset in known:
      top = known[s.dataset]
      if top > 0:
        ends = resampling.percentile_interval(s.draws_R, level)
        rows.append((s.dataset, s.model, s.measure, s.value, top,
                     s.value / top, float(ends.low) / top,
                     float(ends.high) / top, s.n))
  return pd.DataFrame(rows, columns=[
      'dataset', 'model', 'measure', 'rho', 'ceiling', 'corrected_rho',
      'ci_low', 'ci_high', 'n'])
