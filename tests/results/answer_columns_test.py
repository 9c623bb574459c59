"""Names of an answer's columns: grades, further wordings."""

from uncertainty.results import answer_columns, columns


def test_a_wording_stands_after_the_start_and_the_first_has_none():
  name = answer_columns.VERBAL_FORM
  assert answer_columns.in_wording(name, '') == 'verbal_form'
  assert (answer_columns.in_wording(name, 'phrase_before')
          == 'verbal_phrase_before_form')


def test_what_stands_beside_a_confidence_is_in_its_wording():
  beside = {
      stated: answer_columns.beside(stated, answer_columns.VERBAL_TEXT)
      for stated in ('verbal_confidence', 'verbal_phrase_before_confidence')}
  assert beside == {
      'verbal_confidence': 'verbal_text',
      'verbal_phrase_before_confidence': 'verbal_phrase_before_text'}


def test_grades_are_named_in_the_order_in_which_they_are_described():
  described = [name for name, *_ in answer_columns.grades('x_', 'it')]
  assert described == list(answer_columns.grade_names('x_')) == [
      'x_correct', 'x_correct_exact', 'x_correct_alias', 'x_correct_edit',
      'x_correct_reason']


def test_every_wording_has_every_column():
  first = {c.name for c in columns.VERBAL if 'WORDING' not in c.name}
  further = {c.name for c in columns.VERBAL if 'WORDING' in c.name}
  assert further == {
      answer_columns.in_wording(name, 'WORDING') for name in first}
