"""Own answers, in the items' order, and graded as the task `p_true` does."""

import dataclasses
import logging

import jax
import jax.numpy as jnp
import pytest

from launch import tiny_checkpoint
from uncertainty import inference, models, specs
from uncertainty.results import columns
from uncertainty.tuning import graded
from uncertainty.types import Item

ITEMS = [
    Item('first', 'Who was first?', answer_text='Adam'),
    Item('what', 'What is it?', ('yes', 'no'), 1),
    Item('where', 'Where is the other one, and whose?', answer_text='there'),
    Item('which', 'Which?', answer_text='that')]
# Two at a time, the longest prompts first: not in the items' order.
SPEC = specs.parse({'data': {'name': 'table'}, 'prompt': {'few_shot': False},
                    'free': {'max_tokens': 6, 'batch_size': 2}})


@pytest.fixture(scope='module')
def model(tmp_path_factory):
  """A tiny model that says nothing but letters and the closing brace."""
  made = models.load(str(tiny_checkpoint.write(
      tmp_path_factory.mktemp('graded') / 'tiny')), dtype='float32')
  said = jnp.array(made.tokenizer.encode('abcdefgh}'))
  head_VD = made.params['unembedding']
  return dataclasses.replace(made, params=made.params | {
      'unembedding': jnp.zeros_like(head_VD).at[said].set(head_VD[said]),
      # Large weights keep it from giving the same answer to all.
      'layers': jax.tree.map(lambda x: 4 * x, made.params['layers'])})


@pytest.fixture(scope='module')
def answers(model):
  return [answer for answer, _ in graded.answers(model, ITEMS, SPEC)]


def test_answers_are_those_that_the_task_p_true_judges(model, answers):
  found = {}
  for chunk in inference.TASKS['p_true'](model, ITEMS, SPEC, seed=SPEC.seed):
    found |= dict(zip(chunk.item_ids, chunk.columns[columns.P_TRUE_ANSWER]))
  assert answers == [found[item.item_id] for item in ITEMS]
  assert len(set(answers)) == len(ITEMS)


def test_an_answer_follows_its_item(model, answers):
  turned = graded.answers(model, ITEMS[::-1], SPEC)
  assert [answer for answer, _ in turned] == answers[::-1]


def test_right_is_what_the_rules_call_right(model, answers):
  known = [
      dataclasses.replace(ITEMS[0], answer_text=answers[0]),
      dataclasses.replace(ITEMS[1], choices=('yes', answers[1])),
      dataclasses.replace(ITEMS[2], answer_text=answers[1]),
      dataclasses.replace(ITEMS[3], aliases=(answers[3],))]
  assert graded.answers(model, known, SPEC) == list(
      zip(answers, (True, True, False, True)))


@pytest.mark.parametrize(('n_right', 'level'), [
    (0, logging.WARNING), (2, logging.INFO), (4, logging.WARNING)])
def test_answers_that_teach_but_one_verdict_are_warned_of(
    model, answers, caplog, n_right, level):
  known = [dataclasses.replace(item, aliases=(answer,) * (k < n_right))
           for k, (item, answer) in enumerate(zip(ITEMS, answers))]
  caplog.set_level(logging.INFO, 'absl')
  graded.answers(model, known, SPEC)
  [record] = [r for r in caplog.records if 'own answers' in r.message]
  assert record.message.startswith(f'{n_right} of 4 ')
  assert record.levelno == level


def test_an_item_without_a_right_answer_is_not_right(model, answers):
  unknown = [dataclasses.replace(ITEMS[0], answer_text=None)]
  assert graded.answers(model, unknown, SPEC) == [(answers[0], False)]


def test_no_answer_is_none(model):
  """Where nothing but the brace can be said, the bracket is empty."""
  head_VD = model.params['unembedding']
  brace = model.tokenizer.encode('}')[0]
  silent = dataclasses.replace(model, params=model.params | {
      'unembedding': jnp.zeros_like(head_VD).at[brace].set(head_VD[brace])})
  found = graded.answers(silent, ITEMS, SPEC)
  assert len(found) == len(ITEMS) and ('', False) in found
