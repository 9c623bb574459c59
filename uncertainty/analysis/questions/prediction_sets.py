"""How many choices does a model need so that its set holds the answer?

Sets of choices by split conformal prediction (Kumar et al. 2023; Ye et al.
2024), for right answers and for people's: does a set grow where people are
divided? Items are halved at random many times; thresholds are taken on one
half and tried on the other, so that each split's coverage is nominal but for
chance whatever the model.
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from uncertainty.analysis.calibration import conformal
from uncertainty.analysis.questions import summary
from uncertainty.analysis.scores import stack as stacking
from uncertainty.analysis.statistics import ranking
from uncertainty.analysis.statistics.parallel import each
from uncertainty.results import columns, derived, scale_measures

N_SPLITS = 100
LEAST_ITEMS = 20  # fewer halves promise nothing at usual levels
_LEAST_STRATUM = 10
SETS = (
    columns.MODEL, columns.DATASET, derived.LABELS, derived.NONCONFORMITY,
    derived.CONDITION, derived.NOMINAL, derived.COVERAGE, derived.COVERAGE_LOW,
    derived.COVERAGE_HIGH, derived.SET_SIZE, derived.EMPTY_SHARE,
    columns.ACCURACY, derived.UACC, columns.RHO, columns.P_VALUE, columns.N,
    derived.N_CALIBRATION)
STRATA = (
    columns.MODEL, columns.DATASET, derived.LABELS, derived.NONCONFORMITY,
    derived.CONDITION, derived.STRATUM_KIND, derived.STRATUM, derived.COVERAGE,
    derived.SET_SIZE, columns.N)


@dataclasses.dataclass(frozen=True)
class Labelled:
  """One model's choices on the items that have labels.

  Attributes:
    labels: `answers` or `people`.
    p_NC: the model's shares of an item's choices, NaN beyond them.
    weights_NC: the labels, summing to 1 in a row; 0 beyond.
    groups_N: an item's group, '' if none.
    effective_N: exp of people's entropy, NaN without shares.
  """

  labels: str
  p_NC: np.ndarray
  weights_NC: np.ndarray
  groups_N: np.ndarray
  effective_N: np.ndarray


# (dataset, model) → its choices, of right answers and of people.
Labels = Mapping[tuple[str, str], Sequence[Labelled]]


@dataclasses.dataclass(frozen=True)
class _Tried:
  """What sets did on the tested halves.

  Attributes:
    coverage_R: of each split.
    size: mean of all sets.
    empty: share of sets without a choice.
    covered_N: mean over the splits that tested an item; NaN if none did.
    size_N: the same of its set's size.
  """

  coverage_R: np.ndarray
  size: float
  empty: float
  covered_N: np.ndarray
  size_N: np.ndarray


def labelled(frame: pd.DataFrame) -> list[Labelled]:
  """One model's choices with right answers, and with people's shares.

  Args:
    frame: its results.

  Returns:
    Those of the two of which `LEAST_ITEMS` items have labels.
  """
  shares = summary.read_shares(frame)
  answer_N = stacking.numbers(frame, columns.ANSWER)
  group_N = np.array([
      g if isinstance(g, str) else '' for g in (
          frame[columns.GROUP] if columns.GROUP in frame
          else [''] * len(frame))], object)
  p_NC, q_NC = (scale_measures.padded(side, np.nan)
                for side in (shares.model, shares.people))
  n_choices_N, n_people_N = (
      (~np.isnan(side_NC)).sum(1) for side_NC in (p_NC, q_NC))
  answers_NC = answer_N[:, None] == np.arange(p_NC.shape[1])
  effective_N = np.where(n_people_N > 0, _effective(q_NC), np.nan)
  found = []
  for labels, kept_N, weights_NC in (
      ('answers', (answers_NC & ~np.isnan(p_NC)).any(1), answers_NC),
      ('people', (n_choices_N > 0) & (n_people_N == n_choices_N),
       np.nan_to_num(q_NC))):
    if kept_N.sum() >= LEAST_ITEMS:
      width = n_choices_N[kept_N].max()
      found.append(Labelled(
          labels, p_NC[kept_N, :width],
          weights_NC[kept_N, :width].astype(np.float64), group_N[kept_N],
          effective_N[kept_N]))
  return found


def _effective(shares_NC: np.ndarray) -> np.ndarray:
  """[N] exp of the shares' entropy; NaN counts as a share of 0."""
  # Choices first: their sum runs over whole rows of items.
  some_CN = np.where(shares_NC > 0, shares_NC, 1).T
  return np.exp(-np.sum(some_CN * np.log(some_CN), 0))


def of_models(stacks: Sequence[stacking.Stack]) -> Labels:
  """`labelled` of every model on every data set.

  Args:
    stacks: the data sets.

  Returns:
    (dataset, model) → its choices.
  """
  frames = {(stack.dataset, model): frame for stack in stacks
            for model, frame in stack.frames.items()}
  return dict(zip(frames, each(labelled, list(frames.values())), strict=True))


def tables(labels: Labels, coverage: float, seed: int,
           ) -> dict[str, pd.DataFrame]:
  """Sets of every model, for both labels, three scores and three conditions.

  Args:
    labels: of `of_models`.
    coverage: nominal, of the sets.
    seed: of the splits, the same for all models of a data set, and of APS.

  Returns:
    `sets` with the columns `SETS` and `sets_by_group` with `STRATA`; empty
    where no items have labels enough.
  """
  found = each(lambda one: _of_model(*one, labels[one], coverage, seed),
               list(labels))
  sets, strata = ([row for rows in side for row in rows]
                  for side in (zip(*found, strict=True) if found
                               else ((), ())))
  return {'sets': pd.DataFrame(sets, columns=list(SETS)),
          'sets_by_group': pd.DataFrame(strata, columns=list(STRATA))}


