"""What prompts have in common is read once.

All prompts of an experiment start with the same instructions and examples;
in few-shot MMLU each subject has its own. Prompts are split by group where
that leaves fewer tokens to read.
"""

import dataclasses
import functools
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from uncertainty import models
from uncertainty.types import Batch, KeyValues

_LEAST_TOKENS = 8  # a shorter prefix is not worth a pass of its own
_LEAST_GAIN = 0.1  # share of tokens that a split by group must save
_LEAST_SLOTS = 32  # prefixes are padded up: few compiled shapes


@dataclasses.dataclass(frozen=True)
class PrefixGroup:
  """Prompts, by index, that start with the same tokens."""

  tokens: tuple[int, ...]
  members: tuple[int, ...]


def common_length(rows: Sequence[tuple[int, ...]]) -> int:
  """How many first tokens all rows share, leaving each at least one.

  Args:
    rows: tokens of each prompt, at least one.

  Returns:
    Tokens shared, less than the shortest prompt's.
  """
  first, last = min(rows), max(rows)  # in this order, all others lie between
  limit = min(len(row) for row in rows) - 1
  for i in range(min(limit, len(first), len(last))):
    if first[i] != last[i]:
      return i
  return limit


def split(rows: Sequence[tuple[int, ...]],
          groups: Sequence[str]) -> list[PrefixGroup]:
  """Groups rows of tokens by the prefix they share.

  Args:
    rows: tokens of each prompt, at least one.
    groups: of each prompt, such as its item's subject.

  Returns:
    One group if a split by `groups` would save less than a tenth of the
    tokens. A prefix is empty where too little is shared.
  """
  together = _groups(rows, {'': range(len(rows))})
  by_name: dict[str, list[int]] = {}
  for i, name in enumerate(groups):
    by_name.setdefault(name, []).append(i)
  apart = _groups(rows, by_name)
  if _cost(apart, rows) < (1 - _LEAST_GAIN) * _cost(together, rows):
    return apart
  return together


def _groups(rows, members) -> list[PrefixGroup]:
  out = []
  for indices in members.values():
    n = common_length([rows[i] for i in indices])
    if n < _LEAST_TOKENS or len(indices) == 1:
      n = 0
    out.append(PrefixGroup(tuple(rows[indices[0]][:n]), tuple(indices)))
  return out


def _cost(groups: list[PrefixGroup], rows) -> int:
  return sum(
      len(g.tokens) + sum(len(rows[i]) - len(g.tokens) for i in g.members)
      for g in groups)


def n_slots(n_tokens: int) -> int:
  """Padded length of a prefix: at most a quarter, and 31 tokens, more.

  Args:
    n_tokens: the prefix's.

  Returns:
    Slots: few different numbers, so that few shapes compile.
  """
  step = max(_LEAST_SLOTS, 2 ** (n_tokens.bit_length() - 3))
  return -(-n_tokens // step) * step


def read(model: models.Model, tokens: Sequence[int]) -> KeyValues | None:
  """Keys and values of a prefix, B = 1, in padded slots; None if empty.

  Args:
    model: the model.
    tokens: the prefix's.

  Returns:
    Keys and values [L, 1, S, K, H] with length n; None for no tokens.
  """
  if not tokens:
    return None
  n = len(tokens)
  slots = n_slots(n)
  pad = (0, slots - n)
  # Host arrays: with several processes, jit gives each device a copy.
  batch: Any = Batch(
      np.pad(np.asarray(tokens, np.int32), pad)[None],  # pyright: ignore
      np.arange(slots, dtype=np.int32)[None],  # pyright: ignore
      np.pad(np.zeros(n, np.int32), pad,  # pyright: ignore
             constant_values=-1)[None])
  return _read(model.module, model.run_params, batch)


@functools.partial(jax.jit, static_argnums=0)
def _read(module: models.Decoder, params, batch: Batch) -> KeyValues:
  out = models.read_hidden(module, params, batch, with_key_values=True)
  assert out.key_values is not None
  return out.key_values
