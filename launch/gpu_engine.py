"""What `bench_gpu.py` measures of this engine, and of the device itself."""

import dataclasses
import functools
import pathlib
import tempfile
import time
from collections.abc import Callable
from typing import Any

import gpu_shapes  # beside this file
import jax
import jax.numpy as jnp
import numpy as np
from tiny_checkpoint import byte_tokenizer  # beside this file

from uncertainty import models
from uncertainty.inference import answer_rows, generate, score
from uncertainty.models import attention, families
from uncertainty.specs import ScoreSpec

Note = Callable[..., None]


def best_of(run: Callable[[], Any], rounds: int) -> float:
  """Seconds of the fastest run."""
  found = []
  for _ in range(rounds):
    start = time.perf_counter()
    jax.block_until_ready(run())
    found.append(time.perf_counter() - start)
  return min(found)


def _repeated(run: Callable[[], Any], times: int) -> float:
  """Seconds of one of several runs that the device does back to back."""
  jax.block_until_ready(run())
  return best_of(lambda: [run() for _ in range(times)][-1], 3) / times


def peaks(args: Any, note: Note) -> None:
  """The largest product's rate, and that of a copy."""
  n = 8192 if args.sizes != 'tiny' else 512
  left, right = (jax.random.normal(jax.random.key(i), (n, n), jnp.bfloat16)
                 for i in (0, 1))
  multiply = jax.jit(jnp.matmul)
  seconds = _repeated(lambda: multiply(left, right), 20)
  note('peak', flops=2 * n**3 / seconds)
  big = jnp.ones((n * n * 16,), jnp.bfloat16)
  copy = jax.jit(lambda x: x + jnp.bfloat16(1))
  note('copy', bytes=4 * big.size / _repeated(lambda: copy(big), 20),
       device=jax.devices()[0].device_kind)


def random_model(hf: dict[str, Any]) -> models.Model:
  """A model of random bfloat16 weights, made on the device."""
  config = families.for_architecture('LlamaForCausalLM').config(hf)
  module = models.Decoder(config, jnp.dtype('bfloat16'))
  shapes = jax.eval_shape(module.init, jax.random.key(0),
                          jnp.zeros((1, 2), jnp.int32))['params']
  leaves, tree = jax.tree.flatten(dict(shapes))

  @functools.partial(jax.jit, static_argnums=1)
  def draw(key, shape):
    # Layer by layer: of all at once, the bits would take more than the model.
    keys = jax.random.split(key, shape[0] if len(shape) > 2 else 1)
    drawn = jax.lax.map(lambda k: jnp.bfloat16(.02) * jax.random.normal(
        k, shape[1:] if len(shape) > 2 else shape, jnp.bfloat16), keys)
    return drawn.reshape(shape)

  keys = jax.random.split(jax.random.key(0, impl='rbg'), len(leaves))
  params = [draw(key, x.shape) if x.dtype == jnp.bfloat16
            else jnp.ones(x.shape, x.dtype) for key, x in zip(keys, leaves)]
  return models.Model(
      module=module, params=jax.tree.unflatten(tree, params), config=config,
      tokenizer=byte_tokenizer(), name='random', kind='base', source='random',
      revision=None, fingerprint='')


def _asks(prompts: list[list[int]]) -> list[score.Ask]:
  targets = tuple(t for ids in gpu_shapes.LETTERS for t in ids)
  return [score.Ask(str(i), tuple(p), targets)
          for i, p in enumerate(prompts)]


def _peak_gib() -> float:
  stats = jax.devices()[0].memory_stats() or {}
  return stats.get('peak_bytes_in_use', 0) / 2**30


def scoring(size: str, args: Any, note: Note, model: models.Model) -> None:
  """Items scored a second, by XLA's attention and by cuDNN's."""
  if len(args.attention.split(',')) > 1:
    attended(size, args, note)
  hf = gpu_shapes.SHAPES[size]
  asked = gpu_shapes.work(hf['vocab_size'], args.prompts)
  asks = _asks(asked.prompts)
  for name in args.attention.split(','):
    module = dataclasses.replace(model.module, flash=name == 'cudnn')
    some = dataclasses.replace(model, module=module)
    spec = ScoreSpec(batch_tokens=args.batch_tokens,
                     row_tokens=args.row_tokens)

    def run(some=some, spec=spec):
      return list(score.score(some, asks, spec))

    start = time.perf_counter()
    run()
    first = time.perf_counter() - start
    shapes = score.plan(some, asks, spec).shapes
    note(f'scoring-{size}-engine-{name}', first=first, lengths=len(shapes),
         seconds=best_of(run, args.rounds), items=len(asks), peak=_peak_gib())
    if size in args.profile.split(','):
      note(f'profile-scoring-{size}-{name}', kernels=kernels(run))


