"""The tasks that generate: free, verbal, p_true and samples."""

import dataclasses
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from uncertainty import inference
from uncertainty.inference.generate import Generation
from uncertainty.inference.tasks import free as free_response
from uncertainty.inference.tasks import model_grader, p_true, verbal
from uncertainty.inference.tasks import samples as consistency
from uncertainty.measures import registry
from uncertainty.prompts import self_report
from uncertainty.specs import (
  DataSpec,
  FreeSpec,
  ProbeSpec,
  PromptSpec,
  StudySpec,
)
from uncertainty.types import Item, UserError

SPEC = StudySpec(
    data=DataSpec(name='table'), prompt=PromptSpec(answer='free'),
    free=FreeSpec(max_tokens=10, batch_size=4, n_samples=3, judge='words'))
ITEMS = [
    Item('a', 'Who was first?', answer_text='Adam'),
    Item('b', 'What is it?', ('yes', 'no'), 1),
    Item('c', 'Where is the other one?', answer_text='there'),
    Item('d', 'No right answer?'),
    Item('e', 'Which?', answer_text='that'),
]


@pytest.fixture(scope='module')
def model(tiny):
  return tiny.make(seed=1)


def _rows(chunks):
  return {item_id: {k: v[i] for k, v in chunk.columns.items()}
          for chunk in chunks for i, item_id in enumerate(chunk.item_ids)}


def _same(a, b):
  assert a.keys() == b.keys()
  for item_id, row in a.items():
    assert row.keys() == b[item_id].keys()
    for name, value in row.items():
      np.testing.assert_array_equal(value, b[item_id][name], err_msg=name)


@pytest.mark.parametrize('task', ['free', 'verbal', 'p_true', 'samples'])
def test_killed_or_reordered_tasks_end_with_the_same_table(model, task):
  run = inference.TASKS[task]
  whole = _rows(run(model, ITEMS, SPEC, seed=0))
  assert whole.keys() == {i.item_id for i in ITEMS}
  rest = _rows(run(model, ITEMS[::-1], SPEC, seed=0,
                   done=frozenset({'b', 'e'})))
  _same({k: whole[k] for k in 'acd'}, rest)


def test_free_columns(model):
  rows = _rows(inference.TASKS['free'](model, ITEMS, SPEC, seed=0))
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


def _generation(tiny, text, hit_cap=False):
  tokens = [tiny.PIECES.index(c) for c in text]
  n = len(tokens)
  steps = {'total_entropy': np.full(n, .5), 'token_logprob': np.full(n, -1.)}
  return Generation('a', 0, np.asarray(tokens), steps, None, None, None,
                    hit_cap)


@pytest.mark.parametrize('text, hit_cap, answer, reason', [
    ('Adam}', False, 'Adam', ''),
    ('}', False, '', 'empty answer'),
    ('Adam', True, 'Adam', 'no closing brace within the cap'),
    ('{Adam}', False, 'Adam', ''),
])
def test_odd_answers_have_a_value_or_a_reason(
    tiny, model, text, hit_cap, answer, reason):
  row = free_response.columns(
      model, ITEMS[0], _generation(tiny, text, hit_cap))
  assert (row['fr_answer'], row['fr_reason']) == (answer, reason)
  assert row['fr_correct'] == float(answer == 'Adam')
  assert row['fr_total_entropy'] == .5
  assert math.isnan(row['bracket_total_entropy']) == (not answer)


def test_model_grades_are_missing_for_a_reason():
  def grade(right, answer, yes, no):
    row = model_grader._row(right, answer, np.log([yes, no]))
    return row['fr_correct_model'], row['fr_correct_model_reason']

  assert grade('x', 'x', .6, .3) == (1.0, '')
  assert grade('x', 'y', .3, .6) == (0.0, '')
  assert grade('x', '', .6, .3) == (0.0, 'empty answer')
  for given, why in ((('', 'x', .6, .3), 'no right answer'),
                     (('x', 'x', .004, .003), 'answers neither yes nor no')):
    value, reason = grade(*given)
    assert math.isnan(value) and reason == why


def test_the_model_may_grade_its_own_answers(model):
  spec = StudySpec(data=SPEC.data, prompt=SPEC.prompt, free=FreeSpec(
      max_tokens=10, batch_size=4, grader='model'))
  rows = _rows(inference.TASKS['free'](model, ITEMS, spec, seed=0))
  assert rows['d']['fr_correct_model_reason'] == 'no right answer'
  assert rows['a']['fr_correct_model'] in (0.0, 1.0) or (
      rows['a']['fr_correct_model_reason'])
  bad = StudySpec(data=SPEC.data, free=FreeSpec(grader='oracle'))
  with pytest.raises(UserError, match='config.free.grader'):
    next(inference.TASKS['free'](model, ITEMS, bad, seed=0))
  prompts = self_report.judge_prompts()
  assert 'RIGHT' in prompts['grader=model']


