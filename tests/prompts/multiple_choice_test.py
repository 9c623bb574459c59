"""Closed questions as dialogues, by hand."""

import pytest

from uncertainty.prompts import multiple_choice
from uncertainty.prompts.instructions import Example, Wording
from uncertainty.types import Item

ITEM = Item('q', 'Which?', ('ape', 'bee', 'cow'), group='us_history')
EXAMPLES = (Example('Who?', ('he', 'she'), 1),)
WORDING = Wording(
    labelled_system='Give the {label} about {group}.',
    labelled_question='Q: {question}',
    text_system='Answer about {group}.', text_question='T: {question}',
    text_cue='Words:', text_separator='\n', completion_intro='On {group}.')


@pytest.mark.parametrize(('kind', 'word', 'labels'), [
    ('letters', 'letter', 'ABC'), ('numbers', 'number', '123')])
def test_choices_stand_under_labels_and_a_label_is_the_answer(
    kind, word, labels):
  made = multiple_choice.labelled(
      ITEM, WORDING, EXAMPLES, kind=kind, stray_brace=False)
  a, b, c = labels
  assert made.system == f'Give the {word} about us history.'
  assert made.intro == 'On us history.'
  assert made.examples == ((f'Q: Who?\n{a}. he\n{b}. she\nAnswer:', b),)
  assert made.user == f'Q: Which?\n{a}. ape\n{b}. bee\n{c}. cow\nAnswer:'
  assert made.opening == ''


def test_the_stray_brace_opens_the_reply():
  made = multiple_choice.labelled(
      ITEM, WORDING, (), kind='letters', stray_brace=True)
  assert made.opening == '{'


def test_worded_questions_hide_their_choices():
  made = multiple_choice.worded(ITEM, WORDING, EXAMPLES)
  assert made.system == 'Answer about us history.'
  assert made.examples == (('T: Who?', 'she'),)
  assert made.user == 'T: Which?'
  assert (made.cue, made.separator) == ('Words:', '\n')


def test_items_without_a_group_are_of_general_knowledge():
  made = multiple_choice.worded(Item('q', 'Which?', ('a', 'b')), WORDING, ())
  assert made.system == 'Answer about general knowledge.'
