"""How many people stand behind each choice, and what their entropy is."""

import dataclasses
from collections.abc import Mapping

import numpy as np
import pandas as pd

from uncertainty.analysis.scores.stack import numbers
from uncertainty.analysis.statistics import entropy
from uncertainty.results import columns
from uncertainty.specs import StudySpec

_MOST_PEOPLE = 500  # where counts are inferred, look no further

Results = Mapping[tuple[str, str], pd.DataFrame]


@dataclasses.dataclass(frozen=True)
class Counts:
  """People behind each choice of the items that have shares.

  Attributes:
    items_N: their rows in the table.
    counts_NC: zero beyond an item's choices.
    n_choices_N: K of each.
    published: whether all numbers of people are; else each unknown one is the
      smallest that fits the item's rounded shares.
  """

  items_N: np.ndarray
  counts_NC: np.ndarray
  n_choices_N: np.ndarray
  published: bool


def counts(frame: pd.DataFrame) -> Counts | None:
  """Whole numbers of people behind each choice.

  Where the number of people is not published, the smallest one that fits the
  item's rounded shares stands in (their median where all people agree).

  Args:
    frame: a results table.

  Returns:
    The counts; None where no item has shares.
  """
  if columns.HUMAN_SHARES not in frame:
    return None
  shares = {
      i: q_C for i, s in enumerate(frame[columns.HUMAN_SHARES])
      if np.ndim(s) == 1 and len(s) > 1
      and (q_C := np.asarray(s, float)).sum() > 0}
  if not shares:
    return None
  items_N = np.array(list(shares))
  given_N = numbers(frame, columns.HUMAN_COUNT)[items_N]
  known_N = given_N >= 1
  inferred_N = np.array([
      0 if known else smallest_count(q_C)
      for known, q_C in zip(known_N, shares.values(), strict=True)])
  usual = int(np.median(inferred_N[inferred_N > 0])) if inferred_N.any() else 0
  n_choices_N = np.array([len(q_C) for q_C in shares.values()])
  counts_NC = np.zeros((len(items_N), n_choices_N.max()), int)
  for row, q_C in enumerate(shares.values()):
    n = given_N[row] if known_N[row] else inferred_N[row] or usual
    counts_NC[row, :len(q_C)] = np.rint(q_C / q_C.sum() * n)
  published = bool(known_N.all() and counts_NC.any(1).all())
  return Counts(items_N, counts_NC, n_choices_N, published)


def smallest_count(shares_C: np.ndarray) -> int:
  """Fewest people who could give these shares; 0 where all agree.

  Each share is taken as rounded to the decimals that it shows, at least two.

  Args:
    shares_C: share of people behind each choice.

  Returns:
    People, at most 500.
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


def estimated(results: Results, spec: StudySpec) -> Results:
  """Results with people's entropy estimated as the study asks.

  Args:
    results: (dataset, model) → one row per item, `human_entropy` the plain
      one of the shares.
    spec: of `analysis.human_entropy` and `mode`.

  Returns:
    The same. `human_entropy` is the estimate in data sets whose items all
    have their number of people published; the plain one stays in the others,
    and everywhere in reproduction mode.
  """
  if estimator_of(spec, published=True) == 'plain':
    return results
  people = _people(results)
  used = _used(results, people, spec)
  estimates: dict[int, np.ndarray] = {}
  replaced = {}
  for key, frame in results.items():
    found = people[key]
    if found is not None and used[key[0]] != 'plain':
      if id(found) not in estimates:
        estimates[id(found)] = entropy.normalised(
            found.counts_NC, found.n_choices_N, used[key[0]])
      entropy_N = numbers(frame, columns.HUMAN_ENTROPY).copy()
      entropy_N[found.items_N] = estimates[id(found)]
      frame = frame.assign(**{columns.HUMAN_ENTROPY: entropy_N})
    replaced[key] = frame
  return replaced


def estimators(results: Results, spec: StudySpec) -> dict[str, str]:
  """Which estimate of people's entropy `estimated` gives each data set.

  Args:
    results: (dataset, model) → one row per item.
    spec: of `analysis.human_entropy` and `mode`.

  Returns:
    Data set → a key of `entropy.ESTIMATORS`.
  """
  return _used(results, _people(results), spec)


def agreed(results: Results, spec: StudySpec) -> Results:
  """Results with one definition of agreement under ties.

  A choice agrees with people if none is commoner: any of the tied commonest
  counts, as when scoring. The paper's files count the first listed only, which
  depends on the order of the choices.

  Args:
    results: (dataset, model) → one row per item.
    spec: of `mode`; reproduction keeps the paper's.

  Returns:
    The same, `agrees` made anew where people's shares and the model's
    prediction are known.
  """
  if spec.mode == 'reproduction':
    return results
  found = {}
  for key, frame in results.items():
    if {columns.HUMAN_SHARES, columns.PREDICTION} <= set(frame):
      agrees_N = numbers(frame, columns.AGREES).copy()
      chosen_N = numbers(frame, columns.PREDICTION)
      for i, shares in enumerate(frame[columns.HUMAN_SHARES]):
        if np.ndim(shares) == 1 and 0 <= chosen_N[i] < len(shares):
          agrees_N[i] = shares[int(chosen_N[i])] == max(shares)
      frame = frame.assign(**{columns.AGREES: agrees_N})
    found[key] = frame
  return found


def estimator_of(spec: StudySpec, *, published: bool) -> str:
  """Which estimate of people's entropy a data set gets.

  Args:
    spec: of `analysis.human_entropy` and `mode`.
    published: whether the data set's numbers of people are.

  Returns:
    A key of `entropy.ESTIMATORS`.
  """
  if spec.mode == 'reproduction' or not published:
    return 'plain'
  return spec.analysis.human_entropy


def _all_counted(frame: pd.DataFrame, people: Counts | None) -> bool:
  """Whether every item that has an entropy has its number of people."""
  entropy_N = numbers(frame, columns.HUMAN_ENTROPY).copy()
  if people is not None:
    entropy_N[people.items_N] = np.nan
  return bool(np.isnan(entropy_N).all()) and (
      people is None or people.published)


def _used(
    results: Results, people: Mapping[tuple[str, str], Counts | None],
    spec: StudySpec) -> dict[str, str]:
  """Data set → estimator: the plain one where not all people are counted."""
  used = dict.fromkeys(
      (dataset for dataset, _ in results), estimator_of(spec, published=True))
  for key, frame in results.items():
    if not _all_counted(frame, people[key]):
      used[key[0]] = 'plain'
  return used


def _people(results: Results) -> dict[tuple[str, str], Counts | None]:
  """Counts of each table; tables with the same people share them."""
  counted, seen = {}, {}
  for key, frame in results.items():
    shares = frame.get(columns.HUMAN_SHARES, ())
    own = ([q.tolist() if isinstance(q, np.ndarray) else q for q in shares],
           numbers(frame, columns.HUMAN_COUNT).tobytes())
    known = seen.setdefault(key[0], [])
    first = next((first for first, theirs in known if theirs == own), None)
    if first is None:
      known.append((key, own))
      counted[key] = counts(frame)
    else:
      counted[key] = counted[first]
  return counted
