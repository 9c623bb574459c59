"""What is said after a name that there is not."""

import pytest

from uncertainty import errors


@pytest.mark.parametrize('name, said', [
    ('coan', 'did you mean coane?'), ('COANE', 'did you mean coane?'),
    ('mmlu2', 'did you mean MMLU?'), ('x', 'known: coane, MMLU')])
def test_the_near_name_or_all(name, said):
  assert errors.hint(name, ['coane', 'MMLU']) == said


def test_the_near_name_as_it_would_be_given():
  assert errors.hint('coan', ['coane'], '--config={}') == (
      'did you mean --config=coane?')


@pytest.mark.parametrize('name, meant', [
    ('answr', 'answer'), ('anwser', 'answer'), ('answers', 'answer'),
    ('human_coutn', 'human_count'), ('notes', None), ('test', None),
    ('time', None), ('prompt_1', None)])
def test_a_slip_of_the_hand_is_told_from_a_name_of_its_own(name, meant):
  known = ['answer', 'human_count', 'votes', 'text', 'item', 'prompt']
  assert errors.misspelt(name, known) == meant


def test_a_long_message_keeps_where_and_what_to_do():
  said = str(errors.UserError(f'a.csv: {"9" * 100_000} is none; correct it'))
  assert len(said) <= 400
  assert said.startswith('a.csv: 9') and said.endswith('is none; correct it')
  assert errors.shortened('a.csv: is empty') == 'a.csv: is empty'
