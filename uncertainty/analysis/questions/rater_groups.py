"""Whose doubt does a model share? Groups of raters, each against all others.

Where it is known who gave which answer and to which groups they belong, the
model is held against each group's own shares: does its entropy rise where the
group's does (alignment), and how far are its shares from theirs (divergence)?

A small group's entropies and shares are noisier than a large one's, which
alone lowers alignment and raises divergence. So a difference between a group
and all others is taken beyond what groups of as many raters show when the
labels are dealt anew among raters, and its p is of that deal: if labels say
nothing, every deal is as likely. The interval resamples items and, within
group and rest, raters.

This is a table. No claim is made of it: what its p is worth is held against
simulated raters in its test, for one model and one group at a time.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np
import pandas as pd

from uncertainty.analysis.questions import summary
from uncertainty.analysis.scores.scores import ModelItems
from uncertainty.analysis.statistics import entropy, multiplicity, ranking
from uncertainty.measures import distances
from uncertainty.results import columns, derived, raters, scale_measures

_LEAST_RATERS = 4  # of an item, in a group
_LEAST_ITEMS = 10
_MOST_DEALS = 200
ALIGNMENT, DIVERGENCE = derived.ALIGNMENT, distances.JENSEN_SHANNON
COLUMNS = (
    columns.DATASET, columns.MODEL, derived.GROUPING, derived.RATER_GROUP,
    derived.STATISTIC, columns.VALUE, derived.REST, derived.DIFFERENCE,
    columns.CI_LOW, columns.CI_HIGH, columns.P_VALUE, columns.P_BH, columns.N,
    derived.N_RATERS)


@dataclasses.dataclass(frozen=True)
class Answers:
  """Choices of known people, one entry a person and item.

  Attributes:
    cells_A: item · C + choice of each answer.
    raters_A: who gave it, from 0.
    n_items: N.
    n_choices: C, of the item with most.
    k_N: choices of each item.
  """

  cells_A: np.ndarray
  raters_A: np.ndarray
  n_items: int
  n_choices: int
  k_N: np.ndarray

  def counts(self, weights_P: np.ndarray) -> np.ndarray:
    """People behind each choice, each person counted so often.

    Args:
      weights_P: of every rater.

    Returns:
      [N, C].
    """
    return np.bincount(
        self.cells_A, weights_P[self.raters_A],
        self.n_items * self.n_choices).reshape(self.n_items, self.n_choices)


def deals(n_draws: int) -> int:
  """How often labels are dealt: p is no less than 1 / (deals + 1).

  Args:
    n_draws: the study's bootstrap draws.

  Returns:
    As many, up to 200: a deal costs as much as the table itself.
  """
  return min(n_draws, _MOST_DEALS)


def rater_groups(tables: Sequence[ModelItems], *, level: float, n_draws: int,
                 seed: int) -> pd.DataFrame:
  """Each group of raters against all others, for every model.

  Args:
    tables: models' items.
    level: of intervals.
    n_draws: deals and resamples, of which no more than `deals` are made.
    seed: of both.

  Returns:
    `COLUMNS`: a row per data set, model, kind of group, group and statistic
    (`alignment`: Spearman's of the model's choice entropy with the group's;
    `jensen_shannon`: mean divergence of their shares, bits). `p_bh` is
    corrected within data set, model and statistic. Empty where groups are not
    known.
  """
  rows: list[tuple] = []
  for table in tables:
    found = raters.read(table.frame)
    if found is None or not found.groups:
      continue
    answers, known_A = _answers(found, table.frame)
    shares = summary.read_shares(table.frame).model
    model = _Model(
        table.frame[columns.CHOICE_ENTROPY].to_numpy(float)
        if columns.CHOICE_ENTROPY in table.frame
        else np.full(answers.n_items, np.nan),
        _shares(shares, answers.n_choices))
    for grouping, labels_N in found.groups.items():
      labels_P = _of_raters(labels_N[known_A], answers)
      for group in sorted(set(labels_P) - {''}):
        rows += [
            (table.dataset, table.model, grouping, group, *row)
            for row in compare(
                answers, model.entropy_N, model.shares_NC,
                labels_P[labels_P != ''] == group, np.flatnonzero(
                    labels_P != ''), level=level,
                n_draws=deals(n_draws), seed=seed)]
  out = pd.DataFrame(rows, columns=[c for c in COLUMNS if c != columns.P_BH])
  return multiplicity.with_corrected(out, (
      columns.DATASET, columns.MODEL, derived.STATISTIC))[list(COLUMNS)]


@dataclasses.dataclass(frozen=True)
class _Model:
  entropy_N: np.ndarray
  shares_NC: np.ndarray


def _answers(found: raters.Ratings, frame: pd.DataFrame
             ) -> tuple[Answers, np.ndarray]:
  """Answers of people who are known; which of all answers they are."""
  known_A = (found.raters_N >= 0) & (found.choices_N >= 0)
  k_N = np.maximum(frame[columns.N_CHOICES].to_numpy(int), 2)
  width = int(k_N.max())
  return Answers(
      found.items_N[known_A] * width + found.choices_N[known_A],
      found.raters_N[known_A], len(frame), width, k_N), known_A


def _of_raters(labels_A: np.ndarray, answers: Answers) -> np.ndarray:
  """[P] each rater's group, as their last answer has it."""
  labels_P = np.full(answers.raters_A.max(initial=-1) + 1, '', object)
  labels_P[answers.raters_A] = labels_A
  return labels_P.astype(str)


