"""Texts as tokens: some at a time, and no more than memory takes."""

import sys
from collections.abc import Iterable, Iterator
from typing import Any

from uncertainty import memory
from uncertainty.inference.tasks.task import Tokenizing

_CHARACTERS = 1 << 18  # in one call: the library takes some 150 bytes a token


def tokenize_texts(model: Tokenizing, texts: Iterable[str],
                   ) -> list[tuple[int, ...]]:
  """Tokens of each text, special tokens as written in it.

  Args:
    model: whose tokenizer.
    texts: prompts or continuations.

  Returns:
    Token ids of each.

  Raises:
    UserError: together they take more than a sixteenth of this machine's
      memory, or the tokenizer cannot cut a text.
  """
  return memory.held(
      each(model, texts), sys.getsizeof, "the prompts' tokens",
      'ask fewer items (config.data.limit) or in fewer orders '
      '(config.prompt.n_orders)')


def each(model: Tokenizing, texts: Iterable[str],
         ) -> Iterator[tuple[int, ...]]:
  """As `tokenize_texts`, one text's after another's, none kept.

  Args:
    model: whose tokenizer.
    texts: prompts or continuations.

  Yields:
    Token ids of each.

  Raises:
    UserError: the tokenizer cannot cut a text.
  """
  tokenizer: Any = model.tokenizer
  same: dict[int, int] = {}  # each number once, however often it is written
  for some in _portions(texts):
    rows = tokenizer(some, add_special_tokens=False,
                     return_attention_mask=False)['input_ids']
    for row in rows:
      yield tuple(same.setdefault(token, token) for token in row)


def _portions(texts: Iterable[str]) -> Iterator[list[str]]:
  some, characters = [], 0
  for text in texts:
    some.append(text)
    characters += len(text)
    if characters >= _CHARACTERS:
      yield some
      some, characters = [], 0
  if some:
    yield some
