"""One GPU: scoring and generation in the shapes of Llama 3.2 1B and 3.1 8B.

  python launch/bench.py gpu [--sizes=1B,8B] [--prompts=512]

Random bfloat16 weights and prompts of random tokens that share their first
100. Each engine has a process of its own for each size. Prints items/s, the
share of the measured matrix-product peak that the needed operations take, and
milliseconds a token beside what reading weights and cache takes at least.

  paper   PyTorch, batches of equally long prompts, logits at every place,
          measures item by item
  best    PyTorch, length-sorted padding, last place's logits, sdpa, shared
          prefix cached, vectorised measures; the best size of batch
  engine  `uncertainty.inference`, with XLA's attention and with cuDNN's

`equal` holds the choices' log-probabilities together: this engine on the GPU
and on the CPU in float32, and both engines in bfloat16. Needs the extra
`bench`, and JAX and PyTorch for CUDA.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
from typing import Any

import gpu_shapes  # beside this file
import numpy as np
import processes  # beside this file

from uncertainty import console


def main() -> None:
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument('--sizes', default='1B,8B')
  parser.add_argument('--parts', default='peaks,torch,engine,equal')
  parser.add_argument('--work', default='scoring,generation')
  parser.add_argument('--prompts', type=int, default=512)
  parser.add_argument('--rounds', type=int, default=2)
  parser.add_argument('--max_tokens', type=int, default=128)
  parser.add_argument('--top_ks', default='0,100', help='of generation')
  parser.add_argument('--batch_size', type=int, default=64)
  parser.add_argument('--batch_tokens', type=int, default=0)
  parser.add_argument('--row_tokens', type=int, default=512)
  parser.add_argument('--attention', default='xla,cudnn')
  parser.add_argument('--torch_batches', default='32,64,128')
  parser.add_argument('--equal_size', default='1B')
  parser.add_argument('--equal_layers', type=int, default=4)
  parser.add_argument('--profile', default='', help='sizes to profile')
  parser.add_argument('--limit', type=float, default=120,
                      help='seconds that a process may take')
  parser.add_argument('--out', type=pathlib.Path, help='where to leave notes')
  parser.add_argument('--worker', help=argparse.SUPPRESS)
  args = parser.parse_args()
  if args.worker:
    _work(args)
    return
  with tempfile.TemporaryDirectory() as folder:
    args.out = args.out or pathlib.Path(folder)
    args.out.mkdir(parents=True, exist_ok=True)
    found = _run(args)
  print(_table(found, args))


def _run(args: argparse.Namespace) -> dict[str, dict[str, Any]]:
  """What all processes note; each imports while the ones before it run."""
  parts = args.parts.split(',')
  names = ['peaks'] if 'peaks' in parts else []
  names += [f'{part}-{size}' for size in args.sizes.split(',')
            for part in ('engine', 'torch') if part in parts]
  names += ['equal'] if 'equal' in parts else []
  start, workers = time.perf_counter(), {}
  for name in names:
    share = '0.4' if name == 'equal' else '0.9'  # PyTorch is there as well
    workers[name] = subprocess.Popen(
        [sys.executable, *sys.argv, f'--worker={name}', f'--out={args.out}'],
        stdin=subprocess.PIPE, env={
            'XLA_FLAGS': console.XLA_FLAGS, **os.environ,
            'XLA_PYTHON_CLIENT_MEM_FRACTION': share})
  found: dict[str, dict[str, Any]] = {}
  for name, worker in workers.items():
    try:
      worker.communicate(b'\n', timeout=args.limit)
    except subprocess.TimeoutExpired:
      worker.kill()
      worker.wait()
    print(f'{name}: ended with {worker.returncode} after '
          f'{time.perf_counter() - start:.0f} s', flush=True)
    file = args.out / f'{name}.jsonl'
    for line in file.read_text().splitlines() if file.exists() else []:
      noted = json.loads(line)
      found[noted.pop('name')] = noted
  return found


def _work(args: argparse.Namespace) -> None:
  """One process: imports, waits for its turn, and notes what it finds."""
  part, _, size = args.worker.partition('-')
  if part in ('torch', 'equal'):
    import gpu_torch
  if part != 'torch':
    import gpu_engine
  input()
  start = time.perf_counter()

  def note(name: str, **numbers: Any) -> None:
    numbers['at'] = time.perf_counter() - start
    with (args.out / f'{args.worker}.jsonl').open('a') as file:
      file.write(json.dumps({'name': name, **numbers}) + '\n')
    print(name, {k: round(v, 4) if isinstance(v, float) else v
                 for k, v in numbers.items() if k != 'kernels'}, flush=True)
    for kernel in numbers.get('kernels', []):
      print('   ', *kernel, flush=True)

  if part == 'peaks':
    gpu_engine.peaks(args, note)
  elif part == 'torch':
    model = gpu_torch.random_model(gpu_shapes.SHAPES[size])
    for name in args.work.split(','):
      getattr(gpu_torch, name)(size, args, note, model)
  elif part == 'engine':
    model = gpu_engine.random_model(gpu_shapes.SHAPES[size])
    for name in args.work.split(','):
      getattr(gpu_engine, name)(size, args, note, model)
  elif part == 'equal':
    _equal(args, note, gpu_engine, gpu_torch)
  else:  # the CPU's side of `equal`
    hf = _equal_shape(args)
    prompts = gpu_shapes.work(hf['vocab_size'], 16).prompts
    np.save(args.out / 'cpu.npy', gpu_engine.choices(
        str(args.out / 'checkpoint'), 'float32', prompts))


def _equal_shape(args: argparse.Namespace) -> dict[str, Any]:
  hf = gpu_shapes.SHAPES[args.equal_size]
  # The unembedding is drawn wider than embeddings are, so apart from them.
  return {**hf, 'num_hidden_layers': args.equal_layers,
          'tie_word_embeddings': False}


def _equal(args: argparse.Namespace, note: Any, engine: Any, torch: Any
           ) -> None:
  """How far log-probabilities of choices are apart, on the same weights."""
  hf = _equal_shape(args)
  prompts = gpu_shapes.work(hf['vocab_size'], 16).prompts
  folder = args.out / 'checkpoint'
  torch.checkpoint(hf, folder)
  cpu = subprocess.Popen(
      [sys.executable, *(a for a in sys.argv if '--worker' not in a),
       '--worker=cpu'], stdin=subprocess.PIPE,
      env={**os.environ, 'JAX_PLATFORMS': 'cpu'})
  found = {
      'engine float32': engine.choices(str(folder), 'float32', prompts),
      'engine bfloat16': engine.choices(str(folder), 'bfloat16', prompts),
      'torch float32': torch.choices(folder, 'float32', prompts),
      'torch bfloat16': torch.choices(folder, 'bfloat16', prompts)}
  cpu.communicate(b'\n')
  found['engine float32 on the CPU'] = np.load(args.out / 'cpu.npy')
  for one, other in (('engine float32', 'engine float32 on the CPU'),
                     ('engine float32', 'torch float32'),
                     ('engine bfloat16', 'torch bfloat16'),
                     ('engine bfloat16', 'engine float32'),
                     ('torch bfloat16', 'torch float32')):
    a, b = found[one], found[other]
    p, q = (np.exp(x - np.logaddexp.reduce(x, 1)[:, None]) for x in (a, b))
    note(f'{one} | {other}', logprob=float(np.abs(a - b).max()),
         probability=float(np.abs(p - q).max()))


def _table(found: dict[str, dict[str, Any]], args: argparse.Namespace) -> str:
  """What was found beside what the device can do; appended to the log."""
  peak, speed = (found.get(k, {}).get(v, np.nan) for k, v in (
      ('peak', 'flops'), ('copy', 'bytes')))
  device = found.get('copy', {}).get('device', '')
  head = (f'{device}: products {peak / 1e12:.0f} TFLOP/s, copies '
          f'{speed / 1e12:.2f} TB/s')
  lines = [head]
  rows = {'device': {'TFLOP/s': peak / 1e12, 'TB/s': speed / 1e12}}
  for name, x in found.items():
    kind, *size = name.split('-')[:2]
    if kind == 'scoring':
      hf = gpu_shapes.SHAPES[size[0]]
      asked = gpu_shapes.work(hf['vocab_size'], x['items'])
      flops = gpu_shapes.scoring_flops(hf, asked)
      rows[name] = {
          'items/s': x['items'] / x['seconds'], 'seconds': x['seconds'],
          'tokens/s': sum(map(len, asked.prompts)) / x['seconds'],
          'of the peak': flops / x['seconds'] / peak, 'peak GiB': x['peak']}
    elif kind == 'generation':
      hf = gpu_shapes.SHAPES[size[0]]
      least = 1e3 * gpu_shapes.step_bytes(hf, gpu_shapes.work(
          hf['vocab_size'], args.batch_size), args.max_tokens) / speed
      rows[name] = {'ms/token': x['ms'], 'least ms': least,
                    'of the bound': x['ms'] / least, 'peak GiB': x['peak']}
    elif 'kernels' not in x and kind not in ('peak', 'copy'):
      rows[name] = {k: v for k, v in x.items() if k != 'at'}
    if name in rows:
      lines.append(f'{name:36} ' + '  '.join(
          f'{k} {v:.4g}' for k, v in rows[name].items()))
  processes.record('gpu', rows)
  return '\n'.join(lines)


if __name__ == '__main__':
  main()
