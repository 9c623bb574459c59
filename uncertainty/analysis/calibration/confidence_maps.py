"""From measures to confidence in [0, 1].

`paper` applies one fixed formula per kind of measure (method.md, section 5).
`isotonic` and `platt` learn the probability of being right from the other
folds' items, so that no item's confidence has seen its own grade.
"""

import dataclasses

import numpy as np
import scipy.optimize
import scipy.special

from uncertainty.analysis.calibration import errors
from uncertainty.analysis.statistics import ranking
from uncertainty.analysis.statistics.parallel import in_parallel
from uncertainty.measures import registry
from uncertainty.types import UserError

_LEAST = 3  # items to fit a map from


@dataclasses.dataclass(frozen=True)
class PaperMap:
  """Which formula of the paper suits a measure.

  Attributes:
    kind: one of `PAPER_KINDS`.
    largest: n_max of nucleus sizes: the largest over all items and all
      thresholds of one model, in the same sequence (mc, fr, …).
  """

  kind: str
  largest: float = np.nan


def _nucleus(values_N: np.ndarray, largest: float) -> np.ndarray:
  if largest <= 1:  # every nucleus is one token
    return np.where(np.isnan(values_N), np.nan, 1.0)
  return 1 - (values_N - 1) / (largest - 1)


PAPER_KINDS = {
    'log_probability': lambda values_N, largest: np.exp(values_N),
    'normalised': lambda values_N, largest: 1 - values_N,
    'probability': lambda values_N, largest: values_N,
    registry.PERPLEXITY: lambda values_N, largest: np.exp(-values_N),
    'nucleus': _nucleus,
}


def paper_kind(name: str, orientation: int, bounds) -> str | None:
  """The formula for a measure, if the paper has one for it.

  Args:
    name: the measure's name without prefix.
    orientation: +1 uncertain when high, −1 uncertain when low.
    bounds: its (low, high) range.

  Returns:
    One of `PAPER_KINDS`, or None.
  """
  if name.startswith(registry.NUCLEUS_SIZE):
    return 'nucleus'
  if name == registry.PERPLEXITY:
    return registry.PERPLEXITY
  low, high = bounds
  if orientation < 0 and high == 0:
    return 'log_probability'
  if (low, high) == (0, 1):
    return 'normalised' if orientation > 0 else 'probability'
  return None


def paper_confidence(values_N: np.ndarray, paper_map: PaperMap) -> np.ndarray:
  """Confidence by the paper's formula of a measure's kind, clipped to [0, 1].

  log_probability exp(x), normalised 1 − x, probability x, perplexity exp(−x),
  nucleus 1 − (x − 1) / (n_max − 1).

  Args:
    values_N: the measure as stored.
    paper_map: which formula, and n_max where it needs one.

  Returns:
    [N] float64; NaN stays NaN.

  Raises:
    UserError: no formula of that name.

  Source:
    Moore et al. 2026, arXiv 2605.30675; method.md, section 5.
  """
  values_N = np.asarray(values_N, np.float64)
  if paper_map.kind not in PAPER_KINDS:
    raise UserError(
        f'no confidence map named {paper_map.kind!r}; there are '
        f'{sorted(PAPER_KINDS)}')
  found = PAPER_KINDS[paper_map.kind](values_N, paper_map.largest)
  return np.clip(found, 0, 1)


def item_folds(
    n_items: int, n_folds: int, *, seed: int = 0,
    groups_N: np.ndarray | None = None) -> np.ndarray:
  """A random split of items into parts of near-equal size.

  Args:
    n_items: N.
    n_folds: F, at least 2; no more than there are groups.
    seed: of the split.
    groups_N: items of one group share a fold: largest groups first, each in
      the fold that is the smallest so far. None: each item is its own.

  Returns:
    [N] int64, the fold of each item, from 0.

  Raises:
    UserError: fewer than two folds, or more than groups.
  """
  if n_folds < 2:
    raise UserError(f'cross-fitting needs 2 folds or more, got {n_folds}')
  rng = np.random.default_rng(seed)
  if groups_N is not None:
    return _group_folds(groups_N, n_folds, rng)
  folds_N = np.empty(n_items, np.int64)
  folds_N[rng.permutation(n_items)] = np.arange(n_items) % n_folds
  return folds_N


