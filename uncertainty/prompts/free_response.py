"""Open questions: the model writes the answer, its key part in braces."""

from uncertainty.prompts.dialogue import Dialogue
from uncertainty.prompts.instructions import (
    FREE_CUE,
    FREE_SYSTEM,
    Example,
    Wording,
)
from uncertainty.types import Item


def bracketed(item: Item, wording: Wording, examples: tuple[Example, ...], *,
              style: str) -> Dialogue:
  """The question; the reply starts inside an opened brace.

  As in the published runs, a chat repeats the instruction in its last turn
  only, a completion in each.

  Args:
    item: an open question.
    wording: the data set's.
    examples: worked examples with their replies.
    style: `chat` or `completion`.

  Returns:
    The dialogue, its reply opened by a brace.
  """
  last = f'{wording.free_question.format(question=item.question)}\n{FREE_CUE}'
  shown = [(wording.free_question.format(question=e.question), e.reply)
           for e in examples]
  if style == 'completion':
    return Dialogue(
        system='',
        examples=tuple((f'{asked}\n{FREE_CUE}', reply)
                       for asked, reply in shown),
        user=last, opening='{')
  return Dialogue(
      system=FREE_SYSTEM,
      examples=tuple(shown),
      user=last, opening='{')
