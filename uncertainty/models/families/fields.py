"""Reads a `config.json`, and refuses what it does not understand."""

from collections.abc import Mapping
from typing import Any

from uncertainty.types import UserError

# Fields that cannot change a forward pass at inference: training, caching,
# generation defaults, bookkeeping. Any other unread field is an error.
_HARMLESS = frozenset("""
    _attn_implementation _attn_implementation_autoset _model_name_or_path
    _name_or_path _sliding_window_pattern add_cross_attention architectures
    attention_dropout attn_implementation attn_pdrop auto_map bos_token_id
    cache_implementation chunk_size_feed_forward classifier_dropout
    cross_attention_hidden_size decoder_start_token_id do_sample dtype
    embd_pdrop embd_dropout eos_token_id finetuning_task
    gradient_checkpointing hidden_dropout id2label initializer_range
    is_decoder is_encoder_decoder is_llama_config keys_to_ignore_at_inference
    label2id max_length model_type n_ctx num_labels
    output_attentions output_hidden_states pad_token_id prefix
    pretraining_tp problem_type pruned_heads reorder_and_upcast_attn
    resid_pdrop return_dict sep_token_id summary_activation
    summary_first_dropout summary_proj_to_labels summary_type
    summary_use_proj task_specific_params tf_legacy_loss tokenizer_class
    torch_dtype torchscript transformers.js_config transformers_version
    unk_token_id
    use_bfloat16 use_cache
""".split())  # noqa: SIM905

# Above any model's.
MAX_LAYERS, MAX_HEAD_DIM = 1 << 12, 1 << 14


class Fields:
  """A config being read: remembers what was asked for."""

  def __init__(self, values: Mapping[str, Any], family: str):
    """Wraps a config.

    Args:
      values: `config.json`'s.
      family: its name, for messages.
    """
    self._values = dict(values)
    self._family = family
    self._read: set[str] = set()

  def get(self, name: str, default: Any = None) -> Any:
    """The field, or the default where it is absent or null.

    Args:
      name: the field's.
      default: taken where it is absent or null.

    Returns:
      Its value.
    """
    self._read.add(name)
    value = self._values.get(name)
    return default if value is None else value

  def nullable(self, name: str, default: Any = None) -> Any:
    """The field, null included; the default only where it is absent.

    Args:
      name: the field's.
      default: taken where it is absent.

    Returns:
      Its value, perhaps None.
    """
    self._read.add(name)
    return self._values.get(name, default)

  def need(self, name: str) -> Any:
    """The field, which must be there.

    Args:
      name: the field's.

    Returns:
      Its value.

    Raises:
      UserError: it is absent or null.
    """
    value = self.get(name)
    if value is None:
      raise UserError(
          f'config.json of a {self._family} model lacks {name!r}; '
          'take the file from the checkpoint it came with')
    return value

  def count(self, name: str, default: int | None = None, *,
            most: int = 1 << 24) -> int:
    """A size of the model, which takes memory before the weights are seen.

    Args:
      name: the field's.
      default: taken where it is absent or null; None: it must be there.
      most: above any model's; by default above any width, vocabulary or
        context (10 million).

    Returns:
      A number from 1 to `most`.

    Raises:
      UserError: it is absent, or anything else.
    """
    value = self.need(name) if default is None else self.get(name, default)
    if type(value) is not int or not 1 <= value <= most:
      raise UserError(
          f'config.json of a {self._family} model: {name} = {str(value)[:40]!r}'
          f' is no whole number from 1 to {most}; take the file from the'
          ' checkpoint it came with')
    return value

  def only(self, name: str, *allowed: Any) -> None:
    """Refuses a field with any other value (absent is fine).

    Args:
      name: the field's.
      *allowed: values that are implemented.

    Raises:
      UserError: another value.
    """
    value = self.get(name)
    if value is not None and value not in allowed:
      raise self.error(name, value)

  def error(self, name: str, value: Any) -> UserError:
    """The error for a value that is not implemented.

    Args:
      name: the field's.
      value: what it says.

    Returns:
      The error, to be raised.
    """
    return UserError(
        f'config.json of a {self._family} model: {name} = {value!r} is not '
        'implemented and would change the result')

  def finish(self) -> None:
    """Refuses fields that nobody read, unless null or harmless.

    Raises:
      UserError: a field that would change the result.
    """
    for name, value in self._values.items():
      if name in self._read or name in _HARMLESS or value is None:
        continue
      raise self.error(name, value)

  def layer_windows(self, window: int | None, default: tuple[bool, ...]
                    ) -> tuple[int, ...]:
    """Per layer, its window (0: none), by `layer_types` or a default.

    Args:
      window: keys that a local layer sees; None or 0 for all.
      default: whether each layer is local, if the config does not say.

    Returns:
      L windows in tokens.

    Raises:
      UserError: a layer type that is not implemented.
    """
    kinds = self.get('layer_types')
    if kinds is None:
      local = default
    else:
      for kind in kinds:
        if kind not in _LAYER_TYPES:
          raise self.error('layer_types', kind)
      local = tuple(_LAYER_TYPES[kind] for kind in kinds)
    return tuple((window or 0) if is_local else 0 for is_local in local)


_LAYER_TYPES = {'sliding_attention': True, 'full_attention': False}


def token_ids(value: Any) -> tuple[int, ...]:
  """`eos_token_id`, which may be null, a number or a list.

  Args:
    value: the field.

  Returns:
    Token ids; empty for null.
  """
  if value is None:
    return ()
  return tuple(value) if isinstance(value, list | tuple) else (value,)


_ACTIVATIONS = {'silu': 'silu', 'swish': 'silu', 'gelu': 'gelu',
                'gelu_new': 'gelu_tanh', 'gelu_fast': 'gelu_tanh',
                'gelu_pytorch_tanh': 'gelu_tanh'}


def activation(fields: Fields, name: str, default: str) -> str:
  """The MLP's activation under our name.

  Args:
    fields: the config.
    name: the field's.
    default: taken where it is absent.

  Returns:
    `silu`, `gelu` or `gelu_tanh`.

  Raises:
    UserError: another activation.
  """
  value = fields.get(name, default)
  if value not in _ACTIVATIONS:
    raise fields.error(name, value)
  return _ACTIVATIONS[value]


def shape(fields: Fields, head_dim: int | None = None) -> dict[str, Any]:
  """The `DecoderConfig` fields that nearly all configs spell alike.

  Args:
    fields: the config.
    head_dim: the family's default; None divides the width by the heads.

  Returns:
    Field of `DecoderConfig` → value.

  Raises:
    UserError: a field that must be there is absent, or no such number.
  """
  n_heads = fields.count('num_attention_heads')
  width = fields.count('hidden_size')
  return {
      'n_layers': fields.count('num_hidden_layers', most=MAX_LAYERS),
      'width': width,
      'n_heads': n_heads,
      'n_kv_heads': fields.count('num_key_value_heads', n_heads),
      'head_dim': fields.count(
          'head_dim', head_dim or width // n_heads, most=MAX_HEAD_DIM),
      'mlp_width': fields.count('intermediate_size'),
      'vocab_size': fields.count('vocab_size'),
      'context_length': fields.count('max_position_embeddings', 2048),
      'bos_token_id': fields.get('bos_token_id'),
      'eos_token_ids': token_ids(fields.get('eos_token_id')),
  }
