"""A checkpoint of 7B shapes: memory and time to load it, and one batch scored.

  python launch/bench.py loading [--layers=32] [--devices=8]

Writes a Llama 2 7B in bfloat16 with random weights (13.5 GB, sharded
safetensors, in a temporary folder), loads it over virtual CPU devices in a
process of its own, and scores one batch. Prints the parameters' size, and how
far the process's peak memory went beyond them and what it held before. The
file's pages that the kernel keeps for the process count; they are let go of
after each tensor.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np
import processes  # beside this file

_CONFIG = {
    'architectures': ['LlamaForCausalLM'], 'model_type': 'llama',
    'hidden_size': 4096, 'intermediate_size': 11008,
    'num_attention_heads': 32, 'num_key_value_heads': 32,
    'vocab_size': 32000, 'max_position_embeddings': 4096,
    'rms_norm_eps': 1e-5, 'rope_theta': 10000.0, 'hidden_act': 'silu',
    'tie_word_embeddings': False, 'bos_token_id': 1, 'eos_token_id': 2,
    'torch_dtype': 'bfloat16'}
_LAYERS_PER_FILE = 4
_PROMPTS, _TOKENS = 8, 48


def main() -> None:
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument('--layers', type=int, default=32)
  parser.add_argument('--devices', type=int, default=8)
  parser.add_argument('--folder', default=None, help='of the checkpoint')
  parser.add_argument('--worker', action='store_true', help=argparse.SUPPRESS)
  args = parser.parse_args()
  if args.worker:
    _load_and_score(args)
    return
  with tempfile.TemporaryDirectory(dir=args.folder) as folder:
    _write(pathlib.Path(folder), args.layers)
    flags = f'--xla_force_host_platform_device_count={args.devices}'
    subprocess.run(
        [sys.executable, __file__, '--worker', f'--folder={folder}',
         f'--devices={args.devices}'], check=True,
        env=os.environ | {'XLA_FLAGS': flags, 'JAX_PLATFORMS': 'cpu'})


def _write(folder: pathlib.Path, n_layers: int) -> None:
  """Random weights of a size that keeps the residual stream finite."""
  import ml_dtypes
  from safetensors.numpy import save_file
  from tokenizers import Tokenizer, models, pre_tokenizers
  D, F, V = (_CONFIG[k] for k in (
      'hidden_size', 'intermediate_size', 'vocab_size'))
  rng = np.random.default_rng(0)
  noise = (rng.standard_normal(V * D, np.float32) * 0.02).astype(
      ml_dtypes.bfloat16)
  ones = np.ones(D, ml_dtypes.bfloat16)

  def entry(*shape):
    values = ones if len(shape) == 1 else np.roll(
        noise, int(rng.integers(V)))[:np.prod(shape)]
    return values.reshape(shape)

  square = {f'self_attn.{x}_proj': (D, D) for x in 'qkvo'}
  layer = square | {
      'mlp.gate_proj': (F, D), 'mlp.up_proj': (F, D), 'mlp.down_proj': (D, F),
      'input_layernorm': (D,), 'post_attention_layernorm': (D,)}
  files = [{'model.embed_tokens.weight': (V, D), 'lm_head.weight': (V, D),
            'model.norm.weight': (D,)}]
  for start in range(0, n_layers, _LAYERS_PER_FILE):
    files.append({
        f'model.layers.{i}.{name}.weight': shape
        for i in range(start, min(start + _LAYERS_PER_FILE, n_layers))
        for name, shape in layer.items()})
  weight_map = {}
  for n, shapes in enumerate(files, 1):
    name = f'model-{n:05d}-of-{len(files):05d}.safetensors'
    save_file({k: entry(*shape) for k, shape in shapes.items()},
              folder / name)
    weight_map |= dict.fromkeys(shapes, name)
  (folder / 'model.safetensors.index.json').write_text(
      json.dumps({'weight_map': weight_map}))
  (folder / 'config.json').write_text(
      json.dumps(_CONFIG | {'num_hidden_layers': n_layers}))
  words = Tokenizer(models.WordLevel(
      {'<unk>': 0, '<s>': 1, '</s>': 2}, unk_token='<unk>'))
  words.pre_tokenizer = pre_tokenizers.Whitespace()
  words.save(str(folder / 'tokenizer.json'))


def _load_and_score(args: argparse.Namespace) -> None:
  import jax

  from uncertainty import models
  from uncertainty.inference import score
  from uncertainty.measures import registry
  from uncertainty.models import sharding
  from uncertainty.specs import ScoreSpec
  mesh = sharding.make_mesh(model=args.devices)
  jax.block_until_ready(jax.numpy.zeros(8) + 1)
  before, start = processes.peak_bytes(), time.perf_counter()
  model = models.load(args.folder, dtype='bfloat16', mesh=mesh)
  jax.block_until_ready(model.params)
  loaded, peak = time.perf_counter() - start, processes.peak_bytes()
  size = sum(x.nbytes for x in jax.tree.leaves(model.params))
  devices = {d for x in jax.tree.leaves(model.params)
             for d in x.sharding.device_set}
  gib = 2**30
  print(f'parameters {size / gib:.2f} GiB on {len(devices)} devices, largest '
        f'{max(x.nbytes for x in jax.tree.leaves(model.params)) / gib:.2f} '
        f'GiB; loaded in {loaded:.0f} s; peak {peak / gib:.2f} GiB, '
        f'{(peak - before - size) / gib:.2f} GiB beyond the parameters and '
        f'the {before / gib:.2f} GiB held before', flush=True)
  rng = np.random.default_rng(0)
  asks = [score.Ask(f'prompt {i}', tuple(rng.integers(3, 32000, _TOKENS)))
          for i in range(_PROMPTS)]
  start = time.perf_counter()
  entropies = np.concatenate(
      [s.measures[registry.TOTAL_ENTROPY]
       for s in score.score(model, asks, ScoreSpec())])
  peak = processes.peak_bytes()
  print(f'{_PROMPTS} prompts of {_TOKENS} tokens scored in '
        f'{time.perf_counter() - start:.0f} s, compilation included; total '
        f'entropy {entropies.min():.4f} to {entropies.max():.4f}; peak '
        f'{peak / gib:.2f} GiB, {(peak - before - size) / gib:.2f} GiB beyond')
  processes.record('loading', {'7B shapes': {
      'parameters GiB': size / gib, 'loaded s': loaded,
      'beyond GiB': (peak - before - size) / gib}})


if __name__ == '__main__':
  main()
