"""What claims are made from: one data set's primary measure and its people."""

import dataclasses
import functools
from collections.abc import Mapping

import numpy as np
import pandas as pd
import scipy.special
import scipy.stats

from uncertainty.analysis.scores import item_draws
from uncertainty.analysis.scores import pairs as pairs_lib
from uncertainty.analysis.scores.stack import Stack, numbers
from uncertainty.analysis.statistics import (
  entropy,
  grouping,
  ranking,
  resampling,
  spearman_draws,
)
from uncertainty.analysis.statistics.parallel import ahead, in_parallel
from uncertainty.measures import registry
from uncertainty.results import columns

PRIMARY = registry.PRIMARY['letters']
_BLOCK = 2_000_000  # elements of a [draws, N] block
_LEAST = 10  # items or clusters below which no interval is worth printing
_LEAST_IN_BIN = 3


@dataclasses.dataclass(frozen=True)
class Finding:
  """One claim about one subject, before correction for many.

  Attributes:
    model: '' where it is about many.
    measure: the results column, '' where it is not about one.
    n_items: items behind it.
    estimate: in the claim's unit; NaN, as what follows, where there is too
      little to tell.
    low: lower end of the interval.
    high: upper end.
    p: two-sided, of the claim's null value.
    se: standard error at the null value, in the estimate's unit.
    n_models: models behind it.
    n_families: families behind it; 0 where families are no unit.
    least_p: the smallest p that this many units can reach.
    freedom: degrees of freedom, where families are no unit and they are few.
  """

  model: str
  measure: str
  n_items: int
  estimate: float = np.nan
  low: float = np.nan
  high: float = np.nan
  p: float = np.nan
  se: float = np.nan
  n_models: int = 1
  n_families: int = 0
  least_p: float = 0.0
  freedom: float = np.inf


