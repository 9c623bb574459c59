"""One step of a tuning: a loss, its gradient, AdamW.

Pure functions of (weights, frozen weights, batch); nothing in them is random.
Logits are made at the wanted places only, `packing.SLAB` of them at a time,
and made again for the gradient. A step reads its batch in parts, the gradients
summed, so that a part's size does not change the result.
"""

import dataclasses
import functools
import math
from collections.abc import Callable, Mapping
from typing import Any

import flax.struct
import jax
import jax.numpy as jnp
import optax

from uncertainty.models import Decoder, raw_bits
from uncertainty.models.families import Mapping as Entry
from uncertainty.specs import TuneSpec, listed
from uncertainty.tuning import adapters, objectives
from uncertainty.tuning.packing import SLAB, Packed


@dataclasses.dataclass(frozen=True)
class Setting:
  """What stays the same through a tuning.

  Attributes:
    module: the decoder; with `remat`, layers are computed again for gradients.
    table: the family's, for the model's config.
    tune: the config.
    dtype: of the weights that products multiply.
  """

  module: Decoder
  table: tuple[Entry, ...]
  tune: TuneSpec
  dtype: str


@flax.struct.dataclass
class State:
  """What a step changes.

  Attributes:
    weights: float32: adapters, or all weights.
    memory: the optimiser's.
    step: how many were done, int32.
  """

  weights: Any
  memory: Any
  step: jax.Array


@flax.struct.dataclass
class Losses:
  """A loss in nats, and its parts.

  Attributes:
    loss: what is made small: objective + tune.kl · tie.
    objective: mean over lessons; see `objectives`.
    tie: KL(base ‖ tuned) of the next token, mean over lessons of their places;
      0 where `tune.kl` is.
  """

  loss: jax.Array
  objective: jax.Array
  tie: jax.Array


@flax.struct.dataclass
class Log:
  """What a step tells.

  Attributes:
    losses: before the step.
    gradient_norm: before it is clipped.
    learning_rate: of the step.
  """

  losses: Losses
  gradient_norm: jax.Array
  learning_rate: jax.Array


def start(setting: Setting, params: Mapping[str, Any], key: jax.Array
          ) -> tuple[State, Mapping[str, Any]]:
  """The state before the first step.

  Args:
    setting: of the tuning.
    params: the model's, as loaded.
    key: of the adapters' first values.

  Returns:
    The state, on the params' devices, and the frozen weights: the model's, or
    {} where all are tuned and nothing ties them to the model's.
  """
  tune = setting.tune
  if tune.method == 'lora':
    maps = adapters.linears(setting.table, listed(tune.sites))
    weights: Any = adapters.init(
        key, maps, rank=tune.rank, n_layers=setting.module.config.n_layers)
    frozen = raw_bits(params)
  else:
    # A copy: steps take their state's buffers over.
    weights = jax.tree.map(lambda x: jnp.array(x, jnp.float32), params)
    frozen = raw_bits(params) if tune.kl else {}
  state = State(weights, _optimiser(tune).init(weights),
                jnp.zeros((), jnp.int32))
  return _spread(state, jax.tree.leaves(params)[0].sharding), frozen


def _spread(state: State, sharding: jax.sharding.Sharding) -> State:
  """The state where the model is: what is not sharded as it is, everywhere."""
  if not isinstance(sharding, jax.sharding.NamedSharding):
    return state
  everywhere = jax.sharding.NamedSharding(
      sharding.mesh, jax.sharding.PartitionSpec())
  return jax.tree.map(
      lambda x: x if isinstance(x.sharding, jax.sharding.NamedSharding)
      else jax.device_put(x, everywhere), state)


def tuned(setting: Setting, params: Mapping[str, Any], weights: Any
          ) -> Mapping[str, Any]:
  """The whole tuned model's weights, in the type that they were loaded in.

  Args:
    setting: of the tuning.
    params: the model's, as loaded.
    weights: of the state.

  Returns:
    The decoder's params.
  """
  if setting.tune.method == 'lora':
    return jax.jit(lambda params, weights: adapters.merge(
        params, weights, scale(setting.tune), setting.table))(params, weights)
  return jax.tree.map(lambda x, y: x.astype(y.dtype), weights, dict(params))


def scale(tune: TuneSpec) -> float:
  """What an adapter's product is multiplied by.

  Args:
    tune: the config.

  Returns:
    alpha / rank.
  """
  return tune.alpha / tune.rank


