"""Whether the measures that are aligned are the ones that are calibrated.

Over (model, measure) cells of questions with letters. Families of models and
kinds of measures are the units: models of a family are alike, and so are
measures that differ by a constant.
"""

import dataclasses

import numpy as np

from uncertainty.analysis.calibration import squared_error as squared
from uncertainty.analysis.claims.study import (
  ClaimStudy,
  Finding,
)
from uncertainty.analysis.scores import stack as stacking
from uncertainty.analysis.statistics import crossed, partial, ranking
from uncertainty.measures import registry

_LEAST = 5  # families or kinds below which two-way variances say nothing


@dataclasses.dataclass(frozen=True)
class Flags:
  """Cells that could be both.

  Attributes:
    row_X: of the stack.
    kind_X: each measure's kind.
    aligned_X: whether ρ with people's entropy has its lower end above 0.
    calibrated_X: whether the debiased error has its upper end below the
      threshold.
    n_items: most items behind a cell.
  """

  row_X: np.ndarray
  kind_X: np.ndarray
  aligned_X: np.ndarray
  calibrated_X: np.ndarray
  n_items: int


def joint_presence(study: ClaimStudy) -> list[Finding]:
  """Share of cells that are aligned and calibrated, beyond chance.

  Args:
    study: one data set.

  Returns:
    One finding; none on data without people or without right answers.
  """
  found = flags(study)
  if not len(found.row_X):
    return []
  models = [study.stack.rows[i].model for i in found.row_X]
  place = {m: i for i, m in enumerate(study.models)}
  family_X = np.array([study.families[place[m]] for m in models])
  both_X = found.aligned_X & found.calibrated_X
  both_FG, aligned_FG, calibrated_FG = (
      _shares(x, family_X, found.kind_X)
      for x in (both_X, found.aligned_X, found.calibrated_X))
  n_families, n_kinds = both_FG.shape
  unknown = Finding(
      '', '', found.n_items, n_models=len(set(models)), n_families=n_families)
  if min(n_families, n_kinds) < _LEAST:
    return [unknown]
  excess = crossed.excess(
      both_FG, aligned_FG, calibrated_FG, study.level,
      n_draws=max(study.n_draws, 1000), seed=study.seed)
  return [dataclasses.replace(
      unknown, estimate=excess.value, low=excess.low, high=excess.high,
      p=excess.p_value, se=excess.se)]


def flags(study: ClaimStudy) -> Flags:
  """Which cells are aligned, and which calibrated, each by its own interval.

  Alignment: Fisher's z of Spearman's ρ, clusters as items. Calibration: the
  confidence of the paper's map of the measure; only measures that have one.

  Args:
    study: one data set.

  Returns:
    Cells with both, of models that have the primary measure.
  """
  stack = study.stack
  confidence_MN = stacking.paper_confidence(stack)
  correct = dict(zip(study.models, study.correct_MN, strict=True))
  row_X = np.array([
      i for i, r in enumerate(stack.rows)
      if r.prefix == registry.MC and r.model in correct and r.measure.kind
      and squared.determined(
          np.where(np.isnan(study.human_N), np.nan, confidence_MN[i]),
          correct[r.model],
          study.cluster_N, study.n_bins)], int)
  if not len(row_X):
    return Flags(row_X, row_X, row_X > 0, row_X > 0, 0)
  rho_X = ranking.spearman(
      stack.uncertainty()[row_X], study.human_N[None]).rho_MS[:, 0]
  aligned, calibrated, n_items = [], [], []
  for i, rho in zip(row_X, rho_X, strict=True):
    known_N = ~np.isnan(stack.values_MN[i] + study.human_N)
    low, _ = partial.fisher_interval(
        rho, study.n_clusters(known_N), study.level)
    aligned.append(low > 0)
    error = squared.squared_error(
        confidence_MN[i], correct[stack.rows[i].model], study.cluster_N,
        study.n_bins)
    calibrated.append(squared.below_p(
        error, study.calibrated_below ** 2) < 1 - study.level)
    n_items.append(int(known_N.sum()))
  kind_X = np.array([stack.rows[i].measure.kind for i in row_X])
  return Flags(
      row_X, kind_X, np.array(aligned), np.array(calibrated), max(n_items))


def _shares(
    flag_X: np.ndarray, family_X: np.ndarray, kind_X: np.ndarray
) -> np.ndarray:
  """[F, G] share of flags; kinds that a family lacks are left out of all."""
  families, family = np.unique(family_X, return_inverse=True)
  kinds, kind = np.unique(kind_X, return_inverse=True)
  shape = len(families), len(kinds)
  total, size = np.zeros(shape), np.zeros(shape)
  np.add.at(total, (family, kind), flag_X)
  np.add.at(size, (family, kind), 1)
  every = (size > 0).all(0)
  return total[:, every] / size[:, every]
