"""The choice tasks: letters, numbers, text, orders, resuming."""

import dataclasses
import math
import types

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from uncertainty import inference, prompts
from uncertainty.inference.tasks import letters, text
from uncertainty.measures import registry
from uncertainty.specs import (
  DataSpec,
  ProbeSpec,
  PromptSpec,
  ScoreSpec,
  StudySpec,
)
from uncertainty.types import Item, Prompt, UserError

ITEMS = [
    Item('q0', 'Which is red?', ('sky', 'blood', 'grass'), answer=1,
         human_shares=(0.1, 0.7, 0.2)),
    Item('q1', 'Which is first?', ('a', 'b'), answer=0,
         human_shares=(0.5, 0.5)),
    Item('q2', 'Is it?', ('no', 'yes', 'maybe', 'so')),
    Item('q3', 'Who?', ('me', 'you it')),
]
SPEC = StudySpec(
    data=DataSpec(name='table'),
    prompt=PromptSpec(profile='clean', style='completion', few_shot=False),
    score=ScoreSpec(batch_tokens=512, row_tokens=0, top_k=10))


def _spec(**prompt):
  return dataclasses.replace(
      SPEC, prompt=dataclasses.replace(SPEC.prompt, **prompt))


@pytest.fixture(scope='module')
def model(tiny):
  made = tiny.make(scale=6.0)
  config = dataclasses.replace(made.config, context_length=1024)
  return dataclasses.replace(
      made, module=made.module.clone(config=config), config=config)


@pytest.fixture(scope='module')
def logprobs_of(model):
  """Plain next-token log-probabilities, [T, V] float64."""
  @jax.jit
  def apply(tokens):
    return model.module.apply({'params': model.params}, tokens)[0]

  def logprobs(tokens):
    padded = np.zeros((1, 512), np.int32)
    padded[0, :len(tokens)] = tokens
    logits = np.asarray(apply(jnp.asarray(padded)), np.float64)[:len(tokens)]
    return logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True)

  return logprobs


def _rows(model, task, spec, items=ITEMS, **kwargs):
  rows = {}
  for chunk in inference.TASKS[task](model, items, spec, seed=0, **kwargs):
    for name, values in chunk.columns.items():
      assert len(values) == len(chunk.item_ids), name
    for j, item_id in enumerate(chunk.item_ids):
      assert item_id not in rows
      rows[item_id] = {k: v[j] for k, v in chunk.columns.items()} | {
          f'@{site}': x[j] for site, x in chunk.activations.items()}
  return rows


@pytest.fixture(scope='module')
def lettered(model):
  return _rows(model, 'letters', _spec())


@pytest.fixture(scope='module')
def worded(model):
  return _rows(model, 'text', _spec(text_score='pmi'))


def test_letters_sum_the_variants_of_each_letter(
    model, lettered, logprobs_of):
  ids = prompts.letter_tokens(model.tokenizer, 4)
  for item in ITEMS:
    row = lettered[item.item_id]
    logprobs = logprobs_of(model.tokenizer.encode(row['prompt']))[-1]
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
    assert row['n_tokens'] == len(model.tokenizer.encode(row['prompt']))
    assert len(row['top_logprobs']) == len(row['top_tokens']) == 10


def test_every_mc_column_is_a_known_measure(lettered, worded):
  for rows in (lettered, worded):
    columns = [c for c in rows['q0'] if c.startswith('mc_')]
    assert len(columns) == 20
    assert all(registry.is_measure(c) for c in columns)


def test_correct_and_agrees(lettered):
  row = lettered['q0']
  assert row['correct'] == float(row['prediction'] == 1)
  assert row['agrees'] == float(row['prediction'] == 1)
  assert lettered['q1']['agrees'] == 1  # people are split evenly
  assert math.isnan(lettered['q2']['correct'])
  assert math.isnan(lettered['q2']['agrees'])


def test_numbers_sum_the_variants_of_each_number(model, logprobs_of):
  rows = _rows(model, 'numbers', _spec(), ITEMS[:1])
  row = rows['q0']
  logprobs = logprobs_of(model.tokenizer.encode(row['prompt']))[-1]
  ids = prompts.number_tokens(model.tokenizer, 3)
  np.testing.assert_allclose(
      row['choice_logprobs'],
      [np.logaddexp.reduce(logprobs[list(some)]) for some in ids], atol=1e-4)


