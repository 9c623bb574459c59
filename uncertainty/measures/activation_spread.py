"""How far apart the activations of an item's samples lie: EigenScore.

Chen et al. 2024, INSIDE: LLMs' internal states retain the power of
hallucination detection (arXiv 2402.03744). A sample is embedded as what the
middle layer holds at its last token. One item at a time.
"""

import numpy as np

ALPHA = 1e-3  # of Chen et al.'s experiments


def middle_layer(n_layers: int) -> int:
  """The block after which samples are embedded, counted from 0.

  Args:
    n_layers: L ≥ 1 blocks.

  Returns:
    ⌈L / 2⌉ − 1: half of the blocks have been passed.

  Source:
    Chen et al. 2024; rounded as in their code.
  """
  return (n_layers + 1) // 2 - 1


def eigen_score(embeddings_SD: np.ndarray, alpha: float = ALPHA) -> float:
  """(1/S) ln det(Σ + α I) = mean of ln(λ + α), λ the eigenvalues of Σ.

  Σ = Z J Zᵀ, rows of Z being the embeddings and J = I − 11ᵀ/D: each embedding
  less the mean of its own D numbers, as the paper has it (its mean over
  samples stays). The authors' code takes Σ / (D − 1) instead, and log₁₀.

  Args:
    embeddings_SD: of S samples.
    alpha: α > 0, what Σ is regularised by.

  Returns:
    At least ln α, where all embeddings are constant; S equal samples give
    (ln(S r + α) + (S − 1) ln α) / S with r the squared length of each.

  Raises:
    ValueError: fewer than two samples, or numbers that are not finite.

  Source:
    Chen et al. 2024, section 3.1.
  """
  embeddings_SD = np.asarray(embeddings_SD, np.float64)
  n_samples = len(embeddings_SD)
  if n_samples < 2 or not np.isfinite(embeddings_SD).all():
    raise ValueError('EigenScore needs two samples or more, and finite '
                     'activations')
  centred_SD = embeddings_SD - embeddings_SD.mean(-1, keepdims=True)
  # Σ itself would square the rounding of its small eigenvalues.
  roots = np.linalg.svd(centred_SD, compute_uv=False)
  values_S = np.zeros(n_samples)
  values_S[:len(roots)] = roots**2
  return float(np.log(values_S + alpha).mean())
