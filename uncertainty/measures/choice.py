"""Uncertainty over an item's choices, however they were asked."""

import jax
import jax.numpy as jnp

from uncertainty.measures import registry


@jax.jit
def choice_measures(
    logprobs_BC: jax.Array, mask_BC: jax.Array) -> dict[str, jax.Array]:
  """Measures of choice probabilities (Moore et al. 2026, section 3).

  Args:
    logprobs_BC: log-probability of each choice, nats; −inf is probability 0.
    mask_BC: which of the C places are choices of the item.

  Returns:
    float32 [B] by name: choice_entropy, entropy of the renormalised choice
    probabilities over ln K for the item's K choices, in [0, 1] (0 for one
    choice); choice_logprob, of the largest; choice_log_mass, of their sum;
    choice_log_margin, ln(largest − second largest): −inf for a tie, the
    largest for one choice. NaN where an item has no choices or no choice has
    any probability.
  """
  logprobs_BC = jnp.where(
      mask_BC, logprobs_BC.astype(jnp.float32), -jnp.inf)
  mass_B = jax.nn.logsumexp(logprobs_BC, axis=1)
  shares_BC = jnp.exp(logprobs_BC - mass_B[:, None])
  logs_BC = jnp.where(shares_BC > 0, logprobs_BC - mass_B[:, None], 0.0)
  entropy_B = -(shares_BC * logs_BC).sum(axis=1)
  count_B = mask_BC.sum(axis=1)
  scale_B = jnp.log(jnp.maximum(count_B, 2).astype(jnp.float32))
  places = jnp.arange(logprobs_BC.shape[1])
  first_B = logprobs_BC.argmax(axis=1)
  best_B = logprobs_BC.max(axis=1)
  others_BC = jnp.where(
      places[None, :] == first_B[:, None], -jnp.inf, logprobs_BC)
  second_B = others_BC.max(axis=1)
  # ln(e^a − e^b) = a + ln(1 − e^(b − a)), without cancellation.
  margin_B = best_B + jnp.log(-jnp.expm1(second_B - best_B))
  defined_B = (count_B > 0) & (mass_B > -jnp.inf)
  out = {
      registry.CHOICE_ENTROPY: jnp.clip(entropy_B / scale_B, 0.0, 1.0),
      registry.CHOICE_LOGPROB: best_B,
      registry.CHOICE_LOG_MASS: mass_B,
      registry.CHOICE_LOG_MARGIN: margin_B,
  }
  return {k: jnp.where(defined_B, v, jnp.nan) for k, v in out.items()}