def loss(setting: Setting, weights: Any, frozen: Mapping[str, Any],
         packed: Packed) -> tuple[jax.Array, Losses]:
  """The loss of one part of a step.

  Args:
    setting: of the tuning (static).
    weights: adapters, or all weights.
    frozen: the model's own weights; {} if they are not needed.
    packed: one part, without the axis of parts.

  Returns:
    The loss, and it with its parts.
  """
  tune = setting.tune
  hidden_PD, head = _hidden(setting, weights, frozen, packed)
  base_PD = None
  if tune.kl:
    base_PD = jax.lax.stop_gradient(
        _read(setting.module, {'params': frozen}, packed))
  masses_PG, spread_P, tie_P = _next_tokens(
      setting.module, head, frozen, hidden_PD, base_PD,
      jnp.asarray(packed.targets_PGV))
  objective = _objective(tune, masses_PG, spread_P, packed)
  tie = (packed.tied_P * tie_P).sum()
  total = objective + tune.kl * tie
  return total, Losses(total, objective, tie)


def _hidden(setting: Setting, weights: Any, frozen: Mapping[str, Any],
            packed: Packed) -> tuple[jax.Array, Mapping[str, Any]]:
  """Final hidden states at the places, and the weights that unembed them."""
  if setting.tune.method == 'lora':
    variables = {'params': frozen, 'adapters': adapters.of_products(
        setting.table, weights, scale(setting.tune))}
  else:
    variables = {'params': _working(setting, weights)}
  return _read(setting.module, variables, packed), variables['params']


def _working(setting: Setting, weights: Any) -> Any:
  """Float32 weights in the type of products; scales and biases stay."""
  wide = {entry.path for entry in setting.table if entry.float32}

  def cast(path: Any, x: jax.Array) -> jax.Array:
    name = '/'.join(key.key for key in path)
    return x if name in wide else x.astype(setting.dtype)

  return jax.tree_util.tree_map_with_path(cast, weights)


def _read(module: Decoder, variables: Mapping[str, Any], packed: Packed
          ) -> jax.Array:
  hidden_BTD, _ = module.apply(variables, packed.batch, method='hidden')
  return hidden_BTD.reshape(-1, hidden_BTD.shape[-1])[packed.places_P]


def _next_tokens(
    module: Decoder, head: Any, base_head: Any, hidden_PD: jax.Array,
    base_PD: jax.Array | None, targets_PGV: jax.Array,
) -> tuple[jax.Array, jax.Array, jax.Array]:
  """What is wanted of the next-token distributions, a slab at a time.

  Returns:
    ln Σ p of each reading [P, G]; cross-entropy to the uniform distribution
    over the vocabulary [P]; KL(base ‖ tuned) [P], 0 without a base.
  """
  def slab(places: Any) -> Any:
    hidden_SD, base_SD, targets_SGV = places
    logits_SV: Any = module.apply(
        {'params': head}, hidden_SD, method='unembed')
    total_S1 = jax.nn.logsumexp(logits_SV, axis=1, keepdims=True)
    S, G, V = targets_SGV.shape
    found_SGV = (jnp.take_along_axis(
        logits_SV, jnp.maximum(targets_SGV, 0).reshape(S, G * V), 1)
        - total_S1).reshape(S, G, V)
    there_SGV = targets_SGV >= 0
    masses_SG = jax.nn.logsumexp(
        jnp.where(there_SGV, found_SGV, objectives.NOTHING), axis=2)
    masses_SG = jnp.where(there_SGV.any(2), masses_SG, 0.0)
    spread_S = total_S1[:, 0] - logits_SV.mean(1)
    if base_SD is None:
      return masses_SG, spread_S, jnp.zeros_like(spread_S)
    base_SV: Any = module.apply(
        {'params': base_head}, base_SD, method='unembed')
    base_SV = jax.nn.log_softmax(base_SV, axis=1)
    tie_S = (jnp.exp(base_SV) * (base_SV - logits_SV + total_S1)).sum(1)
    return masses_SG, spread_S, tie_S

  P = hidden_PD.shape[0]
  n = P if P % SLAB else SLAB
  slabs = jax.tree.map(
      lambda x: x.reshape(-1, n, *x.shape[1:]),
      (hidden_PD, base_PD, targets_PGV))
  found = jax.lax.map(jax.checkpoint(slab), slabs)
  return jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:]), found)


