"""A tokenizer whose rules may take long, tried in a limited process first."""

import itertools
import os
import pathlib
from collections.abc import Iterator, Sequence
from typing import Any

from uncertainty import limited
from uncertainty.types import UserError

# Its tokenizers are all that is used of it: no advice to install PyTorch.
os.environ.setdefault('TRANSFORMERS_NO_ADVISORY_WARNINGS', '1')

from transformers import PreTrainedTokenizerFast

_SCRIPT = pathlib.Path(__file__).with_name('tokenizer_process.py')
# Of processor time, for so many characters: public ones take some 0.1 s.
_SECONDS, _CHARACTERS = 5, 1 << 16
# Bytes of memory: so many, and so many for each byte of the tokenizer.
_MEMORY, _MEMORY_EACH = 1 << 30, 64
_REMEDY = 'use a model with another tokenizer'


class TriedTokenizer(PreTrainedTokenizerFast):
  """One that raises UserError for texts that would take too much."""

  _trial: limited.Process | None = None
  _program = ''

  def __call__(self, text: Any = None, *args: Any, **settings: Any) -> Any:
    """As its class does.

    Args:
      text: one or more.
      *args: as its class takes them.
      **settings: as its class takes them.

    Returns:
      What its class returns.

    Raises:
      UserError: it takes more than its limits, or fails.
    """
    self._try(text)
    return super().__call__(text, *args, **settings)

  def encode(self, text: Any, *args: Any, **settings: Any) -> list[int]:
    """As its class does.

    Args:
      text: one.
      *args: as its class takes them.
      **settings: as its class takes them.

    Returns:
      Token ids.

    Raises:
      UserError: it takes more than its limits, or fails.
    """
    self._try(text)
    return super().encode(text, *args, **settings)

  def _try(self, text: Any) -> None:
    texts = [text] if isinstance(text, str) else text
    if self._trial is None:
      self._program = self.backend_tokenizer.to_str()
      self._trial = limited.Process(
          _SCRIPT, memory=_MEMORY + _MEMORY_EACH * len(self._program.encode()))
    for some in _portions(texts):
      characters = sum(map(len, some))
      seconds = _SECONDS * max(1, characters / _CHARACTERS)
      answer = self._trial.ask(self._program, {
          'texts': some, 'split': bool(self.split_special_tokens)}, seconds)
      if answer is None:
        raise UserError(
            f"this model's tokenizer takes more than {seconds:.0f} s or its"
            f' memory for {characters} characters; {_REMEDY}')
      if 'error' in answer:
        raise UserError("this model's tokenizer cannot cut a text "
                        f"({answer['error']}); {_REMEDY}")


def _portions(texts: Sequence[str]) -> Iterator[list[str]]:
  """Texts in turn, some at a time."""
  ends = itertools.accumulate(map(len, texts))
  for _, some in itertools.groupby(
      zip(texts, ends, strict=True), lambda pair: pair[1] // _CHARACTERS):
    yield [text for text, _ in some]