def test_verbal_replies():
  item = Item('x', 'q', answer_text='gold')
  row = verbal.read_reply(item, 'Answer: Gold\nConfidence: 90%')
  assert (row['answer'], row['confidence']) == ('Gold', .9)
  assert (row['form'], row['reason'], row['correct']) == ('percent', '', 1.)
  row = verbal.read_reply(item, 'Confidence: high\nAnswer: lead')
  assert math.isnan(row['confidence']) and row['correct'] == 0
  assert row['reason'] == 'no confidence stated'
  # What follows an empty line is no longer the reply.
  row = verbal.read_reply(
      item, 'Answer: gold\n\nQuestion: q\nConfidence: 10%')
  assert math.isnan(row['confidence']) and row['reason'] == 'empty'
  choice = Item('x', 'q', ('good', 'bad'), 1)
  row = verbal.read_reply(choice, 'Answer: bad\nConfidence: 1%')
  assert (row['prediction'], row['correct']) == (1., 1.)
  row = verbal.read_reply(choice, 'Answer: both\nConfidence: 1%')
  assert math.isnan(row['prediction']) and row['correct'] == 0


def test_verbal_wordings_are_asked_together(model):
  spec = StudySpec(
      data=SPEC.data, prompt=SPEC.prompt,
      free=FreeSpec(max_tokens=10, batch_size=4,
                    verbal='percent_after,phrase_before'))
  rows = _rows(inference.TASKS['verbal'](model, ITEMS[:2], spec, seed=0))
  for name in ('verbal_confidence', 'verbal_phrase_before_confidence'):
    assert name in rows['a'] and registry.is_measure(name)
  for bad in ('', 'percent', 'percent_after,percent_after'):
    with pytest.raises(UserError, match='config.free.verbal'):
      verbal.variants(StudySpec(free=FreeSpec(verbal=bad)))


def test_p_true_averages_both_orders_and_keeps_the_mass():
  row = p_true.p_true_columns('x', np.log([.6, .2]), np.log([.3, .3]))
  assert row['p_true'] == pytest.approx((.75 + .5) / 2)
  assert row['p_true_mass'] == pytest.approx(.6)
  assert row['p_true_label_shift'] == pytest.approx(.125)
  assert row['p_true_reason'] == ''


def test_p_true_is_missing_where_the_judge_answers_neither():
  row = p_true.p_true_columns('x', np.log([.6, .2]), np.log([.004, .002]))
  assert math.isnan(row['p_true'])
  assert row['p_true_reason'] == 'answers neither True nor False'
  assert row['p_true_mass'] == pytest.approx(.006)
  row = p_true.p_true_columns('', np.log([.6, .2]), np.log([.6, .2]))
  assert math.isnan(row['p_true']) and row['p_true_reason'] == 'empty answer'


def test_sample_columns_by_hand(tiny):
  samples = [_generation(tiny, t) for t in ('Adam}', 'adam}', 'Eve}', 'E}')]
  entails = np.asarray([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 1]])
  row = consistency.columns(
      ITEMS[0], ['Adam', 'adam', 'Eve', 'E'], samples, entails, 0, 'words',
      FreeSpec(n_samples=4))
  assert row['sample_modal_share'] == .5 and row['sample_n_distinct'] == 3
  assert (row['sample_answer'], row['sample_correct']) == ('Adam', 1.)
  # Each sample's mean ln p is −1: two clusters weigh alike.
  assert row['semantic_entropy'] == pytest.approx(math.log(2), abs=1e-9)
  assert row['semantic_entropy_discrete'] == pytest.approx(math.log(2))
  w = np.exp([-5., -5., -4., -2.])
  p = np.asarray([w[:2].sum(), w[2:].sum()]) / w.sum()
  assert row['semantic_entropy_sequence'] == pytest.approx(
      -np.sum(p * np.log(p)), abs=1e-9)
  assert row['semantic_n_clusters'] == 2 and row['semantic_reason'] == ''
  assert row['semantic_variant'] == (
      'words; bidirectional; n=4, temperature=1.0, top_p=1.0, top_k=0; '
      'correction=none')


def test_samples_need_chance(model):
  for free in (FreeSpec(n_samples=1), FreeSpec(temperature=0.0)):
    with pytest.raises(UserError, match='n_samples >= 2'):
      next(inference.TASKS['samples'](
          model, ITEMS, StudySpec(data=SPEC.data, free=free), seed=0))
  with pytest.raises(UserError, match='semantic_correction'):
    next(inference.TASKS['samples'](
        model, ITEMS, StudySpec(data=SPEC.data, free=FreeSpec(
            semantic_correction='x')), seed=0))


def test_bracket_mean_is_the_mean_over_the_answers_tokens(model):
  spec = dataclasses.replace(SPEC, probe=ProbeSpec(
      sites='residual', positions='bracket_mean'))

  @jax.jit
  def layers_of(tokens_1T):
    _, kept = model.module.apply(
        {'params': model.params}, tokens_1T, capture_intermediates=True,
        mutable=['intermediates'])
    return kept['intermediates']['layers']['__call__'][0][0][:, 0]

  prompt_of = {r.item_id: list(r.tokens) for r in
               free_response.bracket_requests(model, ITEMS, spec)}
  seen = 0
  for chunk in inference.TASKS['free'](model, ITEMS, spec, seed=0):
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
  assert seen == len(ITEMS)


def test_positions_belong_to_one_task_of_a_run(model):
  spec = dataclasses.replace(
      SPEC, prompt=PromptSpec(answer='letters,free'),
      probe=ProbeSpec(sites='residual', positions='last_prompt'))
  for chunk in inference.TASKS['free'](model, ITEMS, spec, seed=0):
    assert not chunk.activations
  spec = dataclasses.replace(
      spec, probe=ProbeSpec(sites='residual', positions='answer'))
  with pytest.raises(UserError, match='positions=answer .* add text to it'):
    list(inference.TASKS['free'](model, ITEMS, spec, seed=0))
