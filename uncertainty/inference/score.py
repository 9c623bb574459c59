"""Scores prompts: one jitted pass from token rows to measures.

A batch's final hidden states are gathered at the wanted places before the
vocabulary is touched, so logits exist for those places only; one transfer
brings measures and the top tokens back, never a vocabulary.
"""

import dataclasses
import functools
import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import tqdm

from uncertainty import models
from uncertainty.inference import batching, device_costs, pipeline, prefix
from uncertainty.measures.next_token import next_token_measures
from uncertainty.results import columns
from uncertainty.specs import ScoreSpec
from uncertainty.types import Batch, CaptureSpec, KeyValues, UserError

_SLAB = 64  # places within branches whose logits are held at once


@dataclasses.dataclass(frozen=True)
class Ask:
  """One prompt to score.

  Attributes:
    name: for messages: the item's id.
    stem: all tokens of the prompt.
    targets: next tokens whose log-probabilities are wanted after it.
    branches: continuations to score (see `batching.Entry`).
    group: prompts of a group may share more of their beginning.
    whole_branches: read the branches to their ends (for activations there).
    capture_places: places in the stem at which activations are captured;
      empty: the last.
  """

  name: str
  stem: tuple[int, ...]
  targets: tuple[int, ...] = ()
  branches: tuple[tuple[int, ...], ...] = ()
  group: str = ''
  whole_branches: bool = False
  capture_places: tuple[int, ...] = ()


@dataclasses.dataclass(frozen=True)
class Scores:
  """What a batch says about the n asks it holds.

  Attributes:
    asks_N: their indices.
    measures: name → [n] or [n, k], of the next-token distribution.
    target_logprobs_NA: of the asks' targets, in order, then filling.
    branch_logprobs: (ask, branch) → Σ ln p of its tokens after the first.
    activations: site → [n, places, L, D]: the ask's `capture_places`, then the
      last token of each branch if `whole_branches`. Asks with fewer places
      than others of the batch repeat some.
  """

  asks_N: np.ndarray
  measures: Mapping[str, np.ndarray]
  target_logprobs_NA: np.ndarray
  branch_logprobs: Mapping[tuple[int, int], float]
  activations: Mapping[str, np.ndarray]


def score(
    model: models.Model, asks: Sequence[Ask], spec: ScoreSpec, *,
    capture: CaptureSpec | None = None,
    wanted: Collection[int] | None = None, label: str = 'score',
) -> Iterator[Scores]:
  """Scores prompts, a batch at a time, longest first.

  Args:
    model: the model.
    asks: prompts. The plan of batches depends on all of them.
    spec: batch sizes and tokens to keep.
    capture: sites to capture, at each ask's `capture_places` (and the ends of
      its whole branches).
    wanted: indices to score; batches without any of them are skipped.
    label: of the progress bar.

  Yields:
    A batch's scores; `asks_N` says whose.

  Raises:
    UserError: a prompt beyond the model's context, logits that are not
      finite, or a prompt that does not fit the device's memory alone.
  """
  if not asks:
    return
  planned = plan(model, asks, spec)
  todo = [rows for rows in planned.batches if wanted is None or any(
      i in wanted for row in rows.rows for i in row)]
  with tqdm.tqdm(total=len(asks), desc=label, unit='prompt',
                 disable=None) as bar:
    bar.update(len(asks) - sum(len(r) for b in todo for r in b.rows))
    for group, part in itertools.groupby(todo, key=lambda b: b.group):
      tokens = planned.groups[group].tokens
      runner = _Runner(model, asks, planned, spec, capture,
                       prefix.read(model, tokens), len(tokens))
      for scores in pipeline.run_ahead(
          list(part), runner.dispatch, runner.collect,
          ahead=jax.default_backend() != 'cpu'):
        bar.update(len(scores.asks_N))
        yield scores


class _Size(NamedTuple):
  """How many reads, places in branches, and captures a batch has room for."""

  reads: int
  inner: int
  n_captures: int


