"""Types that every layer shares, and the key to dimension letters.

Array names end in their dimensions, such as `logits_BTV`:

  B batch rows        T tokens in a row      S cache positions
  D model width       H attention heads      K key/value heads
  V vocabulary        L layers               C choices of an item
  F folds             N items                P captured positions in a row
  Q query tokens      M measures             R resamples
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import flax.struct
import jax

from uncertainty.errors import UserError as UserError


@dataclasses.dataclass(frozen=True)
class Rating:
  """What one person answered to one item.

  Attributes:
    choice: index of the choice; None where the answer is none of them.
    value: the rating on the data set's own scale; None if it has none.
    text: the answer in words where the question is open; '' elsewhere.
    rater: who answered, the same on all items; '' if not published.
    time_ms: how long it took, milliseconds; None if not published.
    groups: kind of group → the person's own, such as {'gender': 'Woman'}.
  """

  choice: int | None = None
  value: float | None = None
  text: str = ''
  rater: str = ''
  time_ms: float | None = None
  groups: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Item:
  """One question with, where known, its answer and people's answers.

  Attributes:
    item_id: unique within a dataset, stable across runs.
    question: the question as its source prints it.
    choices: the choices' texts, in order; empty for an open question.
    answer: index of the right choice, or None if there is none (opinions).
    answer_text: the right answer in words, for free response; '' if unknown.
    aliases: other accepted wordings of the right answer.
    human_shares: share of people who gave each choice, summing to 1.
    human_count: number of people behind the shares.
    ratings: what each of them answered, where that is published.
    scale: where each choice stands on the scale that they are parts of, in
      units of `Rating.value`; empty: they have no order.
    human: further human signals by results column, such as
      `human_mc_rt_combined` (milliseconds); NaN where missing.
    group: subject or topic, for grouped folds and per-subject few-shot.
    cluster: passage, subject or repeated question that items share, which are
      therefore resampled together; '' where the item stands alone.
    extra: what only this dataset has (polarity, split).
  """

  item_id: str
  question: str
  choices: tuple[str, ...] = ()
  answer: int | None = None
  answer_text: str = ''
  aliases: tuple[str, ...] = ()
  human_shares: tuple[float, ...] | None = None
  human_count: int | None = None
  ratings: tuple[Rating, ...] = ()
  scale: tuple[float, ...] = ()
  human: Mapping[str, float] = dataclasses.field(default_factory=dict)
  group: str = ''
  cluster: str = ''
  extra: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Prompt:
  """What the model reads for one item.

  Attributes:
    item_id: the item's.
    text: the whole prompt, special tokens written out; tokenize it with
      `add_special_tokens=False`.
    continuations: for answers scored by their words, one string per choice,
      to be read right after `text`, leading space included.
    neutral_text: a prompt of the same form around a content-free question,
      the reference of PMI; '' when there are no continuations.
  """

  item_id: str
  text: str
  continuations: tuple[str, ...] = ()
  neutral_text: str = ''


@flax.struct.dataclass
class Batch:
  """Right-padded token rows.

  A row may pack branches that share a stem: `segments_BT` is 0 on the stem,
  1, 2, … on the branches and -1 on padding. A token sees earlier tokens of
  the stem and of its own branch; `positions_BT` counts along that path, and
  starts after the shared prefix.
  """

  tokens_BT: jax.Array
  positions_BT: jax.Array
  segments_BT: jax.Array


@flax.struct.dataclass
class KeyValues:
  """Keys (rotary already applied) and values of every layer.

  Slot s of row b holds the token at position s and is valid for
  s < lengths_B[b].
  """

  keys_LBSKH: jax.Array  # the last letter here is the head's width
  values_LBSKH: jax.Array
  lengths_B: jax.Array


@flax.struct.dataclass
class ForwardOutput:
  """One pass over a batch.

  Attributes:
    hidden_BTD: after the final norm, ready to unembed.
    key_values: the batch's own keys and values, if asked for.
    activations: site → [B, P, D] (or [L, B, P, D] for sites within blocks).
  """

  hidden_BTD: jax.Array
  key_values: KeyValues | None = None
  activations: Mapping[str, jax.Array] = dataclasses.field(
      default_factory=dict)


@dataclasses.dataclass(frozen=True)
class CaptureSpec:
  """Static choice of activations: which sites, at which positions."""

  sites: tuple[str, ...] = ()
  positions: str = 'last_prompt'  # last_prompt | answer | bracket_mean | all
