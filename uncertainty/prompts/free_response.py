"""Open questions: the model writes the answer, its key part in braces."""

from uncertainty.prompts.dialogue import Dialogue
from uncertainty.prompts.instructions import (
    FREE_CUE,
    FREE_SYSTEM,
    Example,
)
from uncertainty.types import Item


def bracketed(item: Item, examples: tuple[Example, ...], *,
              style: str) -> Dialogue:
  """The question; the reply starts inside an opened brace.

  As in the published runs, a chat repeats the instruction in its last turn
  only, a completion in each.
  """
  last = f'{item.question}\n{FREE_CUE}'
  if style == 'completion':
    return Dialogue(
        system='',
        examples=tuple((f'{e.question}\n{FREE_CUE}', e.reply)
                       for e in examples),
        user=last, opening='{')
  return Dialogue(
      system=FREE_SYSTEM,
      examples=tuple((e.question, e.reply) for e in examples),
      user=last, opening='{')