def test_text_is_the_likelihood_of_the_words(model, worded, logprobs_of):
  built = prompts.build(
      ITEMS, dataclasses.replace(_spec().prompt, answer='text'),
      model.tokenizer, dataset='table')
  encode = model.tokenizer.encode

  def likelihood(context, words):
    whole = encode(context + words)
    n = len(encode(context))
    logprobs = logprobs_of(whole)
    return sum(logprobs[t - 1, whole[t]] for t in range(n, len(whole)))

  for item, prompt in zip(ITEMS, built):
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
def test_text_scores_can_be_had_from_the_raw_columns(model, worded, name):
  rows = _rows(model, 'text', _spec(text_score=name))
  for item_id, row in rows.items():
    raw = worded[item_id]
    sums = np.array(raw['choice_logprobs_sum'])
    lengths = {'sum': 1, 'per_token': np.array(raw['choice_logprobs_tokens']),
               'per_byte': np.array(raw['choice_logprobs_bytes'])}[name]
    expected = sums / lengths
    if name != 'sum':
      expected = expected - np.logaddexp.reduce(expected)
    np.testing.assert_allclose(row['choice_logprobs'], expected, atol=1e-9)


def test_orders_are_averaged_in_the_items_own_order(model, lettered):
  rows = _rows(model, 'letters', _spec(n_orders=3))
  row = rows['q0']
  each = np.array(row['order_choice_logprobs'])
  assert each.shape == (3, 3)
  np.testing.assert_allclose(
      each[0], lettered['q0']['choice_logprobs'], atol=1e-4)
  np.testing.assert_allclose(
      np.exp(row['choice_logprobs']), np.exp(each).mean(0), atol=1e-6)
  agreement = (each.argmax(1) == np.exp(each).mean(0).argmax()).mean()
  assert row['order_agreement'] == pytest.approx(agreement)
  assert len(rows['q1']['order_choice_logprobs']) == 2  # it has no more
  for row in rows.values():
    assert 0 <= row['order_divergence'] <= 1
    assert 0 <= row['order_entropy_sd'] <= 0.5


def test_permuted_choices_are_scored_under_their_own_letters(model):
  """An item whose choices are given in another order, asked in that order."""
  spec = _spec(n_orders=3)
  row = _rows(model, 'letters', spec, ITEMS[:1])['q0']
  order = prompts.orders(ITEMS[0], 3, seed=0)[1]
  shown = prompts.permute(ITEMS[0], order)
  alone = _rows(model, 'letters', _spec(), [shown])['q0']
  for place, choice in enumerate(order):
    assert row['order_choice_logprobs'][1][choice] == pytest.approx(
        alone['choice_logprobs'][place], abs=1e-4)


@pytest.mark.parametrize('task', ['letters', 'text'])
def test_what_is_done_is_left_out_and_the_rest_is_bit_equal(
    model, lettered, worded, task):
  whole = {'letters': lettered, 'text': worded}[task]
  rest = _rows(model, task, _spec(), done=frozenset({'q0', 'q2'}))
  assert sorted(rest) == ['q1', 'q3']
  for item_id, row in rest.items():
    for name, value in row.items():
      np.testing.assert_array_equal(value, whole[item_id][name])
  every = frozenset(item.item_id for item in ITEMS)
  assert not _rows(model, task, _spec(), done=every)


@pytest.mark.parametrize('task, positions', [
    ('letters', 'last_prompt'), ('text', 'answer')])
def test_activations_and_their_tokens(model, task, positions):
  spec = dataclasses.replace(_spec(), probe=ProbeSpec(
      sites='residual', positions=positions))
  rows = _rows(model, task, spec)
  for item in ITEMS:
    row = rows[item.item_id]
    assert row['@residual'].shape == (2, 16)
    last = (row['prompt'] if positions == 'last_prompt'
            else item.choices[row['prediction']])[-1]
    assert row['captured_tokens'] == last


def test_activations_of_all_tokens(model):
  spec = dataclasses.replace(_spec(), probe=ProbeSpec(
      sites='residual', positions='all'))
  rows = _rows(model, 'letters', spec)
  for row in rows.values():
    assert row['@residual'].shape == (row['n_tokens'], 2, 16)
    assert ''.join(row['captured_tokens']) == row['prompt']


def test_a_boundary_that_a_token_straddles():
  """'ab' + 'c' where 'bc' is one token: the parts are tokenized apart."""
  class Merging:
    def __call__(self, texts, **_):
      tokens = {'ab': [1, 2], 'c': [3], 'abc': [1, 9], 'd': [4],
                'abd': [1, 2, 4]}
      return {'input_ids': [tokens[t] for t in texts]}

  prompt = Prompt('x', 'ab', ('c', 'd'))
  stems, words = text.continuations(
      types.SimpleNamespace(tokenizer=Merging()),
      [letters.Asked(0, (0, 1), ITEMS[1], prompt)])
  assert stems == [(1, 2)]
  assert words == [((3,), (4,))]


def test_bad_input_is_named(model):
  with pytest.raises(UserError, match='item lonely has 1 choices'):
    _rows(model, 'letters', _spec(), [Item('lonely', 'Q?', ('a',))])
  with pytest.raises(UserError, match='text_score=best'):
    _rows(model, 'text', _spec(text_score='best'))
  spec = dataclasses.replace(_spec(), probe=ProbeSpec(
      sites='residual', positions='bracket_mean'))
  with pytest.raises(UserError, match='bracket_mean'):
    _rows(model, 'letters', spec)