def _shares(shares: Sequence[np.ndarray | None], width: int) -> np.ndarray:
  """[N, C] the model's shares; a row of NaN where it has none."""
  out_NC = scale_measures.padded(shares, 0.0)
  out_NC = np.pad(out_NC, ((0, 0), (0, max(0, width - out_NC.shape[1]))))
  out_NC[[q is None for q in shares]] = np.nan
  return out_NC[:, :width]


def compare(
    answers: Answers, entropy_N: np.ndarray, shares_NC: np.ndarray,
    inside_L: np.ndarray, labelled_L: np.ndarray, *, level: float,
    n_draws: int, seed: int) -> list[tuple]:
  """One group of raters against all others that have a label.

  Args:
    answers: of all raters.
    entropy_N: the model's choice entropy; NaN where missing.
    shares_NC: the model's shares; NaN where missing.
    inside_L: of the labelled raters, whether each is in the group.
    labelled_L: their numbers.
    level: of the interval.
    n_draws: deals, and resamples.
    seed: of both.

  Returns:
    A row a statistic: name, the group's value, the others', their difference
    beyond chance, its interval, p, items, raters of the group. Empty where
    fewer than 10 items have 4 raters on either side.
  """
  rng = np.random.default_rng(seed)
  n_raters = answers.raters_A.max(initial=-1) + 1

  def sides(inside: np.ndarray, weights_L: np.ndarray) -> list[np.ndarray]:
    both = []
    for chosen in (inside, ~inside):
      weights_P = np.zeros(n_raters)
      weights_P[labelled_L] = weights_L * chosen
      both.append(answers.counts(weights_P))
    return both

  once_L = np.ones(len(labelled_L))
  observed = sides(inside_L, once_L)
  kept = np.flatnonzero(
      np.all([c.sum(1) >= _LEAST_RATERS for c in observed], 0)
      & ~np.isnan(entropy_N) & ~np.isnan(shares_NC).any(1))
  if len(kept) < _LEAST_ITEMS:
    return []

  def statistics(both: Sequence[np.ndarray], items: np.ndarray) -> np.ndarray:
    """Of each side, [side, statistic]."""
    return np.array([_statistics(
        c[items], answers.k_N[items], entropy_N[items], shares_NC[items])
                     for c in both])

  value_SX = statistics(observed, kept)
  dealt, resampled = [], []
  for _ in range(n_draws):
    dealt.append(_difference(statistics(
        sides(rng.permutation(inside_L), once_L), kept)))
    weights_L = np.zeros(len(labelled_L))
    for side in (inside_L, ~inside_L):
      places = np.flatnonzero(side)
      weights_L[places] = rng.multinomial(
          len(places), np.full(len(places), 1 / len(places)))
    resampled.append(_difference(statistics(
        sides(inside_L, weights_L), rng.choice(kept, len(kept)))))
  return [
      (name, value_SX[0, x], value_SX[1, x],
       *_verdict(_difference(value_SX)[x], np.array(dealt)[:, x],
                 np.array(resampled)[:, x], level),
       len(kept), int(inside_L.sum()))
      for x, name in enumerate((ALIGNMENT, DIVERGENCE))]


def _difference(value_SX: np.ndarray) -> np.ndarray:
  return value_SX[0] - value_SX[1]


def _statistics(counts_NC: np.ndarray, k_N: np.ndarray, entropy_N: np.ndarray,
                shares_NC: np.ndarray) -> np.ndarray:
  """[2] alignment and divergence over the items that someone answered."""
  some_N = counts_NC.sum(1) > 0
  counts_NC = counts_NC[some_N]
  # Rounded, so that equal shares in another order tie.
  people_N = entropy.normalised(counts_NC, k_N[some_N], 'plain').round(12)
  rho = ranking.spearman(entropy_N[some_N][None], people_N[None]).rho_MS[0, 0]
  apart_N = summary.jensen_shannon(
      counts_NC / counts_NC.sum(1, keepdims=True), shares_NC[some_N])
  return np.array([rho, apart_N.mean()])


def _verdict(difference: float, dealt_R: np.ndarray, resampled_R: np.ndarray,
             level: float) -> tuple[float, float, float, float]:
  """The difference beyond chance, its interval, and p of the deals.

  All are missing where the difference is, such as the alignment with a group
  that never disagrees. A deal without a difference counts as one as far.
  """
  if np.isnan(difference) or np.isnan(dealt_R).all():
    return np.nan, np.nan, np.nan, np.nan
  chance = float(np.nanmean(dealt_R))
  beyond = difference - chance
  nearer = np.abs(dealt_R - chance) < abs(beyond) - 1e-12
  p_value = (1 + int((~nearer).sum())) / (1 + len(dealt_R))
  ends = np.nanquantile(
      resampled_R - np.nanmean(resampled_R),
      [(1 - level) / 2, (1 + level) / 2])
  return (beyond, beyond + float(ends[0]), beyond + float(ends[1]),
          float(p_value))