@dataclasses.dataclass(frozen=True)
class ClaimStudy:
  """One data set with what all claims share.

  Attributes:
    stack: the results.
    level: of intervals.
    n_draws: bootstrap draws.
    n_bins: of calibration errors.
    calibrated_below: root mean squared error that counts as calibrated.
    seed: of the draws.
    estimator: of people's entropy where their number is published, as in
      `stack`; of `entropy.ESTIMATORS`.
    forward: its rows of the table `probe_forward`, if probes ran.
    doubt: its rows of the table `doubt_forward`.
    steered: model → rows of how it was steered, if it was.
  """

  stack: Stack
  level: float
  n_draws: int
  n_bins: int
  calibrated_below: float
  seed: int
  estimator: str
  forward: pd.DataFrame | None = None
  doubt: pd.DataFrame | None = None
  steered: Mapping[str, pd.DataFrame] = dataclasses.field(default_factory=dict)

  @functools.cached_property
  def models(self) -> tuple[str, ...]:
    """Models that have the primary measure."""
    return tuple(r.model for r in self.stack.rows if r.column == PRIMARY)

  @functools.cached_property
  def uncertainty_MN(self) -> np.ndarray:
    """The primary measure, high where uncertain."""
    rows = [i for i, r in enumerate(self.stack.rows) if r.column == PRIMARY]
    return self.stack.uncertainty()[rows]

  @functools.cached_property
  def confidence_MN(self) -> np.ndarray:
    """The largest choice probability, renormalised over the choices."""
    return np.array([
        _confidence(self.stack.frames[m]) for m in self.models]).reshape(
            len(self.models), -1)

  @functools.cached_property
  def correct_MN(self) -> np.ndarray:
    """1 right, 0 wrong; NaN on data sets without right answers."""
    return np.array([
        numbers(self.stack.frames[m], columns.CORRECT) for m in self.models]
    ).reshape(len(self.models), -1)

  @functools.cached_property
  def human_N(self) -> np.ndarray:
    """People's entropy; NaN where it is not known."""
    names = self.stack.signal_names
    if columns.HUMAN_ENTROPY not in names:
      return np.full(len(self.stack.item_ids), np.nan)
    return self.stack.signals_SN[names.index(columns.HUMAN_ENTROPY)]

  @functools.cached_property
  def raters_N(self) -> np.ndarray:
    """People asked about each item; NaN where that is not published."""
    found = np.full(len(self.stack.item_ids), np.nan)
    for frame in self.stack.frames.values():
      counts_N = numbers(frame, columns.HUMAN_COUNT)
      found = np.where(np.isnan(found), counts_N, found)
    return found

  @functools.cached_property
  def shares_NC(self) -> np.ndarray:
    """People's shares, padded with zeros to the most choices."""
    shares = np.zeros((len(self._shares), max(self.n_choices_N, default=0)))
    for i, x in enumerate(self._shares):
      shares[i, :len(x)] = x
    return shares

  @functools.cached_property
  def n_choices_N(self) -> np.ndarray:
    """K of each item; 0 where people's shares are not known."""
    return np.array([len(x) for x in self._shares], int)

  @functools.cached_property
  def _shares(self) -> list[np.ndarray]:
    found: list = [None] * len(self.stack.item_ids)
    for frame in self.stack.frames.values():
      if columns.HUMAN_SHARES in frame:
        found = [old if old is not None else new for old, new in zip(
            found, frame[columns.HUMAN_SHARES], strict=True)]
    return [np.asarray(x, float) if np.ndim(x) else np.zeros(0)
            for x in found]

  @functools.cached_property
  def cluster_N(self) -> np.ndarray:
    """[N] number of each item's cluster; its own where it has none."""
    return item_draws.clusters(self.stack)

  @functools.cached_property
  def counts_NR(self) -> np.ndarray:
    """Draws of whole clusters, shared by all claims."""
    return resampling.bootstrap_counts(
        len(self.cluster_N), self.n_draws, seed=self.seed,
        groups_N=self.cluster_N)

  @property
  def resamples_raters(self) -> bool:
    """Whether how many people answered each item is known."""
    known = ~np.isnan(self.human_N)
    return bool(known.any() and self.shares_NC.shape[1] > 1
                and (self.raters_N[known] >= 1).all()
                and (self.shares_NC[known].sum(1) > 0).all())

  @property
  def n_raters(self) -> float:
    """Median over items; NaN where not published."""
    known = self.raters_N[~np.isnan(self.raters_N)]
    return float(np.median(known)) if len(known) else np.nan

  # Beside `scores.aligned`, which has ρ of all measures: a claim speaks of
  # other items and other people, so that both are drawn again, in every mode.
  @functools.cached_property
  def rho_M(self) -> np.ndarray:
    """Spearman of the primary measure with people's entropy."""
    return ranking.spearman(
        self.uncertainty_MN, self.human_N[None]).rho_MS[:, 0]

  @functools.cached_property
  def rho_MR(self) -> np.ndarray:
    """The same in every draw of clusters and, where known, raters."""
    if not self.resamples_raters:
      return spearman_draws.bootstrap_spearman(
          self.uncertainty_MN, self.human_N[None], self.counts_NR)[:, 0]
    rng = np.random.default_rng((self.seed, 1))
    known = ~np.isnan(self.human_N)
    p_NC = self.shares_NC[known]
    p_NC = p_NC / p_NC.sum(1, keepdims=True)
    raters_N = np.rint(self.raters_N[known]).astype(int)
    step = max(1, _BLOCK // len(self.cluster_N))
    sizes = [min(step, self.n_draws - i)
             for i in range(0, self.n_draws, step)]
    found, start = [], 0
    for answers_RNC in ahead(
        lambda size: rng.multinomial(raters_N, p_NC, (size, len(raters_N))),
        sizes):
      stop = start + len(answers_RNC)
      # Exactly equal counts must tie, in whatever order they were summed.
      entropy_RN = np.round(entropy.in_draws(
          answers_RNC, raters_N, self.n_choices_N[known], self.estimator), 9)
      found.append(self._rater_draws(
          entropy_RN, self.counts_NR[:, start:stop], known))
      start = stop
    return np.concatenate(found, 1)

  def _rater_draws(
      self, entropy_Rn: np.ndarray, weights_NR: np.ndarray,
      known_N: np.ndarray) -> np.ndarray:
    """[M, R] from people's entropy of the items that have one."""
    entropy_NR = np.full(weights_NR.shape, np.nan)
    entropy_NR[known_N] = entropy_Rn.T
    found = np.full((len(self.models), weights_NR.shape[1]), np.nan)
    items_MN = known_N & ~np.isnan(self.uncertainty_MN)
    people = {items.tobytes(): _ranked(entropy_NR[items], weights_NR[items])
              for items in np.unique(items_MN, axis=0)
              if items.sum() >= _LEAST}

    def fill(rows: slice):
      for m in range(rows.start, rows.stop):
        items = items_MN[m]
        if items.tobytes() in people:
          found[m] = _correlation(
              self.uncertainty_MN[m, items], people[items.tobytes()])

    in_parallel(fill, len(self.models), chunk=1)
    return found

  def sums(self, values_XN: np.ndarray) -> np.ndarray:
    """Sums within clusters; NaN counts as zero.

    Args:
      values_XN: rows over items.

    Returns:
      [X, clusters].
    """
    n_clusters = int(self.cluster_N.max()) + 1
    if n_clusters == values_XN.shape[1]:
      return np.nan_to_num(values_XN)[:, np.argsort(self.cluster_N)]
    out = np.zeros((len(values_XN), n_clusters))
    np.add.at(out.T, self.cluster_N, np.nan_to_num(values_XN).T)
    return out

  def n_clusters(self, items_N: np.ndarray) -> int:
    """Independent units among the items.

    Args:
      items_N: which items.

    Returns:
      Their clusters.
    """
    return len(np.unique(self.cluster_N[items_N]))

  @functools.cached_property
  def pairs(self) -> list[tuple[int, int]]:
    """(base, instruct) rows of every pair."""
    place = {m: i for i, m in enumerate(self.models)}
    return [(place[a], place[b])
            for a, b in self._origins.pairs(self.models)]

  @functools.cached_property
  def families(self) -> tuple[str, ...]:
    """Each model's family."""
    return tuple(self._origins.family(m) for m in self.models)

  @functools.cached_property
  def _origins(self) -> pairs_lib.Origins:
    return pairs_lib.origins(self.stack.frames)


def enough(n_units: int) -> bool:
  """Whether an interval over so many items or clusters is worth printing.

  Args:
    n_units: items or clusters.

  Returns:
    Whether they are enough.
  """
  return n_units >= _LEAST


def enough_for_bins(n_units: int, n_bins: int) -> bool:
  """Whether a squared calibration error's noise can be told from bins.

  A bin of one item has no spread that would show its noise, and its gap then
  counts as error in full.

  Args:
    n_units: items or clusters.
    n_bins: over which they are spread.

  Returns:
    Whether three or more fall into a bin, and there are enough for a claim.
  """
  return enough(n_units) and n_units >= _LEAST_IN_BIN * n_bins


def t_quantile(level: float, freedom: float) -> float:
  """How many standard errors an interval reaches.

  Args:
    level: of the interval.
    freedom: degrees of freedom.

  Returns:
    The quantile of Student's t.
  """
  return float(scipy.stats.t.ppf((1 + level) / 2, freedom))


def t_p_value(t: float, freedom: float) -> float:
  """Two-sided p of a t statistic.

  Args:
    t: the statistic.
    freedom: degrees of freedom.

  Returns:
    p.
  """
  return float(2 * scipy.special.stdtr(freedom, -abs(t)))


def _confidence(frame) -> np.ndarray:
  if columns.CHOICE_LOGPROBS not in frame:
    return np.clip(np.exp(
        numbers(frame, columns.CHOICE_LOGPROB)
        - numbers(frame, columns.CHOICE_LOG_MASS)), 0, 1)
  rows = [np.asarray(x, np.float64) if np.ndim(x) else np.zeros(0)
          for x in frame[columns.CHOICE_LOGPROBS]]
  logs_NC = np.full((len(rows), max(map(len, rows), default=0) + 1), -np.inf)
  for i, row in enumerate(rows):
    logs_NC[i, :len(row)] = row
  largest_N1 = logs_NC.max(1, keepdims=True)
  with np.errstate(invalid='ignore'):  # items without choices: NaN
    return 1 / np.exp(logs_NC - largest_N1).sum(1)


@dataclasses.dataclass(frozen=True)
class _Ranked:
  """People's ranks in each draw, [N, R], centred on 0 and scaled to [−1, 1].

  Attributes:
    weights_NR: how often a draw holds each item.
    weighted_NR: weights times ranks.
    spread_R: Σ of weights times squared ranks.
  """

  weights_NR: np.ndarray
  weighted_NR: np.ndarray
  spread_R: np.ndarray


def _ranked(values_NR: np.ndarray, weights_NR: np.ndarray) -> _Ranked:
  """Weighted midranks of each draw's own values."""
  weights_RN = weights_NR.T.astype(np.float64)
  rows = ranking.sort_rows(np.ascontiguousarray(values_NR.T))
  total = np.zeros((weights_RN.shape[0], weights_RN.shape[1] + 1))
  np.cumsum(np.take_along_axis(weights_RN, rows.order_MN, 1), 1,
            out=total[:, 1:])
  ranks_RN = (np.take_along_axis(total, rows.below_MN, 1)
              + np.take_along_axis(total, rows.upto_MN, 1)
              ) / weights_RN.sum(1, keepdims=True) - 1
  weighted_RN = ranks_RN * weights_RN
  return _Ranked(
      weights_NR.astype(np.float64), np.ascontiguousarray(weighted_RN.T),
      np.einsum('rn,rn->r', weighted_RN, ranks_RN))


def _correlation(values_N: np.ndarray, people: _Ranked) -> np.ndarray:
  """[R] Spearman in each draw; NaN where a side is constant."""
  rows = ranking.sort_rows(values_N[None])
  run_N = grouping.runs(rows.order_MN[0], rows.below_MN[0])
  # Items that tie have one rank: products are of runs.
  weight_GR, weighted_GR = (
      grouping.group_sums(run_N, int(run_N.max()) + 1, x_NR)
      for x_NR in (people.weights_NR, people.weighted_NR))
  total = grouping.running(weight_GR)
  ranks_GR = (total[1:] + total[:-1]) / total[-1] - 1
  with np.errstate(invalid='ignore', divide='ignore'):
    return np.einsum('gr,gr->r', ranks_GR, weighted_GR) / np.sqrt(
        np.einsum('gr,gr,gr->r', weight_GR, ranks_GR, ranks_GR)
        * people.spread_R)
