"""Open questions as dialogues, by hand."""

from uncertainty.prompts import free_response
from uncertainty.prompts.instructions import (
  FREE_CUE,
  FREE_SYSTEM,
  Example,
  Wording,
)
from uncertainty.types import Item

ITEM = Item('q', 'Which?')
EXAMPLES = (Example('Who?', (), 0, 'It was {she}.'),)
WORDING = Wording(free_question='Say: {question}')


def test_a_chat_is_instructed_at_first_and_in_its_last_turn():
  made = free_response.bracketed(ITEM, WORDING, EXAMPLES, style='chat')
  assert made.system == FREE_SYSTEM
  assert made.examples == (('Say: Who?', 'It was {she}.'),)
  assert made.user == f'Say: Which?\n{FREE_CUE}'


def test_a_completion_is_instructed_in_every_turn():
  made = free_response.bracketed(ITEM, WORDING, EXAMPLES, style='completion')
  assert made.system == ''
  assert made.examples == ((f'Say: Who?\n{FREE_CUE}', 'It was {she}.'),)
  assert made.user == f'Say: Which?\n{FREE_CUE}'


def test_every_reply_starts_inside_a_brace():
  for style in ('chat', 'completion'):
    assert free_response.bracketed(
        ITEM, WORDING, (), style=style).opening == '{'
