"""Adapters (LoRA, Hu et al. 2021, arXiv 2106.09685): their tree, and merging.

The decoder multiplies by fused weights (`qkv` holds queries, keys and values);
an adapter belongs to a linear map as the checkpoint has it (`q_proj`), so that
peft reads it. The tree:

  {'layers.{layer}.self_attn.q_proj': {'a': [L, inputs, rank] float32,
                                       'b': [L, rank, outputs] float32}, …}

Its keys are the tensors' canonical names in the family's table
(`families.Mapping.sources`), `{layer}` left open and `.weight` left off; all
layers are stacked. The map of layer l becomes, for rows x of inputs,

  x ↦ x Wᵀ + scale · (x a[l]) b[l],  scale = alpha / rank

so that, for W as PyTorch's `Linear` stores it ([outputs, inputs]), W gains
scale · (a[l] b[l])ᵀ; GPT-2's `Conv1D` ([inputs, outputs], `Linear.transposed`)
gains scale · a[l] b[l]. Rows of b's outputs, and of a's inputs, are in the
checkpoint's order, not in that of the fused weight. peft's names for layer l:

  base_model.model.MODULE.lora_A.weight = a[l].T    [rank, inputs]
  base_model.model.MODULE.lora_B.weight = b[l].T    [outputs, rank]

where MODULE is the module's name in transformers' model, `model.` prefix and
all. `a` starts as peft starts it, uniform in ±1/√inputs (Kaiming, a = √5), `b`
at zero. Llama has q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj and
down_proj; Phi 3, GPT-NeoX and GPT-2 have fewer, fused ones.
"""

import dataclasses
import functools
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from uncertainty.models.families import Mapping as Entry
from uncertainty.models.families import Part
from uncertainty.models.matmul_precision import wide
from uncertainty.types import UserError

Adapter = dict[str, dict[str, jax.Array]]

# Weights of the scan's products → how many of their first axes are inputs.
_INPUT_AXES = {'layers/attention/qkv': 1, 'layers/attention/output': 3,
               'layers/mlp/up': 1, 'layers/mlp/down': 1}


@dataclasses.dataclass(frozen=True)
class Linear:
  """A linear map of every layer, as the checkpoint has it.

  Attributes:
    name: such as `layers.{layer}.self_attn.q_proj`; the adapter's key.
    n_inputs: width of what it reads.
    n_outputs: width of what it writes.
    transposed: whether its weight is stored [inputs, outputs].
  """

  name: str
  n_inputs: int
  n_outputs: int
  transposed: bool

  @property
  def site(self) -> str:
    """The last part of its name, such as `q_proj`."""
    return self.name.rpartition('.')[2]


@dataclasses.dataclass(frozen=True)
class _Place:
  """Where a part of a fused weight comes from.

  Attributes:
    linear: the map.
    inputs: index of its input at each place of the weight's input axes.
    outputs: index of its output at each place of the part's output axes.
  """

  linear: Linear
  inputs: np.ndarray
  outputs: np.ndarray


def linears(table: Iterable[Entry], sites: Sequence[str] = ()
            ) -> tuple[Linear, ...]:
  """The maps that can be adapted.

  Args:
    table: the family's, for the model's config.
    sites: last parts of the names of those wanted; () for all.

  Returns:
    The maps in the table's order, each once.

  Raises:
    UserError: a site that the model does not have.
  """
  found = {place.linear.name: place.linear
           for entry in _products(table) for place in _places(entry)}
  there = list(dict.fromkeys(linear.site for linear in found.values()))
  for site in sites:
    if site not in there:
      raise UserError(f'config.tune.sites names {site!r}; this model has '
                      f'{", ".join(there)}')
  return tuple(linear for linear in found.values()
               if not sites or linear.site in sites)


@functools.partial(jax.jit, static_argnames=('maps', 'rank', 'n_layers'))
def init(key: jax.Array, maps: tuple[Linear, ...], *, rank: int, n_layers: int
         ) -> Adapter:
  """An adapter that changes nothing yet.

  Args:
    key: random key.
    maps: what to adapt.
    rank: of each.
    n_layers: L.

  Returns:
    The tree: a uniform in ±1/√inputs, b zero.
  """
  return {
      linear.name: {
          'a': jax.random.uniform(
              k, (n_layers, linear.n_inputs, rank), jnp.float32,
              -1 / math.sqrt(linear.n_inputs), 1 / math.sqrt(linear.n_inputs)),
          'b': jnp.zeros((n_layers, rank, linear.n_outputs), jnp.float32)}
      for linear, k in zip(maps, jax.random.split(key, len(maps)),
                           strict=True)}