def generation(size: str, args: Any, note: Note, model: models.Model) -> None:
  """Milliseconds a step, with every measure and with none."""
  hf = gpu_shapes.SHAPES[size]
  asked = gpu_shapes.work(hf['vocab_size'], args.batch_size)
  requests = [generate.Request(str(i), tuple(p))
              for i, p in enumerate(asked.prompts)]
  steps = answer_rows.run
  for top_k in map(int, args.top_ks.split(',')):
    name = 'measured' if top_k else 'bare'
    spec = generate.GenerateSpec(
        max_tokens=args.max_tokens, batch_size=args.batch_size, top_k=top_k,
        stop='none')
    decoding: list[tuple[float, int]] = []

    def timed(*arguments, decoding=decoding):
      jax.block_until_ready(arguments[2])
      start = time.perf_counter()
      rows = jax.block_until_ready(steps(*arguments))
      decoding.append((time.perf_counter() - start, int(rows.steps_B.max())))
      return rows

    def run(spec=spec):
      return list(generate.generate(model, requests, spec, seed=0))

    answer_rows.run = timed
    try:
      start = time.perf_counter()
      run()
      first = time.perf_counter() - start
      decoding.clear()
      seconds = best_of(run, args.rounds)
    finally:
      answer_rows.run = steps
    # As many runs of steps as the batch had to be refilled, in each round.
    n = len(decoding) // args.rounds
    spent = min(sum(s for s, _ in decoding[i * n:(i + 1) * n])
                for i in range(args.rounds))
    taken = max(k for _, k in decoding)
    note(f'generation-{size}-engine-{name}', first=first, seconds=seconds,
         ms=1e3 * spent / taken, steps=taken, peak=_peak_gib())
    if size in args.profile.split(','):
      note(f'profile-generation-{size}-{name}', kernels=kernels(run))


def attended(size: str, args: Any, note: Note) -> None:
  """One layer's attention behind a prefix, by XLA and by cuDNN."""
  hf = gpu_shapes.SHAPES[size]
  K, H = hf['num_key_value_heads'], hf['head_dim']
  T, P, G = 256, 128, hf['num_attention_heads'] // hf['num_key_value_heads']
  B = max(1, (args.batch_tokens or 16384) // T)

  def draw(i, *shape):
    return jax.random.normal(jax.random.key(i), shape, jnp.bfloat16)

  query = draw(0, B, T, K, G, H)
  prefix = attention.Stretch(draw(1, 1, P, K, H), draw(2, 1, P, K, H))
  own = attention.Stretch(draw(3, B, T, K, H), draw(4, B, T, K, H))
  masks = [jnp.ones((1, 1, P), bool),
           jnp.broadcast_to(jnp.tri(T, dtype=bool), (B, T, T))]
  ways: dict[str, Any] = {'xla': jax.jit(
      lambda q, s, m: attention.attend(q, s, m, 0.0)[0])}
  if 'cudnn' in args.attention:
    ways['cudnn'] = jax.jit(attention.attend_fused)
  found = {name: way(query, [prefix, own], masks)
           for name, way in ways.items()}
  note(f'attention-{size}', tokens=B * T, **{
      name: _repeated(lambda way=way: way(query, [prefix, own], masks), 10)
      for name, way in ways.items()}, apart=max(
          float(jnp.abs(x - found['xla']).max()) for x in found.values()))


def kernels(run: Callable[[], Any], most: int = 16) -> list[list]:
  """The device's kernels that took longest.

  Args:
    run: what is watched; it was run before.
    most: how many kernels.

  Returns:
    [name, share of the device's busy time, times run], and at last the busy
    time in seconds of how many by the clock.
  """
  with tempfile.TemporaryDirectory() as folder:
    start = time.perf_counter()
    with jax.profiler.trace(folder):
      run()
    seconds = time.perf_counter() - start
    file = next(pathlib.Path(folder).rglob('*.xplane.pb'))
    data = jax.profiler.ProfileData.from_file(str(file))
  spent: dict[str, list[float]] = {}
  for plane in data.planes:
    if not plane.name.startswith('/device:GPU'):
      continue
    for line in plane.lines:
      if 'Stream' not in line.name:
        continue
      for event in line.events:
        kept = spent.setdefault(event.name, [0.0, 0])
        kept[0] += event.duration_ns / 1e9
        kept[1] += 1
  busy = sum(s for s, _ in spent.values())
  longest = sorted(spent.items(), key=lambda x: -x[1][0])[:most]
  return [[name[:90], round(s / busy, 4), n] for name, (s, n) in longest] + [
      ['busy', busy, seconds]]


def choices(source: str, dtype: str, prompts: list[list[int]]) -> np.ndarray:
  """ln p of the letters after each prompt, by a model on disk."""
  model = models.load(source, dtype=dtype)
  found = np.zeros((len(prompts), len(gpu_shapes.LETTERS)))
  for scores in score.score(model, _asks(prompts), ScoreSpec()):
    found[scores.asks_N] = scores.target_logprobs_NA
  return found
