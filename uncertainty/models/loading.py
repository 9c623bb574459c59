"""`load`: from a source's name to a model that is ready to run."""

import dataclasses
import functools
import hashlib
import json
import pathlib
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
from transformers import PreTrainedTokenizerFast

from uncertainty.models import (
  cache,
  checkpoint,
  families,
  gguf_model,
  safetensors_file,
  sharding,
  tokenizer,
)
from uncertainty.models import source as source_lib
from uncertainty.models.decoder import Decoder
from uncertainty.models.families.config import DecoderConfig
from uncertainty.models.forward import raw_bits
from uncertainty.models.gguf_file import GgufFile
from uncertainty.types import UserError

_SAMPLES = 64  # stretches of a file that the fingerprint reads
_SAMPLE_BYTES = 4096


@dataclasses.dataclass(frozen=True)
class Model:
  """A language model with its weights.

  Attributes:
    module: the decoder; `module.apply({'params': params}, tokens_BT)`.
    params: weights, layers stacked; on the mesh if one was given.
    config: the architecture.
    tokenizer: with chat template, BOS and EOS where the model has them.
    name: fit for a file name; the study's name if it has one.
    kind: `instruct` or `base`.
    source: as given to `load`.
    revision: the hub commit, or None.
    fingerprint: identifies config and weights, cheap to recompute.
  """

  module: Decoder
  params: Mapping[str, Any]
  config: DecoderConfig
  tokenizer: PreTrainedTokenizerFast
  name: str
  kind: str
  source: str
  revision: str | None
  fingerprint: str

  @functools.cached_property
  def run_params(self) -> Mapping[str, Any]:
    """The weights as repeated calls take them fastest (`raw_bits`)."""
    return raw_bits(self.params)


@dataclasses.dataclass(frozen=True)
class Checkpoint:
  """Config, tokenizer and tensors, none of the data read yet."""

  hf_config: Mapping[str, Any]
  tensors: Mapping[str, checkpoint.StoredTensor]
  tokenizer: PreTrainedTokenizerFast
  files: tuple[pathlib.Path, ...]


def load(
    source: str, *, dtype: str = 'bfloat16',
    mesh: jax.sharding.Mesh | None = None, revision: str | None = None,
    cache_dir: str | None = None,
) -> Model:
  """Loads a model.

  Args:
    source: a hub id (`org/name`), a directory with `config.json`,
      safetensors and `tokenizer.json`, a `.gguf` file, `package:NAME` (a
      model inside an installed Python package), or a name of the study such
      as `Llama_3.2_1B`.
    dtype: `float64`, `float32` or `bfloat16`, of the weights and the
      operands of products; norm scales and biases stay float32. `float64`
      lets JAX make float64 arrays for the rest of the process, where they
      are asked for by name.
    mesh: devices to spread the weights over; None for the first one.
    revision: of a hub repository; None for the newest.
    cache_dir: where to keep converted weights for the next time; None for
      nowhere.

  Returns:
    The model, its weights on the devices.

  Raises:
    UserError: the source cannot be found or read, or its model is not
      implemented; the message names file, tensor or field.
  """
  if dtype not in checkpoint.DTYPES:
    raise UserError(
        f'model.dtype is {dtype!r}; choose'
        f' {", ".join(checkpoint.DTYPES)}')
  if dtype == 'float64':
    jax.config.update('jax_explicit_x64_dtypes', 'allow')
  found = source_lib.resolve(source, revision)
  opened = _OPENERS[found.form](found.path)
  family = families.for_architecture(_architecture(opened, found.path))
  config = family.config(opened.hf_config)
  stored = checkpoint.match(
      opened.tensors, family, config, str(found.path))
  _check_vocabulary(opened, config, found.path)
  identity = fingerprint(opened)
  sharding_of = _sharding_of(mesh)
  convert = functools.partial(
      checkpoint.fill, stored, family, config, dtype, sharding_of)
  if cache_dir is None:
    params = convert()
  else:
    table = family.mapping(config)
    params = cache.restore_or_convert(
        pathlib.Path(cache_dir).expanduser() / f'{found.name}-{dtype}',
        cache.source_stamp(opened.files, identity, table),
        checkpoint.abstract(table, config, dtype, sharding_of), convert)
  return Model(
      module=Decoder(config, jnp.dtype(dtype)),
      params=params,
      config=config,
      tokenizer=opened.tokenizer,
      name=found.name,
      kind=found.kind or (
          'instruct' if opened.tokenizer.chat_template else 'base'),
      source=source,
      revision=found.revision,
      fingerprint=identity,
  )


