"""The tasks `letters` and `numbers`: labels, resuming, activations."""

import dataclasses
import math

import numpy as np
import pytest

from uncertainty import prompts
from uncertainty.specs import ProbeSpec
from uncertainty.types import Item, UserError


def test_letters_sum_the_variants_of_each_letter(
    choosing, lettered, logprobs_of, choices):
  ids = prompts.letter_tokens(choosing.tokenizer, 4)
  for item in choices.ITEMS:
    row = lettered[item.item_id]
    logprobs = logprobs_of(choosing.tokenizer.encode(row['prompt']))[-1]
    expected = [np.logaddexp.reduce(logprobs[list(some)])
                for some in ids[:len(item.choices)]]
    np.testing.assert_allclose(row['choice_logprobs'], expected, atol=1e-4)
    p = np.exp(expected)
    q = p / p.sum()
    assert row['mc_choice_entropy'] == pytest.approx(
        -(q * np.log(q)).sum() / np.log(len(q)), abs=1e-4)
    assert row['mc_choice_log_mass'] == pytest.approx(
        math.log(p.sum()), abs=1e-4)
    assert row['prediction'] == int(np.argmax(p))
    h = -(np.exp(logprobs) * logprobs).sum() / np.log(len(logprobs))
    assert row['mc_total_entropy'] == pytest.approx(h, abs=1e-4)
    assert row['n_tokens'] == len(choosing.tokenizer.encode(row['prompt']))
    assert len(row['top_logprobs']) == len(row['top_tokens']) == 10


def test_numbers_sum_the_variants_of_each_number(
    choosing, logprobs_of, choices):
  rows = choices.rows(choosing, 'numbers', choices.spec(), choices.ITEMS[:1])
  row = rows['q0']
  logprobs = logprobs_of(choosing.tokenizer.encode(row['prompt']))[-1]
  ids = prompts.number_tokens(choosing.tokenizer, 3)
  np.testing.assert_allclose(
      row['choice_logprobs'],
      [np.logaddexp.reduce(logprobs[list(some)]) for some in ids], atol=1e-4)


@pytest.mark.parametrize('task', ['letters', 'text'])
def test_what_is_done_is_left_out_and_the_rest_is_bit_equal(
    choosing, lettered, worded, task, choices):
  whole = {'letters': lettered, 'text': worded}[task]
  rest = choices.rows(
      choosing, task, choices.spec(), done=frozenset({'q0', 'q2'}))
  assert sorted(rest) == ['q1', 'q3']
  for item_id, row in rest.items():
    for name, value in row.items():
      np.testing.assert_array_equal(value, whole[item_id][name])
  every = frozenset(item.item_id for item in choices.ITEMS)
  assert not choices.rows(choosing, task, choices.spec(), done=every)


@pytest.mark.parametrize('task, positions', [
    ('letters', 'last_prompt'), ('text', 'answer')])
def test_activations_and_their_tokens(choosing, task, positions, choices):
  spec = dataclasses.replace(choices.spec(), probe=ProbeSpec(
      sites='residual', positions=positions))
  rows = choices.rows(choosing, task, spec)
  for item in choices.ITEMS:
    row = rows[item.item_id]
    assert row['@residual'].shape == (2, 16)
    last = (row['prompt'] if positions == 'last_prompt'
            else item.choices[row['prediction']])[-1]
    assert row['captured_tokens'] == last


def test_activations_of_all_tokens(choosing, choices):
  spec = dataclasses.replace(choices.spec(), probe=ProbeSpec(
      sites='residual', positions='all'))
  rows = choices.rows(choosing, 'letters', spec)
  for row in rows.values():
    assert row['@residual'].shape == (row['n_tokens'], 2, 16)
    assert ''.join(row['captured_tokens']) == row['prompt']


def test_bad_input_is_named(choosing, choices):
  with pytest.raises(UserError, match='item lonely has 1 choices'):
    choices.rows(choosing, 'letters', choices.spec(),
                 [Item('lonely', 'Q?', ('a',))])
  with pytest.raises(UserError, match='text_score=best'):
    choices.rows(choosing, 'text', choices.spec(text_score='best'))
  spec = dataclasses.replace(choices.spec(), probe=ProbeSpec(
      sites='residual', positions='bracket_mean'))
  with pytest.raises(UserError, match='bracket_mean'):
    choices.rows(choosing, 'letters', spec)