def _of_model(
    dataset: str, model: str, choices: Sequence[Labelled], coverage: float,
    seed: int,
) -> tuple[list[tuple], list[tuple]]:
  """One model's rows of `SETS` and of `STRATA`."""
  sets, strata = [], []
  for data in choices:
    rng = np.random.default_rng(seed)
    splits_RN = conformal.split_items(len(data.p_NC), N_SPLITS, rng)
    uniform_N = rng.uniform(size=len(data.p_NC))
    for score in conformal.SCORES:
      scores_NC = conformal.nonconformity(data.p_NC, score, uniform_N)
      for condition, tried in _conditions(
          data, scores_NC, splits_RN, coverage):
        key = (model, dataset, data.labels, score, condition)
        sets.append((
            *key, coverage, *_summary(data, tried), len(data.p_NC),
            int(splits_RN[0].sum())))
        strata += [(*key, *row) for row in _by_stratum(data, tried)]
  return sets, strata


def _conditions(
    data: Labelled, scores_NC: np.ndarray, splits_RN: np.ndarray,
    coverage: float) -> Iterator[tuple[str, _Tried]]:
  n_items, n_choices = scores_NC.shape

  def q_R(weights_NC):
    return conformal.thresholds(scores_NC, weights_NC, splits_RN, coverage)

  q_R11 = q_R(data.weights_NC)[:, None, None]
  yield 'marginal', _tried(data, scores_NC, splits_RN, q_R11)
  if data.labels == 'answers':  # a person's answer has no one class
    q_R1C = np.stack([
        q_R(np.where(np.arange(n_choices) == c, data.weights_NC, 0))
        for c in range(n_choices)], -1)[:, None, :]
    yield 'class', _tried(data, scores_NC, splits_RN, q_R1C)
  groups = sorted(set(data.groups_N))
  if len(groups) > 1:
    q_RN1 = np.empty((len(splits_RN), n_items, 1))
    for group in groups:
      inside_N = data.groups_N == group
      q_RN1[:, inside_N, 0] = q_R(
          np.where(inside_N[:, None], data.weights_NC, 0))[:, None]
    yield 'group', _tried(data, scores_NC, splits_RN, q_RN1)


def _tried(data: Labelled, scores_NC: np.ndarray, splits_RN: np.ndarray,
           q_Rxx: np.ndarray) -> _Tried:
  """Sets at a threshold for each split, broadcast over items and choices."""
  tested_N = (~splits_RN).sum(0)
  # Choices first: sums over them run over whole rows of items.
  scores_CN, weights_CN = (
      np.ascontiguousarray(x_NC.T) for x_NC in (scores_NC, data.weights_NC))
  covered_N, size_N = np.zeros(len(tested_N)), np.zeros(len(tested_N))
  coverage_R, empty = np.empty(len(splits_RN)), 0
  for r, tested in enumerate(~splits_RN):
    inside_CN = (scores_CN <= q_Rxx[r].T) & tested
    covered = (inside_CN * weights_CN).sum(0)
    size = inside_CN.sum(0)
    covered_N += covered
    size_N += size
    coverage_R[r] = covered.sum() / tested.sum()
    empty += ((size == 0) & tested).sum()
  with np.errstate(invalid='ignore', divide='ignore'):
    return _Tried(coverage_R, float(size_N.sum() / tested_N.sum()),
                  float(empty / tested_N.sum()), covered_N / tested_N,
                  size_N / tested_N)


def _summary(data: Labelled, tried: _Tried) -> tuple[float, ...]:
  """From coverage to the p-value, in the order of `SETS`."""
  rows = np.arange(len(data.p_NC))
  accuracy = float(
      data.weights_NC[rows, np.nanargmax(data.p_NC, 1)].mean())
  root = float(np.sqrt((~np.isnan(data.p_NC)).sum(1)).mean())
  known_N = ~(np.isnan(data.effective_N) | np.isnan(tried.size_N))
  rho, p_value = np.nan, np.nan
  if known_N.sum() > 2:
    found = ranking.spearman(
        tried.size_N[known_N][None], data.effective_N[known_N][None])
    rho, p_value = found.rho_MS[0, 0], found.p_value_MS[0, 0]
  low, high = np.quantile(tried.coverage_R, (.025, .975))
  uacc = accuracy / tried.size * root if tried.size else np.nan
  return (float(tried.coverage_R.mean()), float(low), float(high), tried.size,
          tried.empty, accuracy, uacc, float(rho), float(p_value))


def _by_stratum(data: Labelled, tried: _Tried) -> Iterator[tuple]:
  """Rows of `STRATA` from the kind of stratum on."""
  strata = [('group', group, data.groups_N == group)
            for group in sorted(set(data.groups_N)) if group]
  if data.labels == 'answers':
    label_N = data.weights_NC.argmax(1)
    strata += [('class', str(c), label_N == c)
               for c in range(data.weights_NC.shape[1])]
  for kind, name, inside_N in strata:
    inside_N = inside_N & ~np.isnan(tried.size_N)
    if inside_N.sum() >= _LEAST_STRATUM:
      yield (kind, name, float(tried.covered_N[inside_N].mean()),
             float(tried.size_N[inside_N].mean()), int(inside_N.sum()))
