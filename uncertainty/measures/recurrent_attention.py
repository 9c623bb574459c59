"""Confidence that attention hands on from token to token: RAUQ.

Vazhentsev et al. 2025, Efficient hallucination detection for LLMs using
uncertainty-aware attention heads (arXiv 2505.20045). One answer at a time.
"""

import numpy as np
import numpy.typing as npt

ALPHA = 0.2  # of Vazhentsev et al.'s experiments


def middle_layers(n_layers: int) -> range:
  """The layers that are looked at, counted from 0: about the middle third.

  Args:
    n_layers: L ≥ 1 blocks.

  Returns:
    ⌊L / 3⌋ to ⌈2L / 3⌉, both included, of those that there are.

  Source:
    Vazhentsev et al. 2025, as in their code.
  """
  return range(n_layers // 3, min(-(-2 * n_layers // 3) + 1, n_layers))


def rauq(logprobs_T: npt.ArrayLike, attention_TLN: np.ndarray,
         alpha: float = ALPHA) -> float:
  """Maximum over layers of −(1/T) Σ_t ln c_t, c the recurrent confidence.

  c_1 = p_1 and c_t = α p_t + (1 − α) a_t c_{t−1}, where a_t is the attention
  weight on token t − 1 of the layer's head that has the largest mean of it.

  a_t is of the pass that predicts token t, whose newest token t − 1 is: the
  authors' code reads it there. The code's value has 1 added.

  Args:
    logprobs_T: ln p of the T ≥ 1 tokens of an answer.
    attention_TLN: of the pass that reads each of these tokens, the weight of
      each layer's N heads on that token itself, in [0, 1]; that of the last
      token predicts nothing, and is not looked at.
    alpha: α in (0, 1].

  Returns:
    Nats, not negative; −ln p of an answer of one token, and the mean of −ln p
    at α = 1.

  Raises:
    ValueError: no tokens, or weights outside [0, 1].

  Source:
    Vazhentsev et al. 2025, section 4.
  """
  logprobs_T = np.asarray(logprobs_T, np.float64)
  weight_TLN = np.asarray(attention_TLN, np.float64)[:len(logprobs_T) - 1]
  if not logprobs_T.size:
    raise ValueError('RAUQ needs at least one token')
  if not np.all((weight_TLN >= 0) & (weight_TLN <= 1)):
    raise ValueError('attention weights must lie in [0, 1]')
  if not weight_TLN.size:
    return float(-logprobs_T[0]) + 0.0
  weight_TLN = weight_TLN[:, middle_layers(weight_TLN.shape[1])]
  head_L = weight_TLN.mean(0).argmax(-1)
  weight_TL = np.take_along_axis(
      weight_TLN, head_L[None, :, None], axis=-1)[..., 0]
  confidence_L = np.full(len(head_L), logprobs_T[0])
  total_L = confidence_L
  # In logarithms: p of an unlikely token may be below what a float holds.
  with np.errstate(divide='ignore'):
    handed_on_TL = np.log1p(-alpha) + np.log(weight_TL)
  for logprob, handed_on_L in zip(logprobs_T[1:], handed_on_TL, strict=True):
    confidence_L = np.logaddexp(
        np.log(alpha) + logprob, handed_on_L + confidence_L)
    total_L = total_L + confidence_L
  return max(0.0, float(-total_L.min() / len(logprobs_T)))
