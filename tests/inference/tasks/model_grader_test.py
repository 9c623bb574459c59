"""The scored model as grader."""

import math

import numpy as np
import pytest

from uncertainty import inference
from uncertainty.inference.tasks import model_grader
from uncertainty.prompts import self_report
from uncertainty.specs import FreeSpec, StudySpec
from uncertainty.types import UserError


def test_model_grades_are_missing_for_a_reason():
  def grade(right, answer, yes, no):
    row = model_grader.grade_columns(right, answer, np.log([yes, no]))
    return row['fr_correct_model'], row['fr_correct_model_reason']

  assert grade('x', 'x', .6, .3) == (1.0, '')
  assert grade('x', 'y', .3, .6) == (0.0, '')
  assert grade('x', '', .6, .3) == (0.0, 'empty answer')
  for given, why in ((('', 'x', .6, .3), 'no right answer'),
                     (('x', 'x', .004, .003), 'answers neither yes nor no')):
    value, reason = grade(*given)
    assert math.isnan(value) and reason == why


def test_the_model_may_grade_its_own_answers(answering, asked):
  spec = StudySpec(
      data=asked.SPEC.data, prompt=asked.SPEC.prompt,
      free=FreeSpec(max_tokens=10, batch_size=4, grader='model'))
  rows = asked.rows(inference.TASKS['free'](
      answering, asked.ITEMS, spec, seed=0))
  assert rows['d']['fr_correct_model_reason'] == 'no right answer'
  assert rows['a']['fr_correct_model'] in (0.0, 1.0) or (
      rows['a']['fr_correct_model_reason'])
  bad = StudySpec(data=asked.SPEC.data, free=FreeSpec(grader='oracle'))
  with pytest.raises(UserError, match='config.free.grader'):
    next(inference.TASKS['free'](answering, asked.ITEMS, bad, seed=0))
  prompts = self_report.judge_prompts()
  assert 'RIGHT' in prompts['grader=model']
