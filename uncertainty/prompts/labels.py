"""Choice labels (A, B, … or 1, 2, …) and the tokens that stand for them."""

import string
from collections.abc import Callable, Sequence
from typing import Any

from uncertainty.types import UserError

LETTERS = string.ascii_uppercase

_VARIANTS = ('{}', '{}.', '{} ', '{})', '{},', '{}:', ' {}', '({})', '{}。')


def letter(index: int) -> str:
  """The letter of a choice.

  Args:
    index: from 0, below 26.

  Returns:
    A, B, …
  """
  return LETTERS[index]


def number(index: int) -> str:
  """The number of a choice.

  Args:
    index: from 0.

  Returns:
    1, 2, …
  """
  return str(index + 1)


LABELS: dict[str, Callable[[int], str]] = {'letters': letter,
                                           'numbers': number}


def letter_tokens(tokenizer: Any, n_choices: int) -> list[tuple[int, ...]]:
  """Token ids whose probabilities sum to a letter's, per choice.

  The distinct single tokens among A, `A.`, `A `, `A)`, `A,`, `A:`, ` A`,
  `(A)`, `A。` and the same in lower case (method.md, section 2).

  Args:
    tokenizer: encodes text with `add_special_tokens=False`.
    n_choices: 2 to 26.

  Returns:
    One sorted tuple of ids per choice.

  Raises:
    UserError: a letter that no single token stands for.
  """
  return [_ids(tokenizer, (letter(i), letter(i).lower()), 'letters')
          for i in range(n_choices)]


def number_tokens(tokenizer: Any, n_choices: int) -> list[tuple[int, ...]]:
  """Token ids whose probabilities sum to a number's, per choice.

  The variants of `letter_tokens`, for the labels 1, 2, 3, …

  Args:
    tokenizer: encodes text with `add_special_tokens=False`.
    n_choices: at least 2.

  Returns:
    One sorted tuple of ids per choice.

  Raises:
    UserError: a number that no single token stands for.
  """
  return [_ids(tokenizer, (number(i),), 'numbers') for i in range(n_choices)]


def single_tokens(tokenizer: Any, texts: Sequence[str]) -> tuple[int, ...]:
  """The texts that are a single token.

  Args:
    tokenizer: the model's.
    texts: spellings, leading spaces counting.

  Returns:
    Their ids, ascending; () if none is.
  """
  encoded = [tokenizer.encode(text, add_special_tokens=False)
             for text in texts]
  return tuple(sorted({int(ids[0]) for ids in encoded if len(ids) == 1}))


def _ids(tokenizer: Any, labels: Sequence[str], kind: str) -> tuple[int, ...]:
  found = single_tokens(tokenizer, [
      variant.format(label) for label in labels for variant in _VARIANTS])
  if not found:
    raise UserError(f'this tokenizer has no single token for {labels[0]!r}, so'
                    f' answers cannot be scored by {kind}; use'
                    ' --config.prompt.answer=text')
  return found
