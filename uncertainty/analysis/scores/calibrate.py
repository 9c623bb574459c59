"""Calibration of every measure under every confidence map, with its draws.

Computed once per data set: `questions.calibrated` turns it into tables, and
`scores` takes its AUROC with the draws from it.
"""

import dataclasses
from collections.abc import Callable, Iterator

import numpy as np

from uncertainty.analysis.calibration import (
  bootstrap,
  calibration_tests,
  confidence_maps,
  errors,
)
from uncertainty.analysis.scores import stack as stacking
from uncertainty.analysis.statistics import grouping
from uncertainty.results import derived

RANKING = 'none'  # the map of metrics that only look at the order
PAPER = 'paper'
_N_FOLDS = 10


@dataclasses.dataclass(frozen=True)
class Curved:
  """What reliability curves are drawn from, rows as in `Calibrated`."""

  confidence_MN: np.ndarray
  correct_MN: np.ndarray
  binnings: bootstrap.Binnings


@dataclasses.dataclass(frozen=True)
class Calibrated:
  """One confidence map against one grade.

  Attributes:
    grade: the results column that confidence is held against.
    confidence_map: a key of `MAPS`, or `RANKING`.
    rows: which rows of the stack, [M].
    own_M: whether the grade is the one that the measure is about; False only
      for what reproduces the paper.
    estimates: metric → values and intervals of these rows; `draws` of
      AUROC.
    curved: None for `RANKING`.
  """

  grade: str
  confidence_map: str
  rows: np.ndarray
  own_M: np.ndarray
  estimates: bootstrap.Estimates
  curved: Curved | None


def calibrate(
    stack: stacking.Stack, counts_NR: np.ndarray, *, level: float,
    n_bins: int = 15, seed: int = 0, reproduction: bool = False,
) -> Iterator[Calibrated]:
  """Every confidence map against every grade of one data set.

  Args:
    stack: the data set.
    counts_NR: resamples of its items.
    level: nominal coverage of the intervals.
    n_bins: of the width and mass binnings.
    seed: of the folds behind the learned confidence maps.
    reproduction: also what the paper did: free response held against the
      multiple choice's grade, and a sweep that splits ties (value only).

  Yields:
    Per grade: the ranking metrics, then each map. Measures that a map has no
    formula for are not among its rows. One at a time, so that the arrays over
    items of only one are in memory.
  """
  paper_MN = stacking.paper_confidence(stack)
  uncertainty_MN = stack.uncertainty()
  mapped_M = np.array([_has_map(row.measure) for row in stack.rows], bool)
  own = stacking.correctness(stack)
  grades = stacking.correctness(stack, reproduction=reproduction)
  for name, (rows, correct_MN) in grades.items():
    certainty_MN = -uncertainty_MN[rows]
    own_M = np.isin(rows, own[name][0] if name in own else [])
    once = grouping.distinct_rows(certainty_MN, correct_MN)
    ranks = bootstrap.rank_estimates(
        certainty_MN[once.first_U], correct_MN[once.first_U], counts_NR,
        level=level, with_draws=(derived.AUROC,))
    yield Calibrated(name, RANKING, rows, own_M, ranks.of(once.kind_M), None)
    for map_name, fit in MAPS.items():
      fits = (mapped_M[rows] if map_name == PAPER
              else np.full(len(rows), True))
      chosen = rows[fits]
      if not len(chosen):
        continue
      given = paper_MN[chosen], certainty_MN[fits], correct_MN[fits]
      once = grouping.distinct_rows(*given)
      paper_UN, certainty_UN, grade_UN = (x[once.first_U] for x in given)
      confidence_UN = fit(paper_UN, certainty_UN, grade_UN, seed)
      binnings = bootstrap.choose_binnings(confidence_UN, grade_UN, n_bins)
      found = bootstrap.error_estimates(
          confidence_UN, grade_UN, counts_NR, level=level, n_bins=n_bins,
          binnings=binnings)
      found = _with_tests(found, confidence_UN, grade_UN, map_name)
      if reproduction and map_name == PAPER:
        found = _with_split_sweep(found, confidence_UN, grade_UN)
      yield Calibrated(
          name, map_name, chosen, own_M[fits], found.of(once.kind_M), Curved(
              confidence_UN[once.kind_M], grade_UN[once.kind_M],
              binnings.of(once.kind_M)))


def _has_map(measure) -> bool:
  return confidence_maps.paper_kind(
      measure.name, measure.orientation, measure.range) is not None


def _paper(paper_MN, certainty_MN, correct_MN, seed):
  del certainty_MN, correct_MN, seed
  return paper_MN


def _isotonic(paper_MN, certainty_MN, correct_MN, seed):
  del paper_MN
  return confidence_maps.crossfit_isotonic(
      certainty_MN, correct_MN, _folds(correct_MN, seed))


def _platt(paper_MN, certainty_MN, correct_MN, seed):
  del paper_MN
  return confidence_maps.crossfit_platt(
      certainty_MN, correct_MN, _folds(correct_MN, seed))


MAPS: dict[str, Callable[..., np.ndarray]] = {
    PAPER: _paper, 'isotonic': _isotonic, 'platt': _platt}

# A map that was fitted to the grades is tested by its moments alone.
_FITTED_TESTS = {derived.SPIEGELHALTER_Z: calibration_tests.spiegelhalters}
_TESTS: dict[str, dict[str, Callable[
    ..., calibration_tests.CalibrationTests]]] = {
        PAPER: _FITTED_TESTS | {
            derived.KERNEL_ERROR: calibration_tests.kernel_errors},
        'isotonic': _FITTED_TESTS, 'platt': _FITTED_TESTS}


def _folds(correct_MN, seed):
  n_items = correct_MN.shape[1]
  return confidence_maps.item_folds(
      n_items, max(2, min(_N_FOLDS, n_items)), seed=seed)


def _with_tests(found, confidence_MN, correct_MN, map_name: str):
  """Tests of calibration: statistics with a p in place of an interval."""
  tests = {name: test(confidence_MN, correct_MN)
           for name, test in _TESTS[map_name].items()}
  nothing = {name: np.full(len(confidence_MN), np.nan) for name in tests}
  return dataclasses.replace(
      found, value=found.value | {
          name: test.statistic_M for name, test in tests.items()},
      low=found.low | nothing, high=found.high | nothing, p_value={
          name: test.p_value_M for name, test in tests.items()})


def _with_split_sweep(found, confidence_MN, correct_MN):
  bins = errors.sweep_bins(confidence_MN, correct_MN, split_ties=True)
  sums = errors.bin_sums(bins, confidence_MN, correct_MN)
  name = derived.ECE_SPLIT
  nothing = np.full(len(bins), np.nan)
  return dataclasses.replace(
      found, value=found.value | {name: errors.ece(sums, 'l2')},
      low=found.low | {name: nothing}, high=found.high | {name: nothing})
