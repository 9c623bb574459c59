"""`load`: from a source's name to a model that is ready to run."""

import dataclasses
import functools
import pathlib
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from uncertainty import files
from uncertainty.models import (
  attention,
  cache,
  checkpoint,
  families,
  gguf_model,
  safetensors_file,
  sharding,
  tokenizer,
)
from uncertainty.models import identity as identity_lib
from uncertainty.models import lineage as lineage_lib
from uncertainty.models import source as source_lib
from uncertainty.models import steering as steering_lib
from uncertainty.models.decoder import Decoder
from uncertainty.models.families.config import DecoderConfig
from uncertainty.models.forward import raw_bits
from uncertainty.models.gguf_file import GgufFile
from uncertainty.models.tokenizer import PreTrainedTokenizerFast
from uncertainty.types import UserError


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
    fingerprint: of all that decides a number (`identity`).
    steering: what is done to its residual stream; None: nothing.
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
  steering: steering_lib.Steering | None = None

  @functools.cached_property
  def run_params(self) -> Mapping[str, Any]:
    """What repeated calls take: the weights as `raw_bits`, and the steering."""
    return steering_lib.beside(self._weight_bits, self.steering)

  @functools.cached_property
  def _weight_bits(self) -> Mapping[str, Any]:
    return raw_bits(self.params)

  def steered(self, steering: steering_lib.Steering | None) -> 'Model':
    """The same model, its residual stream steered in every task.

    Args:
      steering: what is done to it; None: nothing.

    Returns:
      A model that shares this one's weights.
    """
    other = dataclasses.replace(self, steering=steering)
    vars(other)['_weight_bits'] = self._weight_bits  # which would be copied
    return other

  @property
  def n_parameters(self) -> int:
    """Of all weights."""
    return sum(x.size for x in jax.tree.leaves(self.params))


@dataclasses.dataclass(frozen=True)
class Checkpoint:
  """Config, tokenizer and tensors, none of the data read yet."""

  hf_config: Mapping[str, Any]
  generation: Mapping[str, Any]  # generation_config.json
  tensors: Mapping[str, checkpoint.StoredTensor]
  tokenizer: PreTrainedTokenizerFast
  files: tuple[pathlib.Path, ...]
  lineage: lineage_lib.Lineage | None = None


@dataclasses.dataclass(frozen=True)
class Opened:
  """A model that is known but not read: all of `Model` without the weights.

  Attributes:
    config: the architecture.
    tokenizer: with chat template, BOS and EOS where the model has them.
    name: fit for a file name; the study's name if it has one.
    kind: `instruct` or `base`.
    source: as given to `open_source`.
    revision: the hub commit, or None.
    identity: digests of its parts.
    checkpoint: the files, its tensors by their canonical names.
    family: how the checkpoint maps to the decoder.
    n_parameters: of all weights.
    lineage: what it was tuned from; None for a model that was not tuned here.
  """

  config: DecoderConfig
  tokenizer: PreTrainedTokenizerFast
  name: str
  kind: str
  source: str
  revision: str | None
  identity: identity_lib.Identity
  checkpoint: Checkpoint
  family: families.Family
  n_parameters: int
  lineage: lineage_lib.Lineage | None = None

  @property
  def fingerprint(self) -> str:
    """One digest of all that decides a number."""
    return self.identity.fingerprint

  @property
  def folder(self) -> pathlib.Path | None:
    """Where its files lie together; None for a GGUF file."""
    file = self.checkpoint.files[0]
    return None if file.suffix == '.gguf' else file.parent


