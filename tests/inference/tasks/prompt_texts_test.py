"""The texts that answers rest on, for every way of asking."""

import dataclasses

import pytest

from uncertainty.inference.tasks import prompt_texts, registry
from uncertainty.specs import DataSpec, PromptSpec, StudySpec
from uncertainty.types import Item


class Plain:
  """A model that is only read for its tokenizer."""

  @dataclasses.dataclass
  class Tokenizer:
    chat_template: None = None
    bos_token: str = '<s>'

  tokenizer = Tokenizer()


ITEMS = [Item(f'i{k}', f'Which is {k}?', ('sky', 'blood', 'grass'), answer=0,
              answer_text='sky', extra={'response': 'The sky.'})
         for k in range(3)]


def _texts(task, **prompt):
  spec = StudySpec(
      data=DataSpec(name='table'),
      prompt=PromptSpec(answer=task, style='completion', **prompt))
  return prompt_texts.prompt_texts(Plain(), ITEMS, spec, task)


@pytest.mark.parametrize('task', registry.TASKS)
def test_each_item_has_the_texts_of_its_own_question(task):
  found = _texts(task)
  assert len(found) == 3 and all(texts for texts in found)
  for item, texts in zip(ITEMS, found, strict=True):
    assert item.question in texts[0]
  assert len({texts[0] for texts in found}) == 3


def test_orders_of_choices_are_prompts_of_their_own():
  one, three = _texts('letters'), _texts('letters', n_orders=3)
  for few, many in zip(one, three, strict=True):
    assert len(many) == 3 * len(few) and many[:len(few)] == few


def test_text_is_followed_by_what_is_scored():
  for texts in _texts('text'):
    assert all(any(choice in text for text in texts[1:])
               for choice in ('sky', 'blood', 'grass'))
