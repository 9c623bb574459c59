"""The frozen description of a decoder: all that tells families apart."""

import dataclasses
import math
import types
import typing
from typing import Any

from uncertainty.types import UserError


@dataclasses.dataclass(frozen=True)
class Rotary:
  """One table of rotary frequencies.

  Attributes:
    frequencies: radians per position of each rotated pair; the first
      2 * len(frequencies) channels of a head rotate, in halves.
    scale: factor on cosine and sine (longrope's attention factor).
    long_frequencies: used for rows longer than `switch_length` (longrope);
      empty if there is one table only.
    switch_length: row length in tokens up to which `frequencies` hold.
  """

  frequencies: tuple[float, ...]
  scale: float = 1.0
  long_frequencies: tuple[float, ...] = ()
  switch_length: int = 0

  def __post_init__(self):
    """Checks that there are only numbers; UserError if not."""
    _check_numbers(self)


@dataclasses.dataclass(frozen=True)
class DecoderConfig:
  """One decoder-only transformer.

  Attributes:
    family: name in `families.FAMILIES`.
    norm: `rms` (scale only) or `layer` (scale and bias).
    norm_placement: `pre` (before each sublayer), `post` (on its output), or
      `both`.
    parallel: attention and MLP read the same residual stream (GPT-NeoX).
    gated: act(gate) * up instead of act(up).
    qk_norm: RMS norm of queries and keys: `none`, per `head`, or over the
      whole `projection`.
    attention_scale: factor on query · key.
    attention_cap, logit_cap: tanh soft caps; 0 for none.
    embedding_scale: factor on token embeddings.
    learned_positions: adds a learned embedding of each position (GPT-2).
    windows: per layer, how many last tokens are visible; 0 for all.
    rotaries: the tables in use.
    rotary_index: per layer, its table; -1 for no rotation.
    eos_token_ids: tokens that end a generation.
  """

  family: str
  n_layers: int
  width: int
  n_heads: int
  n_kv_heads: int
  head_dim: int
  mlp_width: int
  vocab_size: int
  context_length: int
  windows: tuple[int, ...]
  rotaries: tuple[Rotary, ...]
  rotary_index: tuple[int, ...]
  attention_scale: float
  bos_token_id: int | None = None
  eos_token_ids: tuple[int, ...] = ()
  tie_embeddings: bool = False
  norm: str = 'rms'
  norm_eps: float = 1e-6
  norm_placement: str = 'pre'
  parallel: bool = False
  activation: str = 'silu'
  gated: bool = True
  qkv_bias: bool = False
  output_bias: bool = False
  mlp_bias: bool = False
  head_bias: bool = False
  qk_norm: str = 'none'
  attention_cap: float = 0.0
  logit_cap: float = 0.0
  embedding_scale: float = 1.0
  learned_positions: bool = False

  def __post_init__(self):
    """Checks that numbers are numbers and shapes fit; UserError if not."""
    _check_numbers(self)
    if self.norm_eps < 0:
      raise UserError(f'config.json: norms would take the root of a variance'
                      f' and {self.norm_eps}; it must be 0 or more')
    for token in (self.bos_token_id, *self.eos_token_ids):
      if token is not None and not 0 <= token < self.vocab_size:
        raise UserError(f'config.json: token {str(token)[:40]} begins or ends'
                        f' a text, and there are {self.vocab_size} tokens;'
                        ' take the file from the checkpoint it came with')
    if min(self.windows, default=0) < 0:
      raise UserError(f'config.json: a window of {min(self.windows)} tokens;'
                      ' it must be 0 for none, or more')
    if self.n_heads % self.n_kv_heads:
      raise UserError(
          f'config.json: {self.n_heads} attention heads do not divide over '
          f'{self.n_kv_heads} key/value heads; one of the two is wrong')
    if not len(self.windows) == len(self.rotary_index) == self.n_layers:
      raise UserError(
          f'config.json: layer_types or no_rope_layers does not have one '
          f'entry for each of the {self.n_layers} layers')

  @property
  def n_groups(self) -> int:
    """Query heads that share one key/value head."""
    return self.n_heads // self.n_kv_heads


def _check_numbers(config: Any) -> None:
  """Refuses what is no finite number where the dataclass says number."""
  for field in dataclasses.fields(config):
    kinds = {field.type, *typing.get_args(field.type)}
    if not kinds & {int, float}:
      continue
    allowed = (int, float) if float in kinds else (int,)
    values: Any = getattr(config, field.name)
    if not isinstance(values, tuple):
      values = (values,)
    value: Any
    for value in values:
      if value is None and types.NoneType in kinds:
        continue
      if (value is None or type(value) not in allowed
          or not math.isfinite(value)):
        raise UserError(
            f'config.json: {field.name} would be {str(value)[:40]!r}, not a'
            f' {"finite" if float in kinds else "whole"} number; take the file'
            ' from the checkpoint it came with')
