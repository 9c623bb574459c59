"""Uncertainty of one next-token distribution, on the device.

Moore et al. 2026 (arXiv 2605.30675), section 3 of the method; natural
logarithms. No full sort: a head of the most probable tokens answers most
nuclei, and a search over values finds the edge of the wide ones.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from uncertainty.measures import registry

_CHUNK = 64  # tokens whose maximum stands for them in the search for the head


class _Edge(NamedTuple):
  """Bracket of a nucleus's smallest weight, as ordered float bits.

  Tokens of weight ≥ hi are short of the nucleus's mass; those ≥ lo reach it.
  The pulls are how far each end is beyond and short of it, halved when the
  other end keeps moving (the Illinois rule of false position).
  """

  lo: jax.Array
  hi: jax.Array
  mass_lo: jax.Array
  mass_hi: jax.Array
  pull_lo: jax.Array
  pull_hi: jax.Array
  raised: jax.Array  # whether the last step moved lo


@functools.partial(jax.jit, static_argnames='top_k')
def next_token_measures(
    logits_XV: jax.Array, top_k: int = 100) -> dict[str, jax.Array]:
  """Measures of next-token distributions (Moore et al. 2026, section 3).

  Args:
    logits_XV: unnormalised log-probabilities, any leading dimensions.
    top_k: most probable tokens to return.

  Returns:
    float32 arrays of shape X (sizes int32) by name: total_entropy,
    varentropy (nats²), top1_logprob (nats), top_k_entropy_{5…100},
    nucleus_size_P and nucleus_entropy_P for P in 0.95, 0.9, 0.75, 0.5;
    top_logprobs and top_tokens [X, min(top_k, V)], ties by lower token;
    rest_logprob, the log mass of all other tokens (−inf if there are none);
    finite, False where a logit is NaN or infinite and nothing else holds.
    A k beyond V means all V tokens; entropies over one token are 0.
  """
  shape, vocabulary = logits_XV.shape[:-1], logits_XV.shape[-1]
  logits_RV = logits_XV.astype(jnp.float32).reshape(-1, vocabulary)
  # Row by row a vocabulary stays in a core's cache, and only rows with wide
  # nuclei pay for the search, compiled once; an accelerator wants all rows and
  # nuclei at once, as its host looks at every step of a loop.
  out = jax.lax.platform_dependent(
      logits_RV, cpu=functools.partial(jax.lax.map, functools.partial(
          _row, top_k=top_k, each=jax.lax.map)),
      default=jax.vmap(functools.partial(_row, top_k=top_k, each=_at_once)))
  return {k: v.reshape(shape + v.shape[1:]) for k, v in out.items()}


def _at_once(function: Callable[..., Any], values: jax.Array) -> Any:
  return jax.vmap(function)(values)


def _row(logits_V: jax.Array, top_k: int, each: Callable[..., Any],
         ) -> dict[str, jax.Array]:
  vocabulary = logits_V.shape[0]
  kept = min(top_k, vocabulary)
  head = min(max(top_k, max(registry.TOP_KS)), vocabulary)
  peak = logits_V.max()
  # Weights relative to the peak; probability is weight / total.
  log_weights_V = logits_V - peak
  weights_V = jnp.exp(log_weights_V)
  total = weights_V.sum()
  log_total = jnp.log(total)
  mean = (weights_V * log_weights_V).sum() / total
  out = {
      'finite': jnp.isfinite(logits_V).all(),
      registry.TOTAL_ENTROPY: _over_log(log_total - mean, vocabulary),
      registry.VARENTROPY:
          (weights_V * jnp.square(log_weights_V - mean)).sum() / total,
      registry.TOP1_LOGPROB: -log_total,
  }

  head_logits, head_tokens = _head(logits_V, head)
  head_logs = head_logits - peak
  head_weights = jnp.exp(head_logs)
  masses = jnp.cumsum(head_weights)
  moments = jnp.cumsum(head_weights * head_logs)
  out[registry.TOP_LOGPROBS] = head_logs[:kept] - log_total
  out[registry.TOP_TOKENS] = head_tokens[:kept]
  out[registry.REST_LOGPROB] = jnp.log(
      _rest(weights_V, head_weights[:kept]) / total)
  for k in registry.TOP_KS:
    last = min(k, vocabulary) - 1
    out[f'{registry.TOP_K_ENTROPY}{k}'] = _over_log(
        _entropy(masses[last], moments[last]), last + 1)

  # NaN would never close the search's bracket.
  safe_total = jnp.where(out['finite'], total, 1.0)
  sizes, entropies = each(
      lambda share: _nucleus(
          share * safe_total, safe_total, weights_V, log_weights_V,
          head_weights, masses, moments, out['finite']),
      jnp.asarray(registry.NUCLEUS_MASSES, jnp.float32))
  for i, share in enumerate(registry.NUCLEUS_MASSES):
    out[f'{registry.NUCLEUS_SIZE}{share}'] = sizes[i]
    out[f'{registry.NUCLEUS_ENTROPY}{share}'] = jnp.where(
        sizes[i] > 1, entropies[i] / jnp.log(jnp.maximum(sizes[i], 2)), 0.0)
  return out


def _entropy(mass: jax.Array, moment: jax.Array) -> jax.Array:
  """H of weights w renormalised, from Σ w and Σ w ln w."""
  return jnp.log(mass) - moment / mass


def _over_log(entropy: jax.Array, n: int) -> jax.Array:
  if n == 1:
    return jnp.zeros_like(entropy)
  return jnp.maximum(entropy, 0.0) / jnp.log(jnp.float32(n))


def _head(logits_V: jax.Array, k: int) -> tuple[jax.Array, jax.Array]:
  """Exact top k, ties by lower token: first chunks by maximum, then tokens.

  A token of the top k outranks all but k − 1 others, so its chunk is among
  the k best; chunks back in order keep the rule for ties.
  """
  vocabulary = logits_V.shape[0]
  n_chunks = -(-vocabulary // _CHUNK)
  if n_chunks <= 2 * k:
    values, tokens = jax.lax.top_k(logits_V, k)
    return values, tokens.astype(jnp.int32)
  chunks = jnp.pad(logits_V, (0, n_chunks * _CHUNK - vocabulary),
                   constant_values=-jnp.inf).reshape(n_chunks, _CHUNK)
  _, best = jax.lax.top_k(chunks.max(axis=1), k)
  best = jnp.sort(best)
  values, places = jax.lax.top_k(chunks[best].reshape(-1), k)
  tokens = best[places // _CHUNK] * _CHUNK + places % _CHUNK
  return values, tokens.astype(jnp.int32)


def _rest(weights_V: jax.Array, top_weights: jax.Array) -> jax.Array:
  """Σ of the weights outside the top, without cancellation."""
  least = top_weights[-1]
  ties = (weights_V == least).sum() - (top_weights == least).sum()
  below = jnp.where(weights_V < least, weights_V, 0.0).sum()
  return below + ties.astype(jnp.float32) * least


def _nucleus(
    target: jax.Array, total: jax.Array, weights_V: jax.Array,
    log_weights_V: jax.Array, head_weights: jax.Array, masses: jax.Array,
    moments: jax.Array, finite: jax.Array) -> tuple[jax.Array, jax.Array]:
  """Size and entropy (nats) of the smallest top set with mass ≥ target."""
  head, vocabulary = masses.shape[0], weights_V.shape[0]
  in_head = (masses[-1] >= target) | (head == vocabulary) | ~finite
  last = jnp.minimum((masses < target).sum(), head - 1)
  head_entropy = _entropy(masses[last], moments[last])

  def narrow():
    return (last + 1).astype(jnp.int32), head_entropy

  def wide():
    ties = (head_weights == head_weights[-1]).sum().astype(jnp.float32)
    edge = _search(target, total, weights_V, head_weights[-1],
                   masses[-1] - ties * head_weights[-1])
    above = weights_V >= _value(edge.hi)
    count = above.sum()
    moment = jnp.where(above, weights_V * log_weights_V, 0.0).sum()
    least = jnp.where(above, 0.0, weights_V).max()
    # Equal weights at the edge: only as many as the mass needs. The search
    # ends with one weight in the bracket, or with several of equal value.
    ties = jnp.round((edge.mass_lo - edge.mass_hi) / least)
    needed = jnp.ceil((target - edge.mass_hi) / least)
    needed = jnp.clip(needed, 1.0, jnp.maximum(ties, 1.0))
    mass = edge.mass_hi + needed * least
    moment = moment + needed * least * jnp.log(least)
    return (count + needed.astype(jnp.int32)).astype(jnp.int32), _entropy(
        mass, moment)

  return jax.lax.cond(in_head, narrow, wide)


def _bits(weights: jax.Array) -> jax.Array:
  """Integers in the order of non-negative floats."""
  return jax.lax.bitcast_convert_type(weights, jnp.int32)


def _value(bits: jax.Array) -> jax.Array:
  return jax.lax.bitcast_convert_type(bits, jnp.float32)


def _search(target: jax.Array, total: jax.Array, weights_V: jax.Array,
            least: jax.Array, mass_above_least: jax.Array) -> _Edge:
  """Brackets the nucleus's edge until it holds one weight or one value.

  Integers bound the search, and mass is smooth in them (about the log of
  the weight), so interpolation beats halving. Each step takes off a tenth at
  least: near an end, rounding of the sums would let it creep.
  """
  def unsettled(edge: _Edge) -> jax.Array:
    several = edge.mass_lo - edge.mass_hi >= 1.5 * _value(edge.lo)
    return (edge.hi - edge.lo > 1) & several

  def step(edge: _Edge) -> _Edge:
    width = (edge.hi - edge.lo).astype(jnp.float32)
    share = jnp.clip(
        edge.pull_lo / (edge.pull_lo + edge.pull_hi), 0.1, 0.9)
    middle = edge.lo + jnp.clip(
        (share * width).astype(jnp.int32), 1, edge.hi - edge.lo - 1)
    mass = jnp.where(weights_V >= _value(middle), weights_V, 0.0).sum()
    enough = mass >= target
    again = enough == edge.raised
    half = jnp.where(again, 0.5, 1.0)
    return _Edge(
        lo=jnp.where(enough, middle, edge.lo),
        hi=jnp.where(enough, edge.hi, middle),
        mass_lo=jnp.where(enough, mass, edge.mass_lo),
        mass_hi=jnp.where(enough, edge.mass_hi, mass),
        pull_lo=jnp.where(enough, mass - target, edge.pull_lo * half),
        pull_hi=jnp.where(enough, edge.pull_hi * half, target - mass),
        raised=enough)

  # Weights below (total − target) / V cannot sum to what a nucleus leaves out.
  floor = 0.99 * (total - target) / weights_V.shape[0]
  hi = _bits(least) + 1
  return jax.lax.while_loop(unsettled, step, _Edge(
      lo=jnp.minimum(_bits(floor), hi - 1), hi=hi, mass_lo=total,
      mass_hi=mass_above_least, pull_lo=total - target,
      pull_hi=jnp.maximum(target - mass_above_least, 1e-30),
      raised=jnp.bool_(False)))
