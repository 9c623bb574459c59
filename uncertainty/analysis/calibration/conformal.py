"""Split conformal sets of choices, and control of the risk of answering.

A nonconformity score says how ill a choice fits what the model gives; all
choices that score at most a threshold are the set. The threshold is taken on
calibration items so that a new item's set holds its label with a stated
probability, whatever the model (Vovk et al. 2005). Labels may be shares: of
people who gave each choice, a set then covers a person's answer in expectation
(conformal risk control, Angelopoulos et al. 2024, of the loss 1 − covered
share, which for one right answer is the split conformal quantile).

Choices beyond an item's own hold NaN.
"""

import numpy as np
import numpy.typing as npt

SCORES = ('lac', 'aps', 'aps_random')
_DUST = 1e-9  # rounding must not ask for one item more


def nonconformity(
    p_NC: np.ndarray, score: str, uniform_N: npt.ArrayLike | None = None,
) -> np.ndarray:
  """How ill each choice fits.

  `lac`, least ambiguous: 1 − p. `aps`, adaptive: the probability of all
  choices that are at least as probable; `aps_random` counts the choice's own
  (and of those that tie with it) in a random part, as exact coverage needs.

  Args:
    p_NC: probabilities of each item's choices, summing to 1.
    score: one of `SCORES`.
    uniform_N: in [0, 1), one an item, for `aps_random`.

  Returns:
    [N, C] in [0, 1].

  Raises:
    ValueError: an unknown score, or no numbers to draw by.

  Source:
    LAC: Sadinle et al. 2019. APS: Romano et al. 2020. Both on choices of
    language models: Kumar et al. 2023, Ye et al. 2024.
  """
  p_NC = np.asarray(p_NC, np.float64)
  if score == 'lac':
    return 1 - p_NC
  if score not in SCORES:
    raise ValueError(f'score {score!r} must be one of {SCORES}')
  above_NC, tied_NC = np.zeros_like(p_NC), np.zeros_like(p_NC)
  for c in range(p_NC.shape[1]):
    other_N1 = p_NC[:, c:c + 1]
    there_N1 = ~np.isnan(other_N1)
    above_NC += np.where(there_N1 & (other_N1 > p_NC), other_N1, 0)
    tied_NC += np.where(there_N1 & (other_N1 == p_NC), other_N1, 0)
  part: float | np.ndarray = 1.0
  if score == 'aps_random':
    if uniform_N is None:
      raise ValueError('aps_random needs uniform_N')
    part = np.asarray(uniform_N, np.float64)[:, None]
  return np.where(np.isnan(p_NC), np.nan, above_NC + part * tied_NC)


def thresholds(
    scores_NC: np.ndarray, weights_NC: np.ndarray, calibration_RN: np.ndarray,
    coverage: float) -> np.ndarray:
  """The threshold of each split: the ⌈(n + 1) coverage⌉-th smallest score.

  With shares as labels: the smallest q with Σ share · 1{score ≤ q} at least
  (n + 1) coverage over the n calibration items.

  Args:
    scores_NC: of `nonconformity`.
    weights_NC: 1 at an item's label, or shares that sum to 1; items and
      choices of weight 0 are not looked at.
    calibration_RN: bool, the calibration items of each split.
    coverage: nominal, 1 − α.

  Returns:
    [R]; infinite where so few items promise nothing short of every choice.

  Source:
    Vovk et al. 2005; Angelopoulos et al. 2024, Conformal risk control, eq. 4.
  """
  items_X, choices_X = np.nonzero(np.nan_to_num(weights_NC) > 0)
  scores_X = scores_NC[items_X, choices_X]
  order = np.argsort(scores_X, kind='stable')
  scores_X, items_X = scores_X[order], items_X[order]
  weights_X = weights_NC[items_X, choices_X[order]]
  found_R = np.full(len(calibration_RN), np.inf)
  if not len(order):
    return found_R
  for r, calibration_N in enumerate(calibration_RN):
    covered_X = np.cumsum(np.where(calibration_N[items_X], weights_X, 0.0))
    needed = (covered_X[-1] + 1) * coverage - _DUST
    place = int(np.searchsorted(covered_X, needed))
    if place < len(order):
      found_R[r] = scores_X[place]
  return found_R


def split_items(
    n_items: int, n_splits: int, rng: np.random.Generator) -> np.ndarray:
  """Random halves of the items.

  Args:
    n_items: N.
    n_splits: R.
    rng: where chance comes from.

  Returns:
    [R, N] bool: ⌊N/2⌋ calibration items in each split; the others are tested.
  """
  places_RN = rng.permuted(
      np.tile(np.arange(n_items), (n_splits, 1)), axis=1)
  return places_RN < n_items // 2


def answer_thresholds(
    confidence_N: np.ndarray, loss_N: np.ndarray, calibration_RN: np.ndarray,
    risk: float) -> np.ndarray:
  """Lowest confidence to answer at, so that few answers are wrong.

  Answering where confidence is at least λ costs `loss` on the items answered
  and nothing on the others; λ is the least with
  (Σ of losses + 1) / (n + 1) ≤ risk over the calibration items.

  Args:
    confidence_N: of the answer, high is sure.
    loss_N: in [0, 1], of answering.
    calibration_RN: bool, the calibration items of each split.
    risk: nominal, of all items, answered or not.

  Returns:
    [R]; infinite where nothing may be answered.

  Source:
    Angelopoulos et al. 2024, Conformal risk control.
  """
  order = np.argsort(-confidence_N, kind='stable')
  confidence_N = confidence_N[order]
  # Items of one confidence are answered together or not at all.
  last_N = np.append(confidence_N[1:] != confidence_N[:-1], True)
  found_R = np.full(len(calibration_RN), np.inf)
  for r, calibration_N in enumerate(calibration_RN):
    used_N = calibration_N[order]
    lost_N = np.cumsum(np.where(used_N, loss_N[order], 0.0))
    within_N = last_N & (lost_N + 1 <= (used_N.sum() + 1) * risk + _DUST)
    if within_N.any():
      found_R[r] = confidence_N[np.flatnonzero(within_N)[-1]]
  return found_R


def coverage_thresholds(
    confidence_N: np.ndarray, calibration_RN: np.ndarray, share: float,
) -> np.ndarray:
  """Lowest confidence to answer at, so that a share of items is answered.

  Args:
    confidence_N: of the answer, high is sure.
    calibration_RN: bool, the calibration items of each split.
    share: of items to answer, at least, by the split conformal quantile.

  Returns:
    [R]; minus infinity where so few items promise nothing short of all.
  """
  return -thresholds(
      -confidence_N[:, None], np.ones((len(confidence_N), 1)), calibration_RN,
      share)
