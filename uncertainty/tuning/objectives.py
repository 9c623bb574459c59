"""What a tuning makes small: formulas on choices and on next tokens.

Targets are shares p over an item's C choices; q is the model's distribution.
A choice's score s_c is ln p(label) or ln p(words), as the ways of asking
compute it; over the choices q = softmax(s), over the vocabulary ln q = s.

  hard           p puts all on the right choice
  smoothed       (1 − β) · hard + β · uniform, over the C choices or, with the
                 label-smoothing target of Huang et al. 2025 (arXiv 2508.00264),
                 over the V tokens of the vocabulary
  human          p are people's shares
  calibration    whether the model's own answer was right, put to it as a
                 question (Kapoor et al. 2024, arXiv 2406.08391)
  answers        the right answer's tokens, one after another

All are −Σ_c p_c ln q_c, but for people's shares on request the Jensen-Shannon
divergence, or for a scale the Wasserstein distance.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp

# Stands for ln 0: a difference of two of them is finite.
NOTHING = -1e30


def choice_logs(scores_NC: jax.Array, valid_NC: jax.Array, *, over: str
                ) -> jax.Array:
  """The model's log-shares of the choices.

  Args:
    scores_NC: ln p of each choice.
    valid_NC: which choices an item has.
    over: `choices`: renormalised among them; `vocabulary`: as they are.

  Returns:
    ln q [N, C]; 0 where there is no choice.
  """
  logs_NC = jnp.where(valid_NC, scores_NC, NOTHING)
  if over == 'choices':
    logs_NC = jax.nn.log_softmax(logs_NC, axis=1)
  return jnp.where(valid_NC, logs_NC, 0.0)


def cross_entropy(shares_NC: jax.Array, logs_NC: jax.Array,
                  valid_NC: jax.Array) -> jax.Array:
  """−Σ_c p_c ln q_c of each item, in nats.

  Args:
    shares_NC: targets p, summing to 1.
    logs_NC: ln q; see `choice_logs`.
    valid_NC: which choices an item has.

  Returns:
    [N].
  """
  del valid_NC  # elsewhere p and ln q are 0
  return -(shares_NC * logs_NC).sum(1)


def jensen_shannon(shares_NC: jax.Array, logs_NC: jax.Array,
                   valid_NC: jax.Array) -> jax.Array:
  """½ KL(p ‖ m) + ½ KL(q ‖ m), m = ½ (p + q), in nats (Lin 1991).

  Args:
    shares_NC: targets p, summing to 1.
    logs_NC: ln q, q summing to 1.
    valid_NC: which choices an item has.

  Returns:
    [N], from 0 to ln 2.
  """
  q_NC = jnp.where(valid_NC, jnp.exp(logs_NC), 0.0)
  middle_NC = 0.5 * (shares_NC + q_NC)
  log_middle_NC = jnp.log(jnp.where(middle_NC > 0, middle_NC, 1.0))
  log_shares_NC = jnp.log(jnp.where(shares_NC > 0, shares_NC, 1.0))
  return 0.5 * (shares_NC * (log_shares_NC - log_middle_NC)
                + q_NC * (logs_NC - log_middle_NC)).sum(1)


def wasserstein(shares_NC: jax.Array, logs_NC: jax.Array,
                valid_NC: jax.Array) -> jax.Array:
  """Σ_{c<C} |P_c − Q_c| / (C − 1), P and Q cumulative: W₁ on a scale.

  Choices stand in the scale's order, one step apart; from one end to the other
  it is 1.

  Args:
    shares_NC: targets p, summing to 1.
    logs_NC: ln q, q summing to 1.
    valid_NC: which choices an item has, the first ones.

  Returns:
    [N], from 0 to 1.
  """
  q_NC = jnp.where(valid_NC, jnp.exp(logs_NC), 0.0)
  gaps_NC = jnp.cumsum(shares_NC - q_NC, axis=1)
  # After the last choice both are 1, up to rounding: no gap, no gradient.
  inner_NC = jnp.pad(valid_NC[:, 1:], ((0, 0), (0, 1)))
  total_N = jnp.where(inner_NC, jnp.abs(gaps_NC), 0.0).sum(1)
  return total_N / jnp.maximum(inner_NC.sum(1), 1).astype(total_N.dtype)


DIVERGENCES: dict[str, Callable[..., jax.Array]] = {
    'cross_entropy': cross_entropy,
    'jensen_shannon': jensen_shannon,
    'wasserstein': wasserstein,
}
