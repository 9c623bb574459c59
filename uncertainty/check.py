"""`--stages=check`: what would run, and whether it can. Nothing is written."""

import pathlib
import shutil
import time

import jax
import jax.numpy as jnp

from uncertainty import data, inference, memory, models, served, specs
from uncertainty.errors import UserError
from uncertainty.inference import capture_policy
from uncertainty.inference.tasks import text_tokens
from uncertainty.models import capture
from uncertainty.plan import Plan

_BYTES = {'float64': 8, 'float32': 4, 'bfloat16': 2}
_SIDE = 1024  # of the square matrices that tell the device's speed
_GENERATING = ('free', 'verbal', 'p_true', 'samples')


def described(planned: Plan, workdir: pathlib.Path) -> str:
  """What a run would do.

  Args:
    planned: the run.
    workdir: of the run; need not exist.

  Returns:
    Lines for people: items, and for each model its prompts, tokens, memory,
    disk space and about how long it would take, with one prompt as it is read.

  Raises:
    UserError: memory or disk space do not suffice.
  """
  spec = planned.spec
  known = [m.name for m in planned.opened.values()]
  later = [s for s in specs.listed(spec.model.source)
           if s not in planned.opened]
  lines = [
      f'workdir: {workdir}, in which a check changes nothing',
      f'data: {spec.data.name}, {len(planned.items)} items']
  if planned.left_out:
    lines.append(f'  {len(planned.left_out)} more are left out: a model was'
                 ' trained on them')
  if left := data.ignored_columns(spec.data):
    lines.append(f'  columns that no item is made of: {", ".join(left)}')
  lines += [
      f'asked: {", ".join(planned.tasks)}',
      f'models: {", ".join(known) or "none of them is on this machine yet"}']
  if later:
    lines.append(f'to be downloaded and checked then: {", ".join(later)}')
  rate = _operations_per_second(spec.model.dtype)
  for model in planned.opened.values():
    lines += _of_model(planned, model, workdir, rate)
  return '\n'.join(lines)


def described_results(spec: specs.StudySpec) -> str:
  """What an analysis of results or answers that are at hand would read.

  Args:
    spec: with a `results_dir`, or with `data.responses`.

  Returns:
    A line a data set.

  Raises:
    UserError: no results there, or some that cannot be read; responses that
      are not of the items.
  """
  if not spec.results_dir:
    items = data.load(spec.data)
    answers = served.read(spec.data.responses or '', items)
    return (f'{len(answers)} answers to {len(items)} items in '
            f'{spec.data.responses} would be measured')
  from uncertainty.analysis import run as analysis

  found = analysis.read(spec.results_dir or '', spec)
  lines = [f'the results in {spec.results_dir} would be analysed']
  for dataset in dict.fromkeys(dataset for dataset, _ in found.frames):
    sizes = [len(frame) for (name, _), frame in found.frames.items()
             if name == dataset]
    lines.append(
        f'  {dataset}: {len(sizes)} results of {max(sizes)} items at most')
  if found.activations is not None:
    lines.append(f'  {len(found.activations)} rows of the paper\'s probes')
  return '\n'.join(lines)


def _of_model(planned: Plan, model: models.Opened, workdir: pathlib.Path,
              rate: float) -> list[str]:
  spec = planned.spec
  weights = model.n_parameters * _BYTES[spec.model.dtype]
  kept = _activation_bytes(planned, model)
  _check_room(model.name, weights, kept, workdir)
  n_prompts = n_tokens = n_written = 0
  example = ''
  for task in planned.tasks:
    texts = inference.prompt_texts(model, planned.items, spec, task)
    flat = [text for some in texts for text in some if text]
    n_prompts += len(flat)
    n_tokens += sum(map(len, text_tokens.each(model, flat)))
    if task in _GENERATING:
      answers = spec.free.n_samples if task == 'samples' else 1
      n_written += answers * spec.free.max_tokens * sum(
          len(some) for some in texts)
    example = example or texts[0][0]
  seconds = 2 * model.n_parameters * (n_tokens + n_written) / rate
  answers = f'at most {n_written} tokens' if n_written else (
      'the model writes none')
  disk = (f'{_in_words(kept, 2**20, "MiB")} of activations, and the tables'
          if kept else 'the tables; no activations are kept')
  time_taken = _in_words(seconds, 1, 's', before='about ')
  lines = [
      '',
      f'{model.name}: {model.kind}, fingerprint {model.fingerprint[:12]}',
      f'  weights: {_in_words(model.n_parameters, 1e6, "million", ".1f")}',
      f'  prompts: {n_prompts}, {n_tokens} tokens',
      f'  answers: {answers}',
      f'  memory: {_in_words(weights, 2**20, "MiB")} of weights, and batches',
      f'  disk: {disk}',
      # Shared beginnings are read once, which saves; writing reads all weights
      # for each token, which costs.
      f'  time: {time_taken} at the speed of plain products here',
      '  the first prompt:']
  return lines + [f'    | {line}' for line in example.splitlines()]


def _in_words(amount: float, unit: float, name: str, digits: str = '.0f',
              before: str = '') -> str:
  if amount < unit:
    return f'less than 1 {name}'
  return f'{before}{amount / unit:{digits}} {name}'


def _activation_bytes(planned: Plan, model: models.Opened) -> int:
  """Of a row an item at every site, layer and position, not of all tokens."""
  spec = planned.spec
  if capture_policy.capturing_task(spec) is None or spec.probe.store == 'sums':
    return 0
  layers = sum(
      model.config.n_layers if site in capture.BLOCK_SITES else 1
      for site in specs.listed(spec.probe.sites))
  positions = len(specs.listed(spec.probe.positions))
  return 4 * len(planned.items) * layers * positions * model.config.width


def _check_room(name: str, weights: int, kept: int, workdir: pathlib.Path,
                ) -> None:
  if jax.default_backend() == 'cpu':
    free = memory.machine_bytes()
  else:
    limits = [d.memory_stats() or {} for d in jax.local_devices()]
    free = sum(x.get('bytes_limit', 0) for x in limits) or weights + 1
  if weights > free:
    raise UserError(
        f'{name} takes {weights / 2**30:.1f} GiB and {free / 2**30:.1f} GiB '
        'are there; use --config.model.dtype=bfloat16, more devices '
        '(config.model.model_axis), or a smaller model')
  there = next(p for p in (workdir.absolute(), *workdir.absolute().parents)
               if p.exists())
  space = shutil.disk_usage(there).free
  if kept > space:
    raise UserError(
        f'the activations of {name} take {kept / 2**30:.1f} GiB and {there} '
        f'has {space / 2**30:.1f} GiB; capture fewer config.probe.sites, or '
        'keep sums (--config.probe.store=sums)')


def _operations_per_second(dtype: str) -> float:
  """Additions and multiplications of a product of matrices, measured now."""
  kind = jnp.float32 if dtype == 'float64' else jnp.dtype(dtype)
  matrix = jnp.ones((_SIDE, _SIDE), kind)
  multiply = jax.jit(jnp.matmul)
  multiply(matrix, matrix).block_until_ready()
  start = time.perf_counter()
  multiply(matrix, matrix).block_until_ready()
  return 2 * _SIDE**3 / (time.perf_counter() - start)