def _group_folds(groups_N: np.ndarray, n_folds: int, rng) -> np.ndarray:
  _, group_N, size_G = np.unique(
      groups_N, return_inverse=True, return_counts=True)
  if len(size_G) < n_folds:
    raise UserError(f'{n_folds} folds need as many clusters of items, got '
                    f'{len(size_G)}')
  mixed = rng.permutation(len(size_G))
  fold_G, filled_F = np.empty(len(size_G), np.int64), np.zeros(n_folds)
  for group in mixed[np.argsort(-size_G[mixed], kind='stable')]:
    fold_G[group] = fold = int(filled_F.argmin())
    filled_F[fold] += size_G[group]
  return fold_G[group_N]


def crossfit_isotonic(
    certainty_MN: np.ndarray, correct_MN: np.ndarray, folds_N: np.ndarray
) -> np.ndarray:
  """Confidence by isotonic regression of correctness on the other folds.

  Args:
    certainty_MN: a measure turned so that high is certain; NaN left out.
    correct_MN: 1 right, 0 wrong; NaN left out.
    folds_N: `item_folds`.

  Returns:
    [M, N], linear between fitted points and constant beyond them (as
    scikit-learn's IsotonicRegression with out_of_bounds='clip'). NaN where
    an input is missing or the other folds hold fewer than 3 items.
  """
  certainty_MN, correct_MN, known_MN = _known(certainty_MN, correct_MN)
  confidence = np.full(certainty_MN.shape, np.nan)
  order_MN = np.argsort(
      np.where(known_MN, certainty_MN, np.inf), axis=-1, kind='stable')
  tests_FN = np.unique(folds_N)[:, None] == folds_N

  def fill(rows: slice):
    for m in range(rows.start, rows.stop):
      for test_N in tests_FN:
        order = order_MN[m, :known_MN[m].sum()]
        order = order[~test_N[order]]
        if len(order) < _LEAST:
          continue
        knots, fitted = _isotonic(certainty_MN[m, order], correct_MN[m, order])
        wanted = test_N & known_MN[m]
        confidence[m, wanted] = np.interp(
            certainty_MN[m, wanted], knots, fitted)

  in_parallel(fill, len(confidence))
  return confidence


def crossfit_platt(
    certainty_MN: np.ndarray, correct_MN: np.ndarray, folds_N: np.ndarray, *,
    smooth_targets: bool = True) -> np.ndarray:
  """Confidence by logistic regression of correctness on the other folds.

  Args:
    certainty_MN: as for `crossfit_isotonic`.
    correct_MN: as there.
    folds_N: as there.
    smooth_targets: Platt's (1999) targets, (n₊ + 1)/(n₊ + 2) and
      1/(n₋ + 2), which keep the fit finite when the classes separate.
      Without them a tiny ridge (1e-6) on the slope does.

  Returns:
    [M, N]; NaN as in `crossfit_isotonic`. The slope is free: a measure that
    falls with correctness gets a falling map.
  """
  certainty_MN, correct_MN, known_MN = _known(certainty_MN, correct_MN)
  confidence = np.full(certainty_MN.shape, np.nan)
  folds = np.unique(folds_N)

  def fill(one: slice):
    test_N = np.isin(folds_N, folds[one])
    train_MN = known_MN & ~test_N
    enough_M = train_MN.sum(-1) >= _LEAST
    if not enough_M.any():
      return
    weight_MN = train_MN[enough_M].astype(np.float64)
    x_MN = _standardised(
        np.where(known_MN, certainty_MN, 0.0)[enough_M], weight_MN)
    y_MN = np.where(known_MN, correct_MN, 0.0)[enough_M]
    fit_M2 = _logistic(x_MN, y_MN, weight_MN, smooth_targets)
    predicted = scipy.special.expit(fit_M2[:, :1] + fit_M2[:, 1:] * x_MN)
    rows = np.flatnonzero(enough_M)[:, None]
    columns = np.flatnonzero(test_N)
    confidence[rows, columns] = np.where(
        known_MN[rows, columns], predicted[:, columns], np.nan)

  in_parallel(fill, len(folds), chunk=1)
  return confidence


