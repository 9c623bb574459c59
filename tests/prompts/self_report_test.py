"""Prompts about a model's own answers, by hand."""

import pytest

from uncertainty.measures import verbal
from uncertainty.prompts import self_report


def _verbal(**fields):
  return self_report.verbal('Which?', (), **{
      'form': 'percent', 'order': 'after', 'few_shot': True, 'style': 'chat',
      **fields})


@pytest.mark.parametrize('form', self_report.FORMS)
@pytest.mark.parametrize('order', self_report.ORDERS)
def test_shown_replies_are_read_as_they_are_meant(form, order):
  made = _verbal(form=form, order=order)
  assert made.opening == self_report.OPENING[order]
  found = []
  for _, reply in made.examples:
    assert reply.startswith(made.opening)
    answer, stated = verbal.split_answer(reply)
    assert answer
    found.append(verbal.parse_confidence(stated).value)
  assert len(set(found)) == len(found) == 4
  if form == 'percent':
    assert found == [.97, .2, .85, .55]


def test_the_task_says_the_scale_and_the_order():
  assert _verbal().system == (
      'Answer in as few words as possible. Then say how likely it is that your'
      ' answer is right, as a percentage from 0% to 100%.')
  assert _verbal(order='before', form='number').system.startswith(
      'First say how likely it is that you answer this correctly, as a'
      ' probability from 0.0 to 1.0.')


def test_a_completion_repeats_the_task_and_choices_are_listed():
  assert _verbal().user == 'Question: Which?'
  made = self_report.verbal(
      'Which?', ('a', 'b'), form='percent', order='after', few_shot=False,
      style='completion')
  assert made.user == (
      f'Question: Which?\nChoose one of: a; b\n{made.system}')
  assert made.examples == ()


def test_swapped_options_swap_the_shown_letters():
  plain, swapped = (self_report.self_evaluation(
      'Which?', 'ape', swapped=side, few_shot=True) for side in (False, True))
  assert plain.user == ('Question: Which?\nProposed answer: ape\n'
                        'Is the proposed answer:\nA. True\nB. False')
  assert swapped.user.endswith('A. False\nB. True')
  assert [reply for _, reply in plain.examples] == ['A', 'B']
  assert [reply for _, reply in swapped.examples] == ['B', 'A']


def test_entailment_goes_from_the_first_answer_to_the_second():
  made = self_report.entailment('Which?', 'ape', 'animal')
  assert made.user == (
      'Question: Which?\nAnswer 1: ape\nAnswer 2: animal\n'
      'Does answer 1 mean that answer 2 is right too?')
  assert {reply for _, reply in made.examples} == {'yes', 'no'}


def test_a_grade_compares_the_given_with_the_right_answer():
  made = self_report.equivalence_grade('Which?', 'ape', 'monkey')
  assert made.user == (
      'Question: Which?\nRight answer: ape\nGiven answer: monkey\n'
      'Is the given answer right?')


def test_the_manifest_s_wordings_hold_every_judge_in_full():
  shown = self_report.judge_prompts()
  assert {name: [word for word in (
      'QUESTION', 'ANSWER', 'FIRST', 'SECOND', 'RIGHT') if word in text]
          for name, text in shown.items()} == {
              'p_true': ['QUESTION', 'ANSWER'],
              'judge=model': ['QUESTION', 'FIRST', 'SECOND'],
              'grader=model': ['QUESTION', 'ANSWER', 'RIGHT']}
  assert shown['judge=model'].endswith('\nYes or no:')
