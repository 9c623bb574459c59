"""The task `verbal`: replies and wordings."""

import math

import pytest

from uncertainty import inference, memory
from uncertainty.inference.tasks import verbal
from uncertainty.measures import registry
from uncertainty.specs import FreeSpec, StudySpec
from uncertainty.types import Item, UserError


def test_verbal_replies():
  item = Item('x', 'q', answer_text='gold')
  row = verbal.read_reply(item, 'Answer: Gold\nConfidence: 90%')
  assert (row['verbal_answer'], row['verbal_confidence']) == ('Gold', .9)
  assert row['verbal_form'] == 'percent' and row['verbal_reason'] == ''
  assert row['verbal_correct'] == 1
  row = verbal.read_reply(item, 'Confidence: high\nAnswer: lead')
  assert math.isnan(row['verbal_confidence']) and row['verbal_correct'] == 0
  assert row['verbal_reason'] == 'no confidence stated'
  # What follows an empty line is no longer the reply.
  row = verbal.read_reply(
      item, 'Answer: gold\n\nQuestion: q\nConfidence: 10%')
  assert math.isnan(row['verbal_confidence'])
  assert row['verbal_reason'] == 'empty'
  choice = Item('x', 'q', ('good', 'bad'), 1)
  row = verbal.read_reply(choice, 'Answer: bad\nConfidence: 1%')
  assert (row['verbal_prediction'], row['verbal_correct']) == (1., 1.)
  row = verbal.read_reply(choice, 'Answer: both\nConfidence: 1%')
  assert math.isnan(row['verbal_prediction']) and row['verbal_correct'] == 0


def test_verbal_wordings_are_asked_together(answering, asked):
  spec = StudySpec(
      data=asked.SPEC.data, prompt=asked.SPEC.prompt,
      free=FreeSpec(max_tokens=10, batch_size=4,
                    verbal='percent_after,phrase_before'))
  rows = asked.rows(inference.TASKS['verbal'](
      answering, asked.ITEMS[:2], spec, seed=0))
  for name in ('verbal_confidence', 'verbal_phrase_before_confidence'):
    assert name in rows['a'] and registry.is_measure(name)
  for bad in ('', 'percent', 'percent_after,percent_after'):
    with pytest.raises(UserError, match='config.free.verbal'):
      verbal.variants(StudySpec(free=FreeSpec(verbal=bad)))


def test_texts_that_are_too_much_together_are_refused(
    answering, asked, monkeypatch):
  monkeypatch.setattr(memory, 'machine_bytes', lambda: 1 << 20)
  some = asked.ITEMS[:2]
  assert len(verbal.wording_texts(
      answering, some, asked.SPEC, ('percent', 'after'))) == 2
  with pytest.raises(UserError, match='the prompts take more than 0 MiB'):
    verbal.wording_texts(
        answering, some * 10_000, asked.SPEC, ('percent', 'after'))