def _size(rows: batching.PackedRows,
          entries: Sequence[batching.Entry]) -> _Size:
  members = [[entries[i] for i in row] for row in rows.rows]
  inner = sum(len(b) - 1 for row in members for e in row for b in e.branches)
  return _Size(
      reads=sum(map(len, members)), inner=-(-inner // _SLAB) * _SLAB,
      n_captures=max(sum(_places(e) for e in row) for row in members))


def _places(entry: batching.Entry) -> int:
  return (max(len(entry.capture_places), 1)
          + len(entry.branches) * entry.whole_branches)


@dataclasses.dataclass(frozen=True)
class Plan:
  """All batches of a call, before any is computed.

  Attributes:
    groups: prompts that share a prefix.
    entries: the asks without their prefixes, in the asks' order.
    batches: rows of entries.
    shapes: row length → the largest size of its batches.
    rows: row length → rows in each of its batches.
  """

  groups: Sequence[prefix.PrefixGroup]
  entries: Sequence[batching.Entry]
  batches: Sequence[batching.PackedRows]
  shapes: Mapping[int, _Size]
  rows: Mapping[int, int]


def plan(model: models.Model, asks: Sequence[Ask], spec: ScoreSpec) -> Plan:
  """Which prompts are read together, and after which prefix.

  Args:
    model: for its context length, rotary tables and mesh.
    asks: prompts.
    spec: batch sizes.

  Returns:
    The batches, none computed.

  Raises:
    UserError: a prompt beyond the model's context.
  """
  check_prompts(model, asks)
  whole = _must_be_whole(model, asks)
  groups = _share(asks, whole)
  entries = _entries(asks, groups)
  batches = batching.plan(
      entries, batch_tokens=spec.batch_tokens or device_costs.device_tokens(
          model.config, model.params),
      row_tokens=0 if whole else spec.row_tokens,
      multiple_of=_n_data_shards(model),
      n_prefix_shapes=len({prefix.n_slots(len(g.tokens)) for g in groups}))
  sizes: dict[int, list[_Size]] = {}
  for rows in batches:
    sizes.setdefault(rows.length, []).append(_size(rows, entries))
  shapes = {k: _Size(*map(max, zip(*v))) for k, v in sizes.items()}
  return Plan(groups, entries, batches, shapes,
              {b.length: len(b.rows) for b in batches})


@dataclasses.dataclass(frozen=True)
class _Runner:
  """Dispatches and collects the batches behind one shared prefix."""

  model: models.Model
  asks: Sequence[Ask]
  plan: Plan
  spec: ScoreSpec
  capture: CaptureSpec | None
  shared: KeyValues | None
  n_shared: int

  def dispatch(self, rows: batching.PackedRows
               ) -> tuple[batching.Layout, Any]:
    size = _size(rows, self.plan.entries)
    full = self.plan.shapes[rows.length]
    # Halves of a batch that did not fit have room for fewer reads, too.
    if len(rows.rows) == self.plan.rows[rows.length]:
      size = full
    layout = batching.lay_out(
        rows, self.plan.entries, self.n_shared, reads=size.reads,
        inner=size.inner, n_captures=size.n_captures if self.capture else 0)
    place = functools.partial(_place, self.model)
    out = _forward(
        self.model.module, self.model.run_params, self.shared,
        jax.tree.map(place, layout.batch), layout.reads_N,
        layout.targets_NA, layout.inner_M, layout.inner_targets_M,
        place(layout.capture_BP) if self.capture else None,
        capture=self.capture, top_k=self.spec.top_k,
        mesh=_mesh(self.model))
    return layout, out

  def collect(self, started: tuple[batching.Layout, Any]) -> Scores:
    layout, out = started
    out = jax.device_get(out)
    valid = layout.entries_N >= 0
    asks_N = layout.entries_N[valid]
    finite = out['measures'].pop('finite')[valid]
    inner = layout.inner_branch_M2[:, 0] >= 0
    sums: dict[tuple[int, int], float] = {}
    for (i, k), x in zip(layout.inner_branch_M2[inner].tolist(),
                         out['inner_logprobs'][inner].tolist()):
      sums[i, k] = sums.get((i, k), 0.0) + x
    broken = [int(i) for i in asks_N[~finite]]
    broken += [i for (i, _), x in sums.items() if not np.isfinite(x)]
    if broken:
      raise UserError(
          f'item {self.asks[broken[0]].name}: the model gives logits that are '
          'not finite; run with --config.model.dtype=float32, and check the '
          'weight file if that does not help')
    return Scores(
        asks_N, {k: v[valid] for k, v in out['measures'].items()},
        out['target_logprobs'][valid], sums,
        {site: _by_ask(x, layout, valid, self.plan.entries)
         for site, x in out['activations'].items()})


def _by_ask(x: np.ndarray, layout: batching.Layout, valid: np.ndarray,
            entries: Sequence[batching.Entry]) -> np.ndarray:
  """[L, B, P, D] or [B, P, D] → [n, places, L, D]."""
  x = x if x.ndim == 4 else x[None]
  rows, first = layout.capture_slots_N2[valid].T
  places = max(_places(entries[i]) for i in layout.entries_N[valid])
  slots = first[:, None] + np.arange(places)[None]
  slots = np.minimum(slots, x.shape[2] - 1)
  return x[:, rows[:, None], slots].transpose(1, 2, 0, 3)


@functools.partial(
    jax.jit, static_argnames=('module', 'capture', 'top_k', 'mesh'))
def _forward(
    module: models.Decoder, params, shared: KeyValues | None, batch: Batch,
    reads_N: jax.Array, targets_NA: jax.Array, inner_M: jax.Array,
    inner_targets_M: jax.Array, capture_BP: jax.Array | None, *,
    capture: CaptureSpec | None, top_k: int,
    mesh: jax.sharding.Mesh | None) -> dict[str, Any]:
  """Everything about one batch, in one program."""
  out = models.read_hidden(module, params, batch, prefix=shared,
                           capture=capture, capture_at_BP=capture_BP)
  hidden_XD = out.hidden_BTD.reshape(-1, out.hidden_BTD.shape[-1])
  logits_NV = models.unembed(module, params, hidden_XD[reads_N])
  measures = next_token_measures(logits_NV, top_k)
  peaks_N1 = jnp.take_along_axis(
      logits_NV, measures[columns.TOP_TOKENS][:, :1], 1)
  log_totals_N1 = peaks_N1 - measures[columns.TOP_LOGPROBS][:, :1]
  result = {
      'measures': measures,
      'target_logprobs': jnp.take_along_axis(logits_NV, targets_NA, 1)
                         - log_totals_N1,
      'inner_logprobs': _inner(module, params, hidden_XD, inner_M,
                               inner_targets_M),
      'activations': dict(out.activations),
  }
  if mesh is not None:
    result = jax.lax.with_sharding_constraint(
        result, jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec()))
  return result


