"""The task `free`: columns, odd answers, activations."""

import dataclasses
import math

import jax.numpy as jnp
import numpy as np
import pytest

from uncertainty import inference
from uncertainty.inference import answer_places, generate
from uncertainty.inference.tasks import free
from uncertainty.measures import recurrent_attention, registry, sequence
from uncertainty.specs import ProbeSpec


def test_free_columns(answering, asked):
  rows = asked.rows(inference.TASKS['free'](
      answering, asked.ITEMS, asked.SPEC, seed=0))
  measures = {c for c in rows['a'] if registry.is_measure(c)}
  for prefix in ('fr_', 'bracket_', 'fr_first_', 'bracket_first_'):
    for name in ('total_entropy', 'nucleus_entropy_0.5', 'perplexity'):
      assert prefix + name in measures
  for row in rows.values():
    n = row['fr_n_tokens']
    assert len(row['fr_tokens']) == len(row['fr_token_ids']) == n
    k = len(row['fr_step_top_logprobs']) // n
    top = np.asarray(row['fr_step_top_logprobs']).reshape(n, k)
    # What is stored suffices to recompute: all mass is accounted for, and
    # the greedy token leads.
    total = np.exp(top).sum(-1) + np.exp(row['fr_step_rest_logprob'])
    np.testing.assert_allclose(total, 1, rtol=1e-5)
    first = np.asarray(row['fr_step_top_tokens']).reshape(n, k)[:, 0]
    np.testing.assert_array_equal(first, row['fr_token_ids'])
    np.testing.assert_allclose(
        row['fr_perplexity'], np.exp(-top[:, 0].mean()), rtol=1e-5)
  assert math.isnan(rows['d']['fr_correct'])
  assert rows['d']['fr_correct_reason'] == 'no right answer'
  assert not math.isnan(rows['b']['fr_correct'])


def test_rauq_is_asked_for_and_changes_nothing_else(answering, asked):
  spec = dataclasses.replace(asked.SPEC, free=dataclasses.replace(
      asked.SPEC.free, attention=True))
  rows, plain = (
      asked.rows(inference.TASKS['free'](answering, asked.ITEMS, s, seed=0))
      for s in (spec, asked.SPEC))
  for generation in generate.generate(
      answering, free.bracket_requests(answering, asked.ITEMS, spec),
      free.greedy_spec(spec), seed=0):
    row = rows[generation.item_id]
    assert row.pop('fr_rauq') == recurrent_attention.rauq(
        generation.steps['token_logprob'],
        generation.kept['attention_to_itself'])
    del row['bracket_rauq']
    # Missing is equal to missing; and every number to the last bit.
    assert repr(row) == repr(plain[generation.item_id])


def test_rauq_of_the_braces_starts_and_ends_with_them(tiny, answering, asked):
  weight_TLN = np.random.default_rng(0).uniform(size=(5, 2, 4))
  for text, inside in (('Adam}', slice(0, 4)), ('}', None), ('Ada', slice(3))):
    n = len(text)
    row = free.columns(answering, asked.ITEMS[0], dataclasses.replace(
        asked.generation(tiny, text),
        kept={'attention_to_itself': weight_TLN[:n]}))
    assert row['fr_rauq'] == recurrent_attention.rauq(-np.ones(n), weight_TLN)
    if inside is None:
      assert math.isnan(row['bracket_rauq'])
    else:
      assert row['bracket_rauq'] == recurrent_attention.rauq(
          -np.ones(n)[inside], weight_TLN[inside])


@pytest.mark.parametrize('text, hit_cap, answer, reason', [
    ('Adam}', False, 'Adam', ''),
    ('}', False, '', 'empty answer'),
    ('Adam', True, 'Adam', 'no closing brace within the cap'),
    ('{Adam}', False, 'Adam', ''),
])
def test_odd_answers_have_a_value_or_a_reason(
    tiny, answering, text, hit_cap, answer, reason, asked):
  row = free.columns(
      answering, asked.ITEMS[0], asked.generation(tiny, text, hit_cap))
  assert (row['fr_answer'], row['fr_reason']) == (answer, reason)
  assert row['fr_correct'] == float(answer == 'Adam')
  assert row['fr_total_entropy'] == .5
  assert math.isnan(row['bracket_total_entropy']) == (not answer)


def test_several_positions_stand_side_by_side(tiny, answering, asked):
  positions = ('second_last', 'before_generating', 'bracket_mean',
               'answer_end', 'exact_answer')
  spec = dataclasses.replace(asked.SPEC, probe=ProbeSpec(
      sites='residual', positions=','.join(positions)))
  layers_of = tiny.layers_of(answering)
  prompt_of = {r.item_id: list(r.tokens) for r in
               free.bracket_requests(answering, asked.ITEMS, spec)}
  question_of = {item.item_id: item.question for item in asked.ITEMS}
  seen = 0
  for chunk in inference.TASKS['free'](answering, asked.ITEMS, spec, seed=0):
    for j, item_id in enumerate(chunk.item_ids):
      strings = chunk.columns['fr_tokens'][j]
      written = answer_places.Written(
          question_of[item_id], strings, sequence.find_bracket(strings))
      n = len(prompt_of[item_id])
      layers_LTD = layers_of(jnp.asarray(
          [prompt_of[item_id] + chunk.columns['fr_token_ids'][j]]))
      for p, position in enumerate(positions):
        places = [n + k for k in answer_places.PLACES[position](written)]
        np.testing.assert_allclose(
            chunk.activations['residual'][j][p],
            layers_LTD[:, places].mean(1), atol=1e-4, err_msg=position)
      assert chunk.columns['captured_tokens'][j][1] == '{'
      seen += 1
  assert seen == len(asked.ITEMS)


def test_bracket_mean_is_the_mean_over_the_answers_tokens(
    tiny, answering, asked):
  spec = dataclasses.replace(asked.SPEC, probe=ProbeSpec(
      sites='residual', positions='bracket_mean'))
  layers_of = tiny.layers_of(answering)
  prompt_of = {r.item_id: list(r.tokens) for r in
               free.bracket_requests(answering, asked.ITEMS, spec)}
  seen = 0
  for chunk in inference.TASKS['free'](answering, asked.ITEMS, spec, seed=0):
    for j, item_id in enumerate(chunk.item_ids):
      row = {k: v[j] for k, v in chunk.columns.items()}
      n = len(prompt_of[item_id])
      answer = row['fr_token_ids']
      layers_LTD = layers_of(jnp.asarray([prompt_of[item_id] + answer]))
      # The tiny tokenizer's pieces are characters: the bracket is the text
      # before the first brace, or all of it.
      texts = row['fr_tokens']
      last = next((i for i, t in enumerate(texts) if '}' in t), len(answer))
      kept = slice(n, n + max(last, 1))
      np.testing.assert_allclose(
          chunk.activations['residual'][j], layers_LTD[:, kept].mean(1),
          atol=1e-4, err_msg=str(texts))
      assert row['captured_tokens'] == ''.join(texts[:max(last, 1)])
      seen += 1
  assert seen == len(asked.ITEMS)