def _known(certainty_MN, correct_MN):
  certainty_MN, correct_MN = errors.same_items(certainty_MN, correct_MN)
  known_MN = ~(np.isnan(certainty_MN) | np.isnan(correct_MN))
  return ranking.finite(certainty_MN), correct_MN, known_MN


def _isotonic(x_N, y_N) -> tuple[np.ndarray, np.ndarray]:
  """Knots and fitted values for x sorted ascending; ties are averaged."""
  starts = np.flatnonzero(np.r_[True, x_N[1:] != x_N[:-1]])
  weights = np.diff(np.r_[starts, len(x_N)]).astype(np.float64)
  means = np.add.reduceat(y_N, starts) / weights
  fit = scipy.optimize.isotonic_regression(means, weights=weights)
  return x_N[starts], fit.x


def _standardised(x_MN, weight_MN) -> np.ndarray:
  """Mean zero and spread one over the weighted items; constants become 0."""
  n_M = weight_MN.sum(-1, keepdims=True)
  centred = x_MN - (weight_MN * x_MN).sum(-1, keepdims=True) / n_M
  spread = np.sqrt((weight_MN * centred ** 2).sum(-1, keepdims=True) / n_M)
  flat = spread <= 1e-12 * np.abs(x_MN).max(-1, keepdims=True)
  return np.where(flat, 0.0, centred / np.where(flat, 1.0, spread))


def _logistic(x_MN, y_MN, weight_MN, smooth_targets) -> np.ndarray:
  """[M, 2] intercept and slope by damped Newton steps, all rows at once."""
  if smooth_targets:
    right_M = (weight_MN * y_MN).sum(-1, keepdims=True)
    wrong_M = weight_MN.sum(-1, keepdims=True) - right_M
    y_MN = y_MN * (right_M + 1) / (right_M + 2) + (1 - y_MN) / (wrong_M + 2)
    ridge = 1e-9
  else:
    ridge = 1e-6
  # The intercept alone can diverge without smoothing: ridge both.
  fit_M2 = np.zeros((len(x_MN), 2))

  def loss(fit_M2):
    z_MN = fit_M2[:, :1] + fit_M2[:, 1:] * x_MN
    return np.sum(weight_MN * (np.logaddexp(0, z_MN) - y_MN * z_MN), -1) + (
        ridge / 2 * np.sum(fit_M2 ** 2, -1))

  current_M = loss(fit_M2)
  for _ in range(50):
    p_MN = scipy.special.expit(fit_M2[:, :1] + fit_M2[:, 1:] * x_MN)
    pull_MN = weight_MN * (p_MN - y_MN)
    curve_MN = weight_MN * p_MN * (1 - p_MN)
    g0 = pull_MN.sum(-1) + ridge * fit_M2[:, 0]
    g1 = (pull_MN * x_MN).sum(-1) + ridge * fit_M2[:, 1]
    h00 = curve_MN.sum(-1) + ridge
    h01 = (curve_MN * x_MN).sum(-1)
    h11 = (curve_MN * x_MN ** 2).sum(-1) + ridge
    determinant = h00 * h11 - h01 ** 2
    step_M2 = np.stack([h11 * g0 - h01 * g1, h00 * g1 - h01 * g0], -1)
    step_M2 /= determinant[:, None]
    scale_M = np.ones(len(x_MN))
    trial_M = current_M
    for _ in range(20):
      trial_M = loss(fit_M2 - scale_M[:, None] * step_M2)
      worse_M = trial_M > current_M + 1e-12
      if not worse_M.any():
        break
      scale_M = np.where(worse_M, scale_M / 2, scale_M)
    else:
      trial_M = loss(fit_M2 - scale_M[:, None] * step_M2)
    fit_M2 = fit_M2 - scale_M[:, None] * step_M2
    current_M = trial_M
    if np.abs(step_M2).max() < 1e-9:
      break
  return fit_M2