def _inner(module, params, hidden_XD: jax.Array, inner_M: jax.Array,
           targets_M: jax.Array) -> jax.Array:
  """Next tokens' ln p within branches, a slab of logits at a time."""
  if not inner_M.shape[0]:
    return jnp.zeros((0,), jnp.float32)

  def slab(places: tuple[jax.Array, jax.Array]) -> jax.Array:
    at, targets = places
    logits = models.unembed(module, params, hidden_XD[at])
    found = jnp.take_along_axis(logits, targets[:, None], 1)[:, 0]
    return found - jax.nn.logsumexp(logits, axis=1)

  return jax.lax.map(slab, (inner_M.reshape(-1, _SLAB),
                            targets_M.reshape(-1, _SLAB))).reshape(-1)


def check_prompts(
    model: models.Model | models.Opened, asks: Iterable[Ask]) -> None:
  """Refuses prompts that the model cannot read.

  Args:
    model: its weights may be yet to load.
    asks: prompts.

  Raises:
    UserError: one is empty, beyond the model's context, or of tokens that it
      has no embedding of.
  """
  limit = model.config.context_length
  for ask in asks:
    n = len(ask.stem) + max(map(len, ask.branches), default=0)
    if n > limit:
      raise UserError(
          f'item {ask.name}: its prompt has {n} tokens and {model.name} reads '
          f'{limit}; shorten the question, or turn the worked examples off '
          'with --config.prompt.few_shot=False')
    if not ask.stem:
      raise UserError(f'item {ask.name}: its prompt is empty')
    batching.check_tokens(
        ask.name, (ask.stem, *ask.branches), model.config.vocab_size)


def _must_be_whole(model: models.Model, asks: Sequence[Ask]) -> bool:
  """Whether rows must hold one whole prompt each.

  Longrope turns all keys of a row by the row's length, so neither a prefix
  nor a neighbour may share the row of a prompt that is long for it.
  """
  longest = max(len(a.stem) + sum(map(len, a.branches)) for a in asks)
  return any(r.long_frequencies and r.switch_length < 2 * longest
             for r in model.config.rotaries)


def _share(asks: Sequence[Ask], whole: bool) -> list[prefix.PrefixGroup]:
  if whole:
    return [prefix.PrefixGroup((), tuple(range(len(asks))))]
  # Up to the first place to capture: none are captured in a prefix.
  stems = [a.stem[:min(a.capture_places) + 1] if a.capture_places else a.stem
           for a in asks]
  return prefix.split(stems, [a.group for a in asks])


def _entries(asks: Sequence[Ask], groups: Sequence[prefix.PrefixGroup],
             ) -> list[batching.Entry]:
  out: list[batching.Entry] = [None] * len(asks)  # pyright: ignore
  for g, group in enumerate(groups):
    for i in group.members:
      ask = asks[i]
      out[i] = batching.Entry(
          ask.stem[len(group.tokens):], ask.targets, ask.branches,
          ask.whole_branches,
          tuple(c - len(group.tokens) for c in ask.capture_places), g)
  return out


def _mesh(model: models.Model) -> jax.sharding.Mesh | None:
  sharding = jax.tree.leaves(model.params)[0].sharding
  if isinstance(sharding, jax.sharding.NamedSharding):
    return sharding.mesh  # pyright: ignore[reportReturnType]
  return None


def _n_data_shards(model: models.Model) -> int:
  mesh = _mesh(model)
  return 1 if mesh is None else dict(mesh.shape).get('data', 1)


def _place(model: models.Model, x: np.ndarray) -> jax.Array:
  """Rows over the mesh's data axis; each process has all, and places its own.

  `jax.device_put` would first compare what the processes have.
  """
  mesh = _mesh(model)
  if mesh is None:
    return jnp.asarray(x)
  rows = 'data' if x.shape[0] % _n_data_shards(model) == 0 else None
  return jax.make_array_from_callback(
      x.shape, jax.sharding.NamedSharding(
          mesh, jax.sharding.PartitionSpec(rows)), lambda index: x[index])