def of_products(table: Iterable[Entry], adapter: Adapter, scale: float
                ) -> dict[str, Any]:
  """The adapter as the decoder's fused products take it (`models.low_rank`).

  Maps that are fused into one weight stand side by side along the rank, each
  with zeros where the others write.

  Args:
    table: the family's, for the model's config.
    adapter: some of the maps.
    scale: alpha / rank.

  Returns:
    The collection `adapters`: a [L, inputs…, R] and b [L, R, outputs…] float32
    in place of each adapted weight, `scale` within b.
  """
  tree: dict[str, Any] = {}
  for entry in _products(table):
    places = [p for p in _places(entry) if p.linear.name in adapter]
    if not places:
      continue
    *parents, leaf = entry.path.split('/')
    node = tree
    for name in parents:
      node = node.setdefault(name, {})
    node[leaf] = _fused(entry, adapter, scale)
  return tree


def merge(params: Mapping[str, Any], adapter: Adapter, scale: float,
          table: Iterable[Entry]) -> dict[str, Any]:
  """Weights that do by themselves what the adapter did beside them.

  Args:
    params: the decoder's.
    adapter: some of its maps.
    scale: alpha / rank.
    table: the family's, for the model's config.

  Returns:
    The params with W + scale · a b, added in float32 and kept in W's type.
  """
  fused = of_products(table, adapter, scale)

  def merged(weights: Any, low_rank: Any) -> Any:
    if 'a' in low_rank:
      return _add(weights, low_rank['a'], low_rank['b'])
    return {name: merged(value, low_rank[name]) if name in low_rank else value
            for name, value in weights.items()}

  return merged(params, fused)


def _add(weight: jax.Array, a: jax.Array, b: jax.Array) -> jax.Array:
  L, R = weight.shape[0], b.shape[1]
  change = jnp.einsum('lir,lro->lio', a.reshape(L, -1, R), b.reshape(L, R, -1),
                      precision=jax.lax.Precision.HIGHEST)
  dtype = wide(weight.dtype)
  return (weight.astype(dtype) + change.reshape(weight.shape).astype(dtype)
          ).astype(weight.dtype)


def _fused(entry: Entry, adapter: Adapter, scale: float
           ) -> dict[str, jax.Array]:
  places, n_inputs = _places(entry), _INPUT_AXES[entry.path]
  names = list(dict.fromkeys(
      p.linear.name for p in places if p.linear.name in adapter))
  stacked = [adapter[name] for name in names]
  inputs = places[0].inputs  # which all parts of one weight share
  rows = []
  for name, pair in zip(names, stacked):
    pieces = [
        pair['b'][:, :, p.outputs] if p.linear.name == name else jnp.zeros(
            (*pair['b'].shape[:2], *p.outputs.shape), pair['b'].dtype)
        for p in places]
    rows.append(jnp.concatenate(pieces, 2 + entry.axis - n_inputs)
                if len(pieces) > 1 else pieces[0])
  return {'a': jnp.concatenate([p['a'][:, inputs] for p in stacked], -1),
          'b': jnp.concatenate(rows, 1) * scale}


def _products(table: Iterable[Entry]) -> list[Entry]:
  return [entry for entry in table if entry.path in _INPUT_AXES]


def _places(entry: Entry) -> list[_Place]:
  """Where each part of a fused weight comes from, found by moving indices."""
  n_inputs = _INPUT_AXES[entry.path]
  return [_place(part, n_inputs) for part in entry.parts]


def _place(part: Part, n_inputs: int) -> _Place:
  n_rows, n_columns = part.source_shape
  rows = part.read(np.broadcast_to(np.arange(n_rows)[:, None],
                                   part.source_shape))
  columns = part.read(np.broadcast_to(np.arange(n_columns)[None],
                                      part.source_shape))
  outward = (0,) * n_inputs
  inward = (..., *(0,) * (rows.ndim - n_inputs))
  # Along the inputs, rows of a Linear stay where they are.
  transposed = bool((rows[inward] != rows.flat[0]).any())
  if transposed:
    rows, columns = columns, rows
    n_rows, n_columns = n_columns, n_rows
  name = part.source.removesuffix('.weight')
  return _Place(Linear(name, n_columns, n_rows, transposed),
                columns[inward], rows[outward])
