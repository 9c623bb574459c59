"""A tuned model as any hub directory holds one, and its adapter as peft does.

`write_model` leaves config.json, safetensors (sharded above 5 GB), tokenizer
and chat template, which PyTorch transformers and `uncertainty.load` read, and
beside them what the model was tuned from (lineage.json) and on.
`write_adapter` leaves adapter_config.json and adapter_model.safetensors. Both
write under another name first: a directory that is there is whole.
"""

import contextlib
import json
import os
import pathlib
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from safetensors import SafetensorError
from safetensors.numpy import save_file

from uncertainty import files, models
from uncertainty.models import families, lineage, safetensors_file
from uncertainty.models.families import gemma
from uncertainty.results import shards
from uncertainty.tuning import hub_layout, trained_items
from uncertainty.types import UserError

SHARD_BYTES = 5 * 10**9  # what transformers cuts at
# What lies beside the weights in a hub directory and belongs to the tokenizer.
_TOKENIZER_FILES = (
    'tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json',
    'added_tokens.json', 'chat_template.jinja', 'chat_template.json')


def write_model(
    directory: pathlib.Path, source: models.Opened, params: Mapping[str, Any],
    *, origin: lineage.Lineage | None = None,
    trained: pd.DataFrame | None = None,
    shard_bytes: int = SHARD_BYTES,
) -> None:
  """Writes a model as a hub directory, whole or not at all.

  Values are written as they are, bit for bit, each tensor in its parameter's
  type. Gemma's norms are stored less 1: a scale below .5 in size loses what
  lies below 2⁻²⁵, which the format cannot hold. Of a multimodal model the text
  half is written.

  Args:
    directory: replaced if it is there.
    source: the model that the parameters started from: its config, tokenizer
      and chat template are kept.
    params: the decoder's parameters, layers stacked.
    origin: what it was tuned from and by, for `lineage.json`; None for none.
    trained: the items that it was trained on, as `trained_items.table` makes
      them; None for none.
    shard_bytes: weights go to several files above this.

  Raises:
    UserError: the disk is full, or the folder may not be written to.
  """
  config = gemma.text_config(_config(source))
  tensors = hub_layout.HubTensors(source.family, source.config, params)
  names = {name: families.hub_name(config['architectures'][0], name)
           for name in tensors.shapes}
  with _replacing(directory) as place:
    _write_json(place / 'config.json',
                {**config, 'dtype': _weights_dtype(params)})
    _write_tokenizer(place, source)
    if origin is not None:
      _write_json(place / lineage.FILE, origin.as_json())
    if trained is not None:
      trained_items.write(place, trained)
    groups = _shards(tensors, shard_bytes)
    for number, group in enumerate(groups, 1):
      file = _shard_name(number, len(groups))
      _save({names[name]: tensors[name] for name in group}, place / file)
    if len(groups) > 1:
      total = sum(map(tensors.n_bytes, tensors.shapes))
      _write_json(place / safetensors_file.INDEX, {
          'metadata': {'total_size': total},
          'weight_map': {names[name]: _shard_name(number, len(groups))
                         for number, group in enumerate(groups, 1)
                         for name in group}})


def write_adapter(
    directory: pathlib.Path, adapter: Mapping[str, Mapping[str, Any]], *,
    rank: int, scale: float, source: models.Opened,
) -> None:
  """Writes a low-rank adapter in peft's layout, whole or not at all.

  Args:
    directory: replaced if it is there.
    adapter: a linear map's name, such as `layers.{layer}.self_attn.q_proj` →
      `a` [L, inputs, rank] and `b` [L, rank, outputs], in the checkpoint's
      order.
    rank: of every map.
    scale: factor on a · b.
    source: the model that the adapter is for.

  Raises:
    UserError: no such map in the model, factors of another shape, a full disk,
      or a folder that may not be written to.
  """
  architecture = source.checkpoint.hf_config['architectures'][0]
  tensors: dict[str, np.ndarray] = {}
  for name, pair in adapter.items():
    a_LIR, b_LRO = (np.asarray(pair[factor], np.float32) for factor in 'ab')
    _check_map(source, name, a_LIR.shape, b_LRO.shape, rank)
    for layer in range(source.config.n_layers):
      module = families.hub_name(architecture, name.format(layer=layer))
      for factor, value in (('lora_A', a_LIR), ('lora_B', b_LRO)):
        tensors[f'base_model.model.{module}.{factor}.weight'] = (
            np.ascontiguousarray(value[layer].T))
  with _replacing(directory) as place:
    _write_json(place / 'adapter_config.json', {
        'peft_type': 'LORA', 'task_type': 'CAUSAL_LM', 'r': rank,
        'lora_alpha': scale * rank, 'lora_dropout': 0.0, 'bias': 'none',
        'inference_mode': True,
        'fan_in_fan_out': source.family.name == 'gpt2',
        'target_modules': _target_modules(adapter, architecture),
        'base_model_name_or_path': source.source,
        'revision': source.revision})
    _save(tensors, place / 'adapter_model.safetensors')


