"""Makes the goldens of the model families with PyTorch transformers.

  python launch/make_goldens.py

For every case of tests/testdata/models/cases.json (a tiny `config.json` as
the hub spells it) it fills the reference model with random parameters, all of
them, reads three rows one by one, and stores the logits and each block's
residual stream at the last positions. The parameters are made again in the
tests, so a golden is a few KB. Needs the extra `parity`. Takes about 30 s on
2 cores.
"""

import json
import pathlib
import zlib
from collections.abc import Iterable
from typing import Any

import numpy as np

from uncertainty.models import families

FOLDER = (pathlib.Path(__file__).resolve().parents[1]
          / 'tests' / 'testdata' / 'models')
PREFIX = 4  # tokens that all rows share
KEPT = 4  # positions stored, counted from each row's end
_LENGTHS = (20, 13, 9)


def cases() -> dict[str, dict[str, Any]]:
  """Name → tiny `config.json`."""
  return json.loads((FOLDER / 'cases.json').read_text(encoding='utf-8'))


def rows(config: families.DecoderConfig, seed: int = 0) -> list[np.ndarray]:
  """Token rows of different lengths that start alike."""
  random = np.random.RandomState(seed)
  whole = random.randint(0, config.vocab_size, (3, max(_LENGTHS)))
  whole[:, :PREFIX] = whole[0, :PREFIX]
  return [row[:n].astype(np.int32) for row, n in zip(whole, _LENGTHS)]


def tensors(table: Iterable[families.Mapping], n_layers: int,
            seed: int = 0) -> dict[str, np.ndarray]:
  """Random float32 tensors under their canonical names.

  RandomState's stream is frozen, so every machine makes the same ones.
  """
  made: dict[str, np.ndarray] = {}
  for entry in table:
    for layer in range(n_layers if entry.stacked else 1):
      for name, part in zip(entry.sources(layer), entry.parts):
        if name not in made:
          made[name] = _tensor(name, part.source_shape, seed, entry.add)
  return made


def params(table: Iterable[families.Mapping], n_layers: int,
           made: dict[str, np.ndarray]) -> dict[str, Any]:
  """A decoder's parameters, made of `tensors`."""
  found: dict[str, Any] = {}
  for entry in table:
    layers = [entry.convert([made[name] for name in entry.sources(layer)])
              for layer in range(n_layers if entry.stacked else 1)]
    *parents, leaf = entry.path.split('/')
    inner = found
    for parent in parents:
      inner = inner.setdefault(parent, {})
    inner[leaf] = np.stack(layers) if entry.stacked else layers[0]
  return found


def _tensor(name: str, shape: tuple[int, ...], seed: int,
            add: float) -> np.ndarray:
  random = np.random.RandomState(zlib.crc32(f'{seed} {name}'.encode()))
  values = random.standard_normal(shape)
  if len(shape) == 1:
    is_scale = name.endswith('.weight')
    return (0.3 * values + (is_scale and 1 - add)).astype(np.float32)
  return (values / np.sqrt(min(shape))).astype(np.float32)


_PREFIXES = {'gpt2': 'transformer.', 'gpt_neox': 'gpt_neox.'}


def reference(hf_config: dict[str, Any], family: str,
              made: dict[str, np.ndarray]):
  """The PyTorch model that holds these tensors."""
  import torch
  import transformers

  architecture = hf_config['architectures'][0]
  config = transformers.AutoConfig.for_model(**hf_config)
  model = getattr(transformers, architecture)._from_config(
      config, attn_implementation='eager').eval()
  prefix = _PREFIXES.get(family, 'model.')
  state = {name if name.startswith('lm_head') else prefix + name:
           torch.tensor(value) for name, value in made.items()}
  if 'lm_head.weight' not in state:
    embedding = next(name for name in state if name.endswith(
        ('embed_tokens.weight', 'embed_in.weight', 'wte.weight')))
    state['lm_head.weight'] = state[embedding]
  model.load_state_dict(state)
  return model


def read(model, row: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
  """Logits [T, V] and residuals [L, T, D] of one row, unpadded."""
  import torch

  body = model.base_model
  blocks = body.h if hasattr(body, 'h') else body.layers
  residuals = []

  def keep(module, arguments, output):
    output = output[0] if isinstance(output, tuple) else output
    residuals.append(output[0].numpy().copy())

  hooks = [block.register_forward_hook(keep) for block in blocks]
  with torch.no_grad():
    logits = model(torch.tensor(row[None].astype(np.int64))).logits
  for hook in hooks:
    hook.remove()
  return logits[0].numpy(), np.stack(residuals)


def _golden(hf_config: dict[str, Any]) -> dict[str, np.ndarray]:
  family = families.for_architecture(hf_config['architectures'][0])
  config = family.config(hf_config)
  made = tensors(family.mapping(config), config.n_layers)
  model = reference(hf_config, family.name, made)
  results = [read(model, row) for row in rows(config)]
  return {
      'logits': np.stack([logits[-KEPT:] for logits, _ in results]),
      'residuals': np.stack([residuals[:, -KEPT:]
                             for _, residuals in results], axis=1),
  }


def main() -> None:
  import torch
  import transformers

  made_by = (f'transformers {transformers.__version__},'
             f' torch {torch.__version__}')
  for name, hf_config in cases().items():
    golden: dict[str, Any] = _golden(hf_config)
    np.savez_compressed(FOLDER / f'{name}.npz', made_by=made_by, **golden)
    print(name, abs(golden['logits']).max(), abs(golden['residuals']).max())


if __name__ == '__main__':
  main()
