"""The task `response`: given answers, measured token by token."""

import dataclasses

import numpy as np
import pytest

from uncertainty import inference, plan
from uncertainty.specs import PromptSpec, StudySpec
from uncertainty.types import Item, UserError

_SPEC = StudySpec(prompt=PromptSpec(answer='response', style='completion'))
_ITEMS = [
    Item('a', 'Who was first?', answer_text='Adam',
         extra={'response': 'Adam'}),
    Item('b', 'What is it?', ('this', 'that'), 1, extra={'response': 'x' * 70}),
    Item('c', 'Where — is the other one?', extra={'response': 'over there}'}),
]


def _rows(choosing, asked, items=None, done=frozenset(), spec=_SPEC):
  return asked.rows(inference.TASKS['response'](
      choosing, items or _ITEMS, spec, seed=0, done=done))


def test_every_token_is_measured_where_it_stands(choosing, asked, logprobs_of):
  rows = _rows(choosing, asked)
  assert set(rows) == {'a', 'b', 'c'}
  for item in _ITEMS:
    row = rows[item.item_id]
    assert row['prompt'] == item.question  # word for word, dash included
    stem = choosing.tokenizer.encode(item.question)
    answer = choosing.tokenizer.encode(' ' + item.extra['response'])
    assert row['n_tokens'] == len(stem)
    assert list(row['fr_token_ids']) == answer
    expected_TV = logprobs_of(stem + answer)[len(stem) - 1:-1]
    chosen_T = expected_TV[np.arange(len(answer)), answer]
    np.testing.assert_allclose(
        row['fr_perplexity'], np.exp(-chosen_T.mean()), rtol=1e-4)
    np.testing.assert_allclose(
        row['fr_top1_logprob'], expected_TV.max(-1).mean(), rtol=1e-4)
    entropy_T = -(np.exp(expected_TV) * expected_TV).sum(-1)
    np.testing.assert_allclose(
        row['fr_total_entropy'],
        entropy_T.mean() / np.log(expected_TV.shape[1]), rtol=1e-4)
    top_TK = np.reshape(row['fr_step_top_logprobs'], (len(answer), -1))
    np.testing.assert_allclose(
        top_TK, -np.sort(-expected_TV)[:, :top_TK.shape[1]], atol=1e-4)
  assert rows['a']['fr_correct'] == 1 and rows['b']['fr_correct'] == 0
  assert rows['c']['fr_answer'] == 'over there' and np.isnan(
      rows['c']['fr_correct'])
  assert rows['a']['fr_hit_cap'] is False


def test_a_row_does_not_depend_on_the_others(choosing, asked):
  whole = _rows(choosing, asked)
  small = dataclasses.replace(
      _SPEC, score=dataclasses.replace(_SPEC.score, batch_tokens=64))
  for rows in (_rows(choosing, asked, done=frozenset('b')),
               _rows(choosing, asked, _ITEMS[:1]),
               _rows(choosing, asked, spec=small)):
    assert 'a' in rows
    for item_id, row in rows.items():
      np.testing.assert_allclose(row['fr_perplexity'],
                                 whole[item_id]['fr_perplexity'], rtol=1e-5)
  assert set(_rows(choosing, asked, done=frozenset('b'))) == {'a', 'c'}


def test_the_digest_of_a_row_holds_its_response(choosing):
  (prompt, response), *_ = inference.prompt_texts(
      choosing, _ITEMS, _SPEC, 'response')
  assert (prompt, response) == ('Who was first?', ' Adam')


@pytest.mark.parametrize('item, message', [
    (Item('x', 'Who?'), 'item x has no response.*column `response`'),
    (Item('x', 'Who?', extra={'response': ' '}), 'item x has no response'),
    (Item('x', 'Who?', extra={'response': 'a' * 2000}), 'reads 1 to 1024')])
def test_what_cannot_be_read_is_said(choosing, asked, item, message):
  with pytest.raises(UserError, match=message):
    _rows(choosing, asked, [item])


def test_given_and_written_answers_are_not_mixed():
  spec = StudySpec(prompt=PromptSpec(answer='free,response'))
  with pytest.raises(UserError, match='which fill the same columns'):
    plan.task_names(spec)