def _objective(tune: TuneSpec, masses_PG: jax.Array, spread_P: jax.Array,
               packed: Packed) -> jax.Array:
  """Σ_n w_n · ((1 − β) · divergence + β · smoothing)."""
  N, C = packed.shares_NC.shape
  counted_PG = masses_PG * packed.coefficients_P[:, None]
  scores_NC = jax.ops.segment_sum(
      counted_PG.ravel(), packed.cells_PG.ravel(), N * C + 1)[:-1].reshape(N, C)
  over = 'vocabulary' if tune.objective == 'answers' else tune.over
  logs_NC = objectives.choice_logs(
      scores_NC, jnp.asarray(packed.valid_NC), over=over)
  found_N = objectives.DIVERGENCES[tune.divergence](
      packed.shares_NC, logs_NC, packed.valid_NC)
  if tune.smoothing and over == 'vocabulary':
    spread_N = jax.ops.segment_sum(
        spread_P * packed.coefficients_P, packed.items_P, N + 1)[:-1]
    found_N = (1 - tune.smoothing) * found_N + tune.smoothing * spread_N
  return (packed.weights_N * found_N).sum()


def learning_rate(tune: TuneSpec, step: jax.Array) -> jax.Array:
  """A line up to the highest rate, then half a cosine down to 0.

  Args:
    tune: the config.
    step: how many steps were done before.

  Returns:
    Of the next step; float32.
  """
  done = step.astype(jnp.float32)
  rising = (done + 1) / max(tune.warm_up, 1)
  left = max(tune.steps - tune.warm_up, 1)
  share = jnp.clip((done - tune.warm_up) / left, 0.0, 1.0)
  falling = 0.5 * (1 + jnp.cos(math.pi * share))
  return tune.learning_rate * jnp.where(
      done < tune.warm_up, rising, falling)


def _optimiser(tune: TuneSpec) -> optax.GradientTransformation:
  """AdamW (Loshchilov & Hutter 2019) with PyTorch's constants."""
  parts = [optax.clip_by_global_norm(tune.clip)] if tune.clip else []
  rate: Any = functools.partial(learning_rate, tune)
  return optax.chain(*parts, optax.adamw(
      rate, b1=0.9, b2=0.999, eps=1e-8, weight_decay=tune.weight_decay))


def make(setting: Setting) -> Callable[..., tuple[State, Log]]:
  """The compiled step.

  Args:
    setting: of the tuning.

  Returns:
    (state, frozen weights, packed with its axis of parts) → the next state,
    and what the step tells. The state's buffers are taken over.
  """
  @functools.partial(jax.jit, donate_argnums=0)
  def step(state: State, frozen: Any, packed: Packed) -> tuple[State, Log]:
    gradient, losses = _gradient(setting, state.weights, frozen, packed)
    rate = learning_rate(setting.tune, state.step)
    update, memory = _optimiser(setting.tune).update(
        gradient, state.memory, state.weights)
    weights = optax.apply_updates(state.weights, update)
    return (State(weights, memory, state.step + 1),
            Log(losses, optax.tree.norm(gradient), rate))

  return _promoting(step)


def _gradient(setting: Setting, weights: Any, frozen: Any, packed: Packed
              ) -> tuple[Any, Losses]:
  """Summed over parts."""
  of_part = jax.value_and_grad(
      functools.partial(loss, setting), has_aux=True)

  def add(total: Any, part: Packed) -> tuple[Any, Losses]:
    (_, losses), gradient = of_part(weights, frozen, part)
    return jax.tree.map(jnp.add, total, gradient), losses

  if packed.weights_N.shape[0] == 1:
    (_, losses), gradient = of_part(
        weights, frozen, jax.tree.map(lambda x: x[0], packed))
    return gradient, losses
  gradient, parts = jax.lax.scan(
      add, jax.tree.map(jnp.zeros_like, weights), packed)
  return gradient, jax.tree.map(lambda x: x.sum(), parts)


def make_loss(setting: Setting) -> Callable[..., Losses]:
  """The compiled loss of what is not learnt from.

  Args:
    setting: of the tuning.

  Returns:
    (weights, frozen weights, packed with its axis of parts) → losses.
  """
  @jax.jit
  def losses(weights: Any, frozen: Any, packed: Packed) -> Losses:
    found = jax.lax.map(
        lambda part: loss(setting, weights, frozen, part)[1], packed)
    return jax.tree.map(lambda x: x.sum(), found)

  return _promoting(losses)


def _promoting(function: Callable[..., Any]) -> Callable[..., Any]:
  """Optax raises a float to an int count, which strict promotion refuses."""
  def call(*arguments: Any) -> Any:
    with jax.numpy_dtype_promotion('standard'):
      return function(*arguments)
  return call
