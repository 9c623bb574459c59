"""The table of wordings: complete, and fillable."""

import dataclasses
import string

import pytest

from uncertainty import data
from uncertainty.prompts import instructions
from uncertainty.prompts.instructions import Wording

# Field of a wording → what may be filled into it.
_FIELDS = {
    'labelled_system': {'label', 'group'}, 'labelled_question': {'question'},
    'text_system': {'group'}, 'text_question': {'question'},
    'completion_intro': {'group'}, 'free_question': {'question'}}


def _placeholders(text):
  return {name for _, name, _, _ in string.Formatter().parse(text)
          if name is not None}


def test_every_data_set_has_a_wording_and_nothing_else_has():
  assert instructions.WORDINGS.keys() == data.DATASETS.keys()


@pytest.mark.parametrize('name', instructions.WORDINGS)
def test_texts_ask_for_nothing_that_is_not_filled_in(name):
  wording = instructions.WORDINGS[name]
  for field in dataclasses.fields(Wording):
    text = getattr(wording, field.name)
    if field.name in _FIELDS:
      assert _placeholders(text) <= _FIELDS[field.name], field.name
      # A question that its item's text is left out of asks nothing.
      assert ('question' in _FIELDS[field.name]) == (
          'question' in _placeholders(text)), field.name
    elif isinstance(text, str):
      assert '{' not in text, field.name


@pytest.mark.parametrize('name', instructions.WORDINGS)
def test_examples_have_a_right_choice_and_braces_around_it(name):
  for example in instructions.WORDINGS[name].examples:
    right = example.choices[example.answer]
    assert len(set(example.choices)) == len(example.choices)
    if example.reply:
      assert f'{{{right}}}' in example.reply


def test_two_examples_have_a_reply_or_none_has():
  """An open question shows the examples that have a reply."""
  for wording in instructions.WORDINGS.values():
    with_reply = [e for e in wording.examples if e.reply]
    assert len(with_reply) in (0, 2)
