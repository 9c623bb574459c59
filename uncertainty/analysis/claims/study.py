"""What claims are made from: one data set's primary measure and its people."""

import dataclasses
import functools
from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
import scipy.special

from uncertainty.analysis.calibration import squared_error
from uncertainty.analysis.scores import aligned as aligning
from uncertainty.analysis.scores import item_draws
from uncertainty.analysis.scores import pairs as pairs_lib
from uncertainty.analysis.scores.scores import PRIMARY
from uncertainty.analysis.scores.stack import Stack, numbers
from uncertainty.analysis.statistics import (
  grouping,
  ranking,
  resampling,
  spearman_draws,
)
from uncertainty.measures import registry
from uncertainty.results import columns

POWER = 0.8  # of the smallest effect that a design would have seen
LEAST_UNTIED = 20  # items that a rank correlation hangs on
LEAST_APART = 15  # wrong answers, or right ones, that stand apart in rank


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
    told: from a corrected level to the smallest effect that is told four times
      in five, where the error is not the same for all effects.
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
  told: Callable[[float], float] | None = None


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
    drawn: the scores' resamples of clusters, and what they align; None where
      claims are made of nothing but themselves, and draw as scores do.
    forward: its rows of the table `probe_forward`, if probes ran.
    doubt: its rows of the table `doubt_forward`.
    truth: its rows of the table `truth_forward`.
    steered: model → rows of how it was steered, if it was.
  """

  stack: Stack
  level: float
  n_draws: int
  n_bins: int
  calibrated_below: float
  seed: int
  drawn: aligning.Drawn | None = None
  forward: pd.DataFrame | None = None
  doubt: pd.DataFrame | None = None
  truth: pd.DataFrame | None = None
  steered: Mapping[str, pd.DataFrame] = dataclasses.field(default_factory=dict)

  @functools.cached_property
  def primary(self) -> str:
    """The measure that claims go by: of the first way of asking that was used.

    That of choices wherever choices were asked for.
    """
    asked = {r.column for r in self.stack.rows}
    return next((c for c in registry.PRIMARY.values() if c in asked), PRIMARY)

  @functools.cached_property
  def models(self) -> tuple[str, ...]:
    """Models that have the primary measure."""
    return tuple(
        r.model for r in self.stack.rows if r.column == self.primary)

  @functools.cached_property
  def uncertainty_MN(self) -> np.ndarray:
    """The primary measure, high where uncertain."""
    rows = [i for i, r in enumerate(self.stack.rows)
            if r.column == self.primary]
    return self.stack.uncertainty()[rows]

  @functools.cached_property
  def confidence_MN(self) -> np.ndarray:
    """The largest choice probability, renormalised; NaN without choices."""
    return np.array([
        _confidence(self.stack.frames[m]) for m in self.models]).reshape(
            len(self.models), -1)

  @functools.cached_property
  def correct_MN(self) -> np.ndarray:
    """1 right, 0 wrong, of the answer that the primary measure is about.

    NaN on data sets without right answers.
    """
    grade = registry.subject(self.primary).grade
    return np.array([
        numbers(self.stack.frames[m], grade) for m in self.models]
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
  def cluster_N(self) -> np.ndarray:
    """[N] number of each item's cluster; its own where it has none."""
    return item_draws.clusters(self.stack)

  @functools.cached_property
  def counts_NR(self) -> np.ndarray:
    """Draws of whole clusters, shared by all claims."""
    if self.drawn:
      return self.drawn.counts_NR
    return resampling.bootstrap_counts(
        len(self.cluster_N), self.n_draws, seed=self.seed,
        groups_N=self.cluster_N)

  @property
  def n_raters(self) -> float:
    """Median over items; NaN where not published."""
    known = self.raters_N[~np.isnan(self.raters_N)]
    return float(np.median(known)) if len(known) else np.nan

  @functools.cached_property
  def aligned_M(self) -> aligning.Aligned:
    """The primary measure with people's entropy: an entry a model.

    A draw has each item with the people asked. What other people would have
    answered is part of what items differ by, so that drawing people once more
    within their items would count their noise twice (Davison & Hinkley 1997,
    3.8).
    """
    stack, names = self.stack, self.stack.signal_names
    found = self.drawn.aligned if self.drawn else None
    if found is None:
      rows = [i for i, r in enumerate(stack.rows) if r.column == self.primary]
      stack = dataclasses.replace(
          stack, rows=tuple(stack.rows[i] for i in rows),
          values_MN=stack.values_MN[rows])
      found = aligning.align(stack, self.counts_NR, self.cluster_N)
    return found.at([
        x for x, (row, signal) in enumerate(
            zip(found.row_X, found.signal_X, strict=True))
        if stack.rows[row].column == self.primary
        and names[signal] == columns.HUMAN_ENTROPY])

  def rho_over(self, m: int, known_N: np.ndarray) -> tuple[float, np.ndarray]:
    """What `aligned_M` says of a model, over some of the items it knows.

    Args:
      m: which model.
      known_N: which items.

    Returns:
      ρ and its draws [R]; NaN where too few items differ.
    """
    if not self.varied(m, known_N):
      return np.nan, np.full(self.n_draws, np.nan)
    own_N = ~np.isnan(self.uncertainty_MN[m] + self.human_N)
    if np.array_equal(known_N, own_N):
      aligned = self.aligned_M
      return float(aligned.rho_X[m]), aligned.draws_XR[m]
    some_1N = np.where(known_N, self.uncertainty_MN[m], np.nan)[None]
    return (
        float(ranking.spearman(some_1N, self.human_N[None]).rho_MS[0, 0]),
        spearman_draws.bootstrap_spearman(
            some_1N, self.human_N[None], self.counts_NR)[0, 0])

  def varied(self, m: int, known_N: np.ndarray) -> bool:
    """Whether ranks say enough for a claim about them.

    Where nearly all people agree, and a model is nearly always alike, a rank
    correlation hangs on the few items that both tell apart, and its draws with
    it; of sides that know nothing of each other, those are U V / N of N items,
    with U and V beside each side's commonest value.

    Args:
      m: which model.
      known_N: which items.

    Returns:
      Whether U V / N items or clusters are `LEAST_UNTIED`, or as many as where
      half of each side's are beside its commonest value.
    """
    if not known_N.any():
      return False
    n_units = self.n_clusters(known_N)
    first, second = (self._untied(side_N, known_N) for side_N in (
        self.uncertainty_MN[m], self.human_N))
    return first * second / n_units >= min(LEAST_UNTIED, n_units / 4)

  def ranked(self, m: int, known_N: np.ndarray) -> bool:
    """Whether a model's ranks say enough to tell right from wrong by them.

    Where nearly all items are ranked alike, hardly a wrong answer stands apart
    from them, and the wrong ones' spread reads as none. Of ranks that know
    nothing of what is right, U W / N of W wrong answers stand apart, with U
    items beside the commonest rank.

    Args:
      m: which model.
      known_N: which items are ranked and graded.

    Returns:
      Whether these, and as many of the right answers, are enough.
    """
    right_N = known_N & (self.correct_MN[m] > 0.5)
    least = min(map(self.n_clusters, (right_N, known_N & ~right_N)))
    return bool(least) and (
        self._untied(self.uncertainty_MN[m], known_N) * least
        / self.n_clusters(known_N)) >= LEAST_APART

  def _untied(self, side_N: np.ndarray, known_N: np.ndarray) -> float:
    values, place_n = np.unique(side_N[known_N], return_inverse=True)
    commonest = np.bincount(place_n, minlength=len(values)).argmax()
    untied_N = known_N.copy()
    untied_N[known_N] = place_n != commonest
    return self.n_clusters(untied_N) if untied_N.any() else 0.0

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

  def n_clusters(self, items_N: np.ndarray) -> float:
    """Independent units among the items.

    Args:
      items_N: which items.

    Returns:
      Their clusters; of unequal ones, how many equal ones would be worth them.
    """
    return grouping.effective_number(self.cluster_N[items_N])

  def bootstrap_bias(self, items_N: np.ndarray) -> float:
    """See `spearman_draws.cluster_bias`.

    Args:
      items_N: which items.

    Returns:
      A factor of the standard error.
    """
    return spearman_draws.cluster_bias(self.cluster_N[items_N])

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


def enough(n_units: float) -> bool:
  """Whether an interval over so many items or clusters is worth printing.

  Args:
    n_units: items or clusters.

  Returns:
    Whether they are enough.
  """
  return n_units >= squared_error.LEAST


def t_quantile(level: float, freedom: float) -> float:
  """How many standard errors an interval reaches.

  Args:
    level: of the interval.
    freedom: degrees of freedom.

  Returns:
    The quantile of Student's t.
  """
  return float(scipy.special.stdtrit(freedom, (1 + level) / 2))


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
