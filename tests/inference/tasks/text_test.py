"""The task `text`: the likelihood of the choices' words."""

import dataclasses
import types

import numpy as np
import pytest

from uncertainty import prompts
from uncertainty.inference.tasks import letters, text
from uncertainty.types import Prompt


def test_text_is_the_likelihood_of_the_words(
    choosing, worded, logprobs_of, choices):
  built = prompts.build(
      choices.ITEMS, dataclasses.replace(choices.spec().prompt, answer='text'),
      choosing.tokenizer, dataset='table')
  encode = choosing.tokenizer.encode

  def likelihood(context, words):
    whole = encode(context + words)
    n = len(encode(context))
    logprobs = logprobs_of(whole)
    return sum(logprobs[t - 1, whole[t]] for t in range(n, len(whole)))

  for item, prompt in zip(choices.ITEMS, built):
    row = worded[item.item_id]
    sums = [likelihood(prompt.text, c) for c in prompt.continuations]
    free = [likelihood(prompt.neutral_text, c) for c in prompt.continuations]
    np.testing.assert_allclose(row['choice_logprobs_sum'], sums, atol=5e-4)
    np.testing.assert_allclose(
        row['choice_logprobs_neutral'], free, atol=5e-4)
    assert row['choice_logprobs_tokens'] == [
        len(encode(c)) for c in prompt.continuations]
    assert row['choice_logprobs_bytes'] == [
        len(c.encode()) for c in prompt.continuations]
    pmi = np.subtract(sums, free)
    np.testing.assert_allclose(
        row['choice_logprobs'], pmi - np.logaddexp.reduce(pmi), atol=1e-3)
    assert row['mc_choice_log_mass'] == pytest.approx(
        np.logaddexp.reduce(sums), abs=5e-4)


@pytest.mark.parametrize('name', ['sum', 'per_token', 'per_byte'])
def test_text_scores_can_be_had_from_the_raw_columns(
    choosing, worded, name, choices):
  rows = choices.rows(choosing, 'text', choices.spec(text_score=name))
  for item_id, row in rows.items():
    raw = worded[item_id]
    sums = np.array(raw['choice_logprobs_sum'])
    lengths = {'sum': 1, 'per_token': np.array(raw['choice_logprobs_tokens']),
               'per_byte': np.array(raw['choice_logprobs_bytes'])}[name]
    expected = sums / lengths
    if name != 'sum':
      expected = expected - np.logaddexp.reduce(expected)
    np.testing.assert_allclose(row['choice_logprobs'], expected, atol=1e-9)


def test_a_boundary_that_a_token_straddles(choices):
  """'ab' + 'c' where 'bc' is one token: the parts are tokenized apart."""
  class Merging:
    def __call__(self, texts, **_):
      tokens = {'ab': [1, 2], 'c': [3], 'abc': [1, 9], 'd': [4],
                'abd': [1, 2, 4]}
      return {'input_ids': [tokens[t] for t in texts]}

  prompt = Prompt('x', 'ab', ('c', 'd'))
  stems, words = text.continuations(
      types.SimpleNamespace(tokenizer=Merging()),
      [letters.Asked(0, (0, 1), choices.ITEMS[1], prompt)])
  assert stems == [(1, 2)]
  assert words == [((3,), (4,))]
