"""Closed questions: choices under labels, or choices scored by their words."""

from collections.abc import Callable

from uncertainty.prompts.dialogue import Dialogue
from uncertainty.prompts.instructions import Example, Wording
from uncertainty.prompts.labels import LABELS
from uncertainty.types import Item

_LABEL_WORD = {'letters': 'letter', 'numbers': 'number'}


def labelled(item: Item, wording: Wording, examples: tuple[Example, ...], *,
             kind: str, stray_brace: bool) -> Dialogue:
  """The question with its choices under labels; a label is the answer.

  Args:
    item: a closed question.
    wording: the data set's.
    examples: worked examples to show.
    kind: 'letters' or 'numbers'.
    stray_brace: end a chat with an opened brace, as the published runs did.

  Returns:
    The dialogue; the reply is expected to be a label.
  """
  label = LABELS[kind]
  group = _in_words(item.group)
  return Dialogue(
      system=wording.labelled_system.format(label=_LABEL_WORD[kind],
                                            group=group),
      examples=tuple(
          (_labelled_turn(e.question, e.choices, wording, label),
           label(e.answer)) for e in examples),
      user=_labelled_turn(item.question, item.choices, wording, label),
      opening='{' if stray_brace else '',
      intro=wording.completion_intro.format(group=group),
  )


def worded(item: Item, wording: Wording,
           examples: tuple[Example, ...]) -> Dialogue:
  """The question alone; a choice's own words are the answer.

  Args:
    item: a closed question; its choices are not shown.
    wording: the data set's.
    examples: worked examples to show.

  Returns:
    The dialogue; the reply is expected to be a choice's words.
  """
  return Dialogue(
      system=wording.text_system.format(group=_in_words(item.group)),
      examples=tuple((wording.text_question.format(question=e.question),
                      e.choices[e.answer]) for e in examples),
      user=wording.text_question.format(question=item.question),
      cue=wording.text_cue,
      separator=wording.text_separator,
  )


def _labelled_turn(question: str, choices: tuple[str, ...], wording: Wording,
                   label: Callable[[int], str]) -> str:
  lines = [wording.labelled_question.format(question=question),
           *(f'{label(i)}. {choice}' for i, choice in enumerate(choices)),
           'Answer:']
  return '\n'.join(lines)


def _in_words(group: str) -> str:
  return group.replace('_', ' ') or 'general knowledge'