def _check_map(
    source: models.Opened, name: str, a_shape: tuple[int, ...],
    b_shape: tuple[int, ...], rank: int,
) -> None:
  """Refuses an adapter of another model."""
  shapes = {part.source: part.source_shape
            for entry in source.family.mapping(source.config)
            if entry.stacked for part in entry.parts}
  shape = shapes.get(f'{name}.weight')
  if shape is None or len(shape) != 2:
    raise UserError(f'adapter: {source.name} has no linear map {name!r}; use'
                    ' the adapter with the model that it was made for')
  L = source.config.n_layers
  if not (a_shape[0] == b_shape[0] == L and a_shape[2] == b_shape[1] == rank
          and {a_shape[1], b_shape[2]} == set(shape)):
    raise UserError(
        f'adapter: {name} has factors of shapes {a_shape} and {b_shape}, not'
        f' of rank {rank} for {L} layers of {shape}; use the adapter with the'
        ' model that it was made for')


def _target_modules(names: Iterable[str], architecture: str
                    ) -> list[str] | str:
  """How peft finds the modules.

  By the end of their names; by a pattern where a vision tower's are alike.
  """
  ends = sorted(name.split('{layer}.')[1] for name in names)
  whole = families.hub_name(architecture, '')
  if whole != 'model.language_model.':
    return ends
  inner = '|'.join(map(re.escape, ends))
  return re.escape(whole) + rf'layers\.\d+\.({inner})'


def _config(source: models.Opened) -> dict[str, Any]:
  """The source's config.json, its type of weights left out."""
  place = source.folder
  config = (dict(source.checkpoint.hf_config) if place is None
            else files.read_json(place / 'config.json', 'download it again'))
  return {name: value for name, value in config.items()
          if name not in ('dtype', 'torch_dtype')}


def _write_tokenizer(place: pathlib.Path, source: models.Opened) -> None:
  """The source's own files; those of a GGUF file are built of its metadata."""
  folder = source.folder
  if folder is None:
    source.tokenizer.save_pretrained(place)
    return
  for name in (*_TOKENIZER_FILES, 'generation_config.json'):
    if (folder / name).is_file():
      shutil.copyfile(folder / name, place / name)


def _weights_dtype(params: Mapping[str, Any]) -> str:
  """The type of the products' weights, as config.json says it."""
  return np.dtype(params['token_embedding'].dtype).name


def _shards(tensors: hub_layout.HubTensors, most: int) -> list[list[str]]:
  """Names by file, in the table's order."""
  groups: list[list[str]] = [[]]
  size = 0
  for name in tensors.shapes:
    if groups[-1] and size + tensors.n_bytes(name) > most:
      groups.append([])
      size = 0
    groups[-1].append(name)
    size += tensors.n_bytes(name)
  return groups


def _shard_name(number: int, count: int) -> str:
  if count == 1:
    return safetensors_file.SINGLE
  return f'model-{number:05d}-of-{count:05d}.safetensors'


def _save(tensors: dict[str, np.ndarray], path: pathlib.Path) -> None:
  """`save_file`, whose own error hides that of the operating system."""
  try:
    save_file(tensors, path, metadata={'format': 'pt'})
  except SafetensorError as error:
    number = re.search(r'os error (\d+)', str(error))
    if number is None:
      raise
    raise OSError(int(number[1]), str(error)) from error


def _write_json(path: pathlib.Path, content: Mapping[str, Any]) -> None:
  path.write_text(json.dumps(dict(content), indent=2) + '\n', encoding='utf-8')


@contextlib.contextmanager
def _replacing(directory: pathlib.Path) -> Iterator[pathlib.Path]:
  """A folder to fill, which takes its name once it is whole."""
  place = directory.with_name(directory.name + shards.TEMPORARY)
  aside = directory.with_name(directory.name + '.replaced')
  with files.writing(directory):
    try:
      shutil.rmtree(place, ignore_errors=True)
      place.mkdir(parents=True)
      yield place
      for path in place.iterdir():
        with path.open('rb') as file:
          os.fsync(file.fileno())
      shutil.rmtree(aside, ignore_errors=True)
      if directory.exists():
        directory.rename(aside)
      place.rename(directory)
      shutil.rmtree(aside, ignore_errors=True)
    except BaseException:
      shutil.rmtree(place, ignore_errors=True)
      raise
