"""One-token questions: the mass of given next tokens after many prompts."""

import functools
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from uncertainty import models, prompts
from uncertainty.inference import prefix as prefix_lib
from uncertainty.prompts import labels
from uncertainty.prompts.dialogue import Dialogue
from uncertainty.types import Batch, UserError

_BUCKET = 16
_BATCH_TOKENS = 768
# A model that gives its options less than this together answers neither.
LEAST_MASS = 0.01

_YES = ('yes', 'Yes', ' yes', ' Yes', 'YES')
_NO = ('no', 'No', ' no', ' No', 'NO')


def word_tokens(tokenizer: Any, words: Sequence[str]) -> tuple[int, ...]:
  """The words that are a single token.

  Args:
    tokenizer: the model's.
    words: spellings of one word, leading spaces counting.

  Returns:
    Their ids, ascending.

  Raises:
    UserError: none is.
  """
  found = labels.single_tokens(tokenizer, words)
  if not found:
    raise UserError(f'this tokenizer has no single token for {words[0]!r}, so '
                    'the model cannot be its own judge; use '
                    '--config.free.judge=words')
  return found


def yes_no_tokens(tokenizer: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
  """The tokens that stand for yes and for no.

  Args:
    tokenizer: the model's.

  Returns:
    Ids of yes, ids of no.

  Raises:
    UserError: the tokenizer has no single token for one of them.
  """
  return word_tokens(tokenizer, _YES), word_tokens(tokenizer, _NO)


def tokenize_dialogue(model: models.Model, dialogue: Dialogue, style: str
                      ) -> tuple[int, ...]:
  """Tokens of a dialogue as a prompt, special tokens as written in it.

  Args:
    model: whose chat template and tokenizer.
    dialogue: what is said.
    style: `chat` or `completion`.

  Returns:
    Token ids.
  """
  return tuple(model.tokenizer.encode(
      prompts.write(dialogue, model.tokenizer, style),
      add_special_tokens=False))


def log_masses(
    model: models.Model, rows: Sequence[tuple[int, ...]],
    groups: Sequence[tuple[int, ...]], *,
    template: Sequence[tuple[int, ...]] = (),
) -> np.ndarray:
  """Log of the summed probability of each group of tokens: ln Σ p.

  Equal prompts are read once. Prompts are read in fixed shapes behind the
  prefix that the `template` prompts share, so that a prompt's numbers do not
  depend on the others.

  Args:
    model: a loaded model.
    rows: tokens of each prompt.
    groups: token ids whose probabilities are summed.
    template: two or more prompts of the same form, to find the prefix.

  Returns:
    [N, G] float32.
  """
  distinct = sorted(set(rows), key=lambda r: (len(r), r))
  start = prefix_lib.common_length(template) if len(template) > 1 else 0
  shared = tuple(template[0][:start]) if start else ()
  key_values = prefix_lib.read(model, shared)
  behind = [r for r in distinct if len(r) > start and r[:start] == shared]
  alone = [r for r in distinct if not (len(r) > start and r[:start] == shared)]
  found: dict[tuple[int, ...], np.ndarray] = {}
  for some, skip, past in ((behind, start, key_values), (alone, 0, None)):
    buckets: dict[int, list] = {}
    for row in some:
      size = -(-(len(row) - skip) // _BUCKET) * _BUCKET
      buckets.setdefault(size, []).append(row)
    for size, members in buckets.items():
      n = max(1, _BATCH_TOKENS // size)
      for i in range(0, len(members), n):
        part = members[i:i + n]
        batch, last = _lay_out(part, n, size, skip)
        masses = np.asarray(_masses(
            model.module, model.run_params, batch, last, past, tuple(groups)))
        found |= dict(zip(part, masses))
  return np.stack([found[row] for row in rows]) if rows else np.zeros(
      (0, len(groups)), np.float32)


def _lay_out(rows: Sequence[tuple[int, ...]], n: int, size: int, skip: int
             ) -> tuple[Batch, jax.Array]:
  tokens = np.zeros((n, size), np.int32)
  lengths = np.ones(n, np.int32)
  for i, row in enumerate(rows):
    tokens[i, :len(row) - skip] = row[skip:]
    lengths[i] = len(row) - skip
  index = np.broadcast_to(np.arange(size, dtype=np.int32), (n, size))
  segments = np.where(index < lengths[:, None], 0, -1).astype(np.int32)
  batch = Batch(jnp.asarray(tokens), jnp.asarray(index + np.int32(skip)),
                jnp.asarray(segments))
  return batch, jnp.asarray(lengths - 1)


@functools.partial(jax.jit, static_argnames=('module', 'groups'))
def _masses(module, params, batch: Batch, last_B: jax.Array, past,
            groups: tuple[tuple[int, ...], ...]) -> jax.Array:
  out = models.read_hidden(module, params, batch, prefix=past)
  hidden_BD = jnp.take_along_axis(
      out.hidden_BTD, last_B[:, None, None], axis=1)[:, 0]
  logits_BV = models.unembed(module, params, hidden_BD)
  total_B = jax.nn.logsumexp(logits_BV, axis=-1)
  sums = [jax.nn.logsumexp(logits_BV[:, jnp.asarray(g, jnp.int32)], axis=-1)
          for g in groups]
  return jnp.stack(sums, axis=-1) - total_B[:, None]
