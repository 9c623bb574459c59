"""Rotary frequencies out of a `config.json`, in either spelling.

The formulas follow the papers (RoPE, linear interpolation, Llama 3.1,
LongRoPE) as transformers evaluates them, in float32 and in that order, since
a last-place difference grows with the position.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from uncertainty.models.families.config import Rotary
from uncertainty.models.families.fields import Fields
from uncertainty.types import UserError

_KNOWN = {
    'default': (),
    'linear': ('factor',),
    'llama3': ('factor', 'low_freq_factor', 'high_freq_factor',
               'original_max_position_embeddings'),
    'longrope': ('short_factor', 'long_factor', 'factor', 'attention_factor',
                 'original_max_position_embeddings'),
}
_KNOWN['su'] = _KNOWN['longrope']  # Phi-3's first name for it

_NEEDED = {
    'linear': _KNOWN['linear'], 'llama3': _KNOWN['llama3'],
    'longrope': ('short_factor', 'long_factor'),
    'su': ('short_factor', 'long_factor'),
}


def parameters(fields: Fields, layer_type: str | None = None) -> dict[str, Any]:
  """One flat dict: rope_type, rope_theta and the scaling's own fields.

  Args:
    fields: the config, in either spelling.
    layer_type: whose parameters, where `rope_parameters` has them by type.

  Returns:
    Name → value.
  """
  new = fields.get('rope_parameters')
  theta = fields.get('rope_theta', fields.get('rotary_emb_base'))
  scaling = fields.get('rope_scaling')
  if new is not None:
    values = new.get(layer_type, new) if layer_type else new
    values = dict(values)
  else:
    values = dict(scaling or {})
  values.setdefault('rope_type', values.pop('type', None) or 'default')
  values.pop('type', None)
  if theta is not None:
    values.setdefault('rope_theta', theta)
  return values


def rotary(values: Mapping[str, Any], head_dim: int, *,
           base: float = 10000.0, fraction: float = 1.0,
           context_length: int = 0, original_length: int | None = None
           ) -> Rotary:
  """The table that flat parameters describe.

  Args:
    values: as `parameters` returns them.
    head_dim: channels of a head.
    base: default of `rope_theta`.
    fraction: share of a head's channels that rotate, unless given inside.
    context_length: the config's longest position, for longrope.
    original_length: context length before longrope's extension, if the config
      holds it at its top level.

  Returns:
    Frequencies in radians per token, and the scale of cosines and sines.

  Raises:
    UserError: a rotary type or field that is not implemented.
  """
  kind = values['rope_type']
  if kind not in _KNOWN:
    raise UserError(f'rotary type {kind!r} in config.json is not implemented;'
                    f' known: {", ".join(_KNOWN)}')
  unknown = set(values) - set(_KNOWN[kind]) - {
      'rope_type', 'rope_theta', 'partial_rotary_factor'}
  unknown = {name for name in unknown if values[name] is not None}
  if kind != 'default' and unknown:
    raise UserError(f'rotary field {sorted(unknown)[0]!r} in config.json is '
                    f'not implemented for type {kind!r}')
  missing = [name for name in _NEEDED.get(kind, ())
             if values.get(name) is None]
  if missing:
    raise UserError(f'rotary type {kind!r} in config.json lacks the field '
                    f'{missing[0]!r}')
  base = _positive(values, 'rope_theta', base)
  fraction = _positive(values, 'partial_rotary_factor', fraction, most=1)
  dim = int(head_dim * fraction)
  exponents = np.arange(0, dim, 2, dtype=np.float32) / np.float32(dim)
  frequencies = np.float32(1) / np.float32(base) ** exponents
  if kind == 'linear':
    frequencies = frequencies / np.float32(values['factor'])
  elif kind == 'llama3':
    frequencies = _llama3(frequencies, values)
  elif kind in ('longrope', 'su'):
    return _longrope(np.float32(base) ** exponents, values, context_length,
                     original_length)
  return Rotary(_floats(frequencies))


def _positive(values: Mapping[str, Any], name: str, default: float,
              most: float = 1e30) -> float:
  """A field that divides or scales: no 0, which would mean something else."""
  value = default if values.get(name) is None else values[name]
  if type(value) not in (int, float) or not 0 < value <= most:
    raise UserError(f'config.json: {name} = {str(value)[:40]!r} is no number'
                    f' above 0 and up to {most:g}; take the file from the'
                    ' checkpoint it came with')
  return value


def _floats(array: np.ndarray) -> tuple[float, ...]:
  return tuple(float(x) for x in array.astype(np.float32))


def _llama3(frequencies: np.ndarray, values: Mapping[str, Any]) -> np.ndarray:
  """Llama 3.1: slow pairs divided by the factor, with a smooth passage."""
  factor = np.float32(values['factor'])
  low, high = values['low_freq_factor'], values['high_freq_factor']
  original = values['original_max_position_embeddings']
  wavelengths = np.float32(2 * math.pi) / frequencies
  smooth = (np.float32(original) / wavelengths - np.float32(low)) / np.float32(
      high - low)
  blended = ((1 - smooth) * frequencies / factor + smooth * frequencies)
  slowed = np.where(wavelengths > original / low, frequencies / factor,
                    frequencies)
  middle = ((wavelengths >= original / high)
            & (wavelengths <= original / low))
  return np.where(middle, blended, slowed)


def _longrope(powers: np.ndarray, values: Mapping[str, Any],
              context_length: int, original_length: int | None) -> Rotary:
  """LongRoPE: one divisor per pair, another set for long rows."""
  original = (values.get('original_max_position_embeddings')
              or original_length or context_length)
  factor = values.get('factor') or context_length / original
  scale = values.get('attention_factor')
  if scale is None:
    scale = 1.0 if factor <= 1 else math.sqrt(
        1 + math.log(factor) / math.log(original))
  sets = [np.float32(1) / (np.asarray(values[name], np.float32) * powers)
          for name in ('short_factor', 'long_factor')]
  return Rotary(_floats(sets[0]), float(scale), _floats(sets[1]), original)