def open_source(
    source: str, *, revision: str | None = None, remembered: bool = True,
) -> Opened:
  """Finds a model, checks that it can be loaded, and tells which it is.

  Args:
    source: as `load` takes it.
    revision: of a hub repository; None for the newest.
    remembered: whether the digest of a large weight file that has not changed
      may come from the user's cache; else every byte is read.

  Returns:
    What is known without reading the weights' values.

  Raises:
    UserError: the source cannot be found or read, or its model is not
      implemented; the message names file, tensor or field.
  """
  found = source_lib.resolve(source, revision)
  with files.malformed(found.path, 'download the model again'):
    opened = _OPENERS[found.form](found.path)
    family = families.for_architecture(_architecture(opened, found.path))
    config = family.config(opened.hf_config)
    stored = checkpoint.match(
        opened.tensors, family, config, str(found.path))
    _check_vocabulary(opened, config, found.path)
  table = family.mapping(config)
  weights = checkpoint.abstract(
      table, config, 'float32', _sharding_of(None))
  return Opened(
      config=config,
      tokenizer=opened.tokenizer,
      name=opened.lineage.name if opened.lineage else found.name,
      kind=found.kind or (
          'instruct' if opened.tokenizer.chat_template else 'base'),
      source=source,
      revision=found.revision,
      identity=identity_lib.identify(
          opened.files, opened.hf_config, opened.generation,
          opened.tokenizer, remembered=remembered),
      checkpoint=dataclasses.replace(opened, tensors=stored),
      family=family,
      n_parameters=sum(x.size for x in jax.tree.leaves(weights)),
      lineage=opened.lineage)


def load(
    source: str | Opened, *, dtype: str = 'bfloat16',
    mesh: jax.sharding.Mesh | None = None, revision: str | None = None,
    cache_dir: str | None = None,
) -> Model:
  """Loads a model.

  Args:
    source: a hub id (`org/name`), a directory with `config.json`,
      safetensors and `tokenizer.json`, a `.gguf` file, `package:NAME` (a
      model inside an installed Python package), a name of the study such as
      `Llama_3.2_1B`, or what `open_source` returns.
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
    UserError: the source cannot be found or read, its model is not
      implemented, or its weights were replaced since it was opened; the
      message names file, tensor or field.
  """
  if dtype not in checkpoint.DTYPES:
    raise UserError(
        f'model.dtype is {dtype!r}; choose'
        f' {", ".join(checkpoint.DTYPES)}')
  if dtype == 'float64':
    jax.config.update('jax_explicit_x64_dtypes', 'allow')
  opened = (source if isinstance(source, Opened)
            else open_source(source, revision=revision))
  config, family = opened.config, opened.family
  sharding_of = _sharding_of(mesh)
  convert = functools.partial(
      checkpoint.fill, opened.checkpoint.tensors, family, config, dtype,
      sharding_of)
  if cache_dir is None:
    params = convert()
  else:
    table = family.mapping(config)
    params = cache.restore_or_convert(
        pathlib.Path(cache_dir).expanduser() / f'{opened.name}-{dtype}',
        cache.source_stamp(
            opened.checkpoint.files, opened.fingerprint, table),
        checkpoint.abstract(table, config, dtype, sharding_of), convert)
  _check_unchanged(opened)
  # Over several devices, cuDNN's attention was not measured.
  flash = mesh is None and attention.is_fused(
      config, jnp.dtype(dtype), jax.local_devices()[0])
  return Model(
      module=Decoder(config, jnp.dtype(dtype), flash=flash),
      params=params,
      config=config,
      tokenizer=opened.tokenizer,
      name=opened.name,
      kind=opened.kind,
      source=opened.source,
      revision=opened.revision,
      fingerprint=opened.fingerprint,
  )


def _check_unchanged(opened: Opened) -> None:
  """A run opens all its models at its start, and loads the last one late."""
  paths = opened.checkpoint.files
  with files.malformed(paths[0].parent, 'put the files back'):
    found = identity_lib.of_weights(paths)
  if found != opened.identity.weights:
    raise UserError(
        f'the weights of {opened.source} were replaced while this run went on;'
        ' put the old files back, or choose another --workdir')


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
  place = path / 'generation_config.json'
  generation = _json(place) if place.is_file() else {}
  if generation:
    hf_config = _with_eos(hf_config, generation)
  return Checkpoint(
      hf_config, generation, safetensors_file.tensors(path),
      tokenizer.from_directory(path),
      tuple(safetensors_file.files(path)), lineage_lib.read(path))


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
  if not path.is_file():
    raise UserError(
        f'{path}: is missing; give a directory that save_pretrained wrote, or'
        ' download the model again')
  return files.read_json(path, 'download it again')


def _open_gguf(path: pathlib.Path) -> Checkpoint:
  file = GgufFile(path)
  return Checkpoint(
      gguf_model.config(file), {}, gguf_model.tensors(file),
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
