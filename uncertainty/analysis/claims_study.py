"""What claims are made from: one data set's primary measure and its people."""

import dataclasses
import functools

import numpy as np
import scipy.special
import scipy.stats

from uncertainty.analysis.scores import pairs
from uncertainty.analysis.scores.stack import Stack, numbers
from uncertainty.analysis.statistics import ranking, resampling
from uncertainty.measures import registry

PRIMARY = registry.PRIMARY['letters']
CLUSTER = 'cluster'
_BLOCK = 2_000_000  # elements of a [draws, N] block
_LEAST = 10  # items or clusters below which no interval is worth printing


@dataclasses.dataclass(frozen=True)
class Finding:
  """One claim about one subject, before correction for many.

  Attributes:
    model: '' where it is about many.
    measure: the results column, '' where it is not about one.
    estimate: in the claim's unit.
    low: lower end of the interval.
    high: upper end.
    p: two-sided, of the claim's null value.
    se: standard error at the null value, in the estimate's unit.
    n_items: items behind it.
    n_models: models behind it.
    n_families: families behind it; 0 where families are no unit.
    least_p: the smallest p that this many units can reach.
  """

  model: str
  measure: str
  estimate: float
  low: float
  high: float
  p: float
  se: float
  n_items: int
  n_models: int = 1
  n_families: int = 0
  least_p: float = 0.0


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
  """

  stack: Stack
  level: float
  n_draws: int
  n_bins: int
  calibrated_below: float
  seed: int

  @functools.cached_property
  def models(self) -> tuple[str, ...]:
    """Models that have the primary measure."""
    return tuple(r.model for r in self.stack.rows if r.column == PRIMARY)

  @functools.cached_property
  def uncertainty_MN(self) -> np.ndarray:
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
        numbers(self.stack.frames[m], 'correct') for m in self.models]
    ).reshape(len(self.models), -1)

  @functools.cached_property
  def human_N(self) -> np.ndarray:
    names = self.stack.signal_names
    if 'human_entropy' not in names:
      return np.full(len(self.stack.item_ids), np.nan)
    return self.stack.signals_SN[names.index('human_entropy')]

  @functools.cached_property
  def raters_N(self) -> np.ndarray:
    """People asked about each item; NaN where that is not published."""
    found = np.full(len(self.stack.item_ids), np.nan)
    for frame in self.stack.frames.values():
      found = np.where(np.isnan(found), numbers(frame, 'human_count'), found)
    return found

  @functools.cached_property
  def shares_NC(self) -> np.ndarray:
    """People's shares, padded with zeros to the most choices."""
    found: list = [None] * len(self.stack.item_ids)
    for frame in self.stack.frames.values():
      if 'human_shares' in frame:
        found = [old if old is not None else new for old, new in zip(
            found, frame['human_shares'], strict=True)]
    found = [np.asarray(x, float) if np.ndim(x) else np.zeros(0)
             for x in found]
    shares = np.zeros((len(found), max(map(len, found), default=0)))
    for i, x in enumerate(found):
      shares[i, :len(x)] = x
    return shares

  @functools.cached_property
  def cluster_N(self) -> np.ndarray:
    """[N] number of each item's cluster; its own where it has none."""
    found = np.arange(len(self.stack.item_ids))
    labels: list = [None] * len(found)
    for frame in self.stack.frames.values():
      if CLUSTER in frame:
        labels = [old if old is not None else _label(new)
                  for old, new in zip(labels, frame[CLUSTER], strict=True)]
    named = [f'item {i}' if x is None else f'cluster {x}'
             for i, x in enumerate(labels)]
    return np.unique(named, return_inverse=True)[1]

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

  @functools.cached_property
  def rho_M(self) -> np.ndarray:
    """Spearman of the primary measure with people's entropy."""
    return ranking.spearman(
        self.uncertainty_MN, self.human_N[None]).rho_MS[:, 0]

  @functools.cached_property
  def rho_MR(self) -> np.ndarray:
    """The same in every draw of clusters and, where known, raters."""
    if not self.resamples_raters:
      return ranking.bootstrap_spearman(
          self.uncertainty_MN, self.human_N[None], self.counts_NR)[:, 0]
    rng = np.random.default_rng((self.seed, 1))
    step = max(1, _BLOCK // len(self.cluster_N))
    return np.concatenate([
        self._rater_draws(slice(i, min(i + step, self.n_draws)), rng)
        for i in range(0, self.n_draws, step)], 1)

  def _rater_draws(self, draws: slice, rng) -> np.ndarray:
    weights_RN = self.counts_NR[:, draws].T.astype(np.float64)
    known = ~np.isnan(self.human_N)
    entropy_RN = np.full(weights_RN.shape, np.nan)
    entropy_RN[:, known] = _resampled_entropy(
        self.shares_NC[known], self.raters_N[known], len(weights_RN), rng)
    found = np.full((len(self.models), len(weights_RN)), np.nan)
    ranked: dict[bytes, np.ndarray] = {}
    for m, x_N in enumerate(self.uncertainty_MN):
      items = known & ~np.isnan(x_N)
      if items.sum() < _LEAST:
        continue
      weights = weights_RN[:, items]
      if items.tobytes() not in ranked:
        ranked[items.tobytes()] = _ranks(entropy_RN[:, items], weights)
      found[m] = _correlation(
          _fixed_ranks(x_N[items], weights), ranked[items.tobytes()], weights)
    return found

  def sums(self, values_XN: np.ndarray) -> np.ndarray:
    """[X, clusters] sums within clusters; NaN counts as zero."""
    n_clusters = int(self.cluster_N.max()) + 1
    if n_clusters == values_XN.shape[1]:
      out = np.empty(values_XN.shape)
      out[:, self.cluster_N] = np.nan_to_num(values_XN)
      return out
    out = np.zeros((len(values_XN), n_clusters))
    np.add.at(out.T, self.cluster_N, np.nan_to_num(values_XN).T)
    return out

  def n_clusters(self, items_N: np.ndarray) -> int:
    """Independent units among the items."""
    return len(np.unique(self.cluster_N[items_N]))

  @functools.cached_property
  def pairs(self) -> list[tuple[int, int]]:
    """(base, instruct) rows of every pair."""
    place = {m: i for i, m in enumerate(self.models)}
    return [(place[a], place[b]) for a, b in pairs.pairs(self.models)]

  @functools.cached_property
  def families(self) -> tuple[str, ...]:
    return tuple(pairs.family(m) for m in self.models)


def enough(n_units: int) -> bool:
  """Whether an interval over so many items or clusters is worth printing."""
  return n_units >= _LEAST


def t_quantile(level: float, freedom: float) -> float:
  return float(scipy.stats.t.ppf((1 + level) / 2, freedom))


def t_p_value(t: float, freedom: float) -> float:
  """Two-sided p of a t statistic."""
  return float(2 * scipy.special.stdtr(freedom, -abs(t)))


def _confidence(frame) -> np.ndarray:
  if 'choice_logprobs' not in frame:
    return np.clip(np.exp(
        numbers(frame, 'mc_choice_logprob')
        - numbers(frame, 'mc_choice_log_mass')), 0, 1)
  rows = [np.asarray(x, np.float64) if np.ndim(x) else np.zeros(0)
          for x in frame['choice_logprobs']]
  logs_NC = np.full((len(rows), max(map(len, rows), default=0) + 1), -np.inf)
  for i, row in enumerate(rows):
    logs_NC[i, :len(row)] = row
  largest_N1 = logs_NC.max(1, keepdims=True)
  with np.errstate(invalid='ignore'):  # items without choices: NaN
    return 1 / np.exp(logs_NC - largest_N1).sum(1)


def _label(value) -> object:
  """A cluster's label, or None where missing or empty."""
  missing = value is None or value == '' or value != value
  return None if missing else value


def _resampled_entropy(shares_NC, raters_N, n_draws: int, rng) -> np.ndarray:
  """[R, N] entropy of as many raters drawn from each item's own."""
  p_NC = shares_NC / shares_NC.sum(1, keepdims=True)
  n_N = np.rint(raters_N).astype(int)
  counts = rng.multinomial(n_N, p_NC, (n_draws, len(n_N)))
  # Σ c ln c by look-up: counts are small whole numbers.
  plogp = scipy.special.xlogy(
      np.arange(n_N.max() + 1.0), np.arange(n_N.max() + 1.0))
  entropy_RN = np.log(n_N) - plogp[counts].sum(-1) / n_N
  # Exactly equal counts must tie, in whatever order they were summed.
  return np.round(entropy_RN, 9)


def _ranks(values_RN, weights_RN) -> np.ndarray:
  """[R, N] weighted midranks, doubled, of each row's own values."""
  rows = ranking.sort_rows(values_RN)
  total = np.zeros((weights_RN.shape[0], weights_RN.shape[1] + 1))
  np.cumsum(np.take_along_axis(weights_RN, rows.order_MN, 1), 1,
            out=total[:, 1:])
  return (np.take_along_axis(total, rows.below_MN, 1)
          + np.take_along_axis(total, rows.upto_MN, 1))


def _fixed_ranks(values_N, weights_RN) -> np.ndarray:
  """[R, N] weighted midranks, doubled, of the same values in every row."""
  rows = ranking.sort_rows(values_N[None])
  total = np.zeros((weights_RN.shape[0], weights_RN.shape[1] + 1))
  np.cumsum(weights_RN[:, rows.order_MN[0]], 1, out=total[:, 1:])
  return total[:, rows.below_MN[0]] + total[:, rows.upto_MN[0]]


def _correlation(x_RN, y_RN, weights_RN) -> np.ndarray:
  """[R] weighted Pearson correlations; NaN where a side is constant."""
  size_R1 = weights_RN.sum(1, keepdims=True)
  x, y = x_RN / size_R1 - 1, y_RN / size_R1 - 1
  wx = x * weights_RN
  with np.errstate(invalid='ignore', divide='ignore'):
    return np.einsum('rn,rn->r', wx, y) / np.sqrt(
        np.einsum('rn,rn->r', wx, x)
        * np.einsum('rn,rn,rn->r', weights_RN, y, y))