def fingerprint(opened: Checkpoint) -> str:
  """sha256 over config, tensor names and shapes, sizes and sampled bytes.

  Reads at most 64 stretches of 4 KiB a file, so it costs milliseconds at any
  size; it tells checkpoints apart, and is no proof against forgery.

  Args:
    opened: an opened checkpoint.

  Returns:
    64 hexadecimal digits.
  """
  digest = hashlib.sha256()
  digest.update(json.dumps(opened.hf_config, sort_keys=True).encode())
  for name in sorted(opened.tensors):
    digest.update(f'{name}{list(opened.tensors[name].shape)}'.encode())
  for path in opened.files:
    size = path.stat().st_size
    digest.update(f'{path.name}:{size}'.encode())
    with path.open('rb') as file:
      for i in range(_SAMPLES):
        file.seek(max(size - _SAMPLE_BYTES, 0) * i // (_SAMPLES - 1))
        digest.update(file.read(_SAMPLE_BYTES))
  return digest.hexdigest()


def _open_directory(path: pathlib.Path) -> Checkpoint:
  hf_config = _json(path / 'config.json')
  if 'architectures' not in hf_config:
    raise UserError(
        f'{path / "config.json"}: has no "architectures"; take the file from'
        ' the checkpoint it came with')
  if hf_config.get('quantization_config'):
    raise UserError(
        f'{path / "config.json"}: the weights are quantised'
        f' ({hf_config["quantization_config"].get("quant_method")}), which is'
        ' not implemented; use the original checkpoint')
  generation = path / 'generation_config.json'
  if generation.is_file():
    hf_config = _with_eos(hf_config, _json(generation))
  return Checkpoint(
      hf_config, safetensors_file.tensors(path),
      tokenizer.from_directory(path),
      tuple(safetensors_file.files(path)))


def _with_eos(
    hf_config: dict[str, Any], generation: Mapping[str, Any]
) -> dict[str, Any]:
  """Adds the end-of-turn tokens that chat models list for generation only."""
  ids = []
  for value in (hf_config.get('eos_token_id'), generation.get('eos_token_id')):
    ids += value if isinstance(value, list) else [value]
  ids = [i for i in dict.fromkeys(ids) if i is not None]
  return {**hf_config, 'eos_token_id': ids or None}


def _json(path: pathlib.Path) -> dict[str, Any]:
  try:
    value = json.loads(path.read_text(encoding='utf-8'))
  except FileNotFoundError as error:
    raise UserError(
        f'{path}: is missing; give a directory that save_pretrained wrote, or'
        ' download the model again') from error
  except (OSError, ValueError) as error:
    raise UserError(
        f'{path}: is not JSON ({error}); download it again') from error
  if not isinstance(value, dict):
    raise UserError(f'{path}: is not a JSON object; download it again')
  return value


def _open_gguf(path: pathlib.Path) -> Checkpoint:
  file = GgufFile(path)
  return Checkpoint(
      gguf_model.config(file), gguf_model.tensors(file),
      tokenizer.from_gguf(file.metadata, str(path)), (path,))


_OPENERS = {'directory': _open_directory, 'gguf': _open_gguf}


def _architecture(opened: Checkpoint, path: pathlib.Path) -> str:
  names = opened.hf_config['architectures']
  if not names:
    raise UserError(
        f'{path}: "architectures" of config.json is empty; take the file from'
        ' the checkpoint it came with')
  return names[0]


def _check_vocabulary(
    opened: Checkpoint, config: DecoderConfig, path: pathlib.Path) -> None:
  """Refuses a tokenizer whose tokens the embedding has no rows for.

  Added tokens do not count: Gemma 3's text models have one too many.
  """
  size = opened.tokenizer.backend_tokenizer.get_vocab_size(
      with_added_tokens=False)
  if size > config.vocab_size:
    raise UserError(
        f'{path}: the tokenizer has {size} tokens, the model'
        f' {config.vocab_size}; they are of different models')


def _sharding_of(
    mesh: jax.sharding.Mesh | None,
) -> Callable[[str, tuple[int, ...]], jax.sharding.Sharding]:
  if mesh is None:
    return lambda path, shape: checkpoint.single_device()
  return functools.partial(sharding.of_parameter, mesh)
