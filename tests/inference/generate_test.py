
import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from uncertainty.inference import answer_rows, generate, token_sampling
from uncertainty.measures import activation_spread, next_token
from uncertainty.models import capture, steering
from uncertainty.types import Batch, UserError

QUESTIONS = ('abc', 'what is up', 'x', 'where is the long thing', 'qq?',
             'zebra', 'why not')
SPEC = generate.GenerateSpec(max_tokens=12, batch_size=4)


@pytest.fixture(scope='module')
def model(tiny):
  return tiny.make()


@pytest.fixture(scope='module')
def requests(model):
  return [
      generate.Request(f'item{i}', tuple(model.tokenizer.encode(
          f'Question: {text} Answer: {{')))
      for i, text in enumerate(QUESTIONS)]


def _table(generations):
  return {(g.item_id, g.sample): g for g in generations}


@pytest.fixture(scope='module')
def greedy(model, requests):
  return _table(generate.generate(model, requests, SPEC, seed=0))


def _assert_same(a, b):
  assert a.keys() == b.keys()
  for key in a:
    np.testing.assert_array_equal(a[key].tokens_T, b[key].tokens_T)
    assert a[key].hit_cap == b[key].hit_cap
    for name in a[key].steps:
      np.testing.assert_array_equal(a[key].steps[name], b[key].steps[name])


@pytest.mark.parametrize('steered', [False, True])
def test_greedy_is_the_plain_loop_over_whole_prompts(
    model, requests, greedy, steered):
  """Neither prefix, cache, padding nor refill show in the answers."""
  if steered:
    v_LD = np.random.default_rng(0).normal(
        size=(model.config.n_layers, model.config.width))
    model = model.steered(steering.addition(v_LD))
    plain, greedy = greedy, _table(
        generate.generate(model, requests, SPEC, seed=0))
    assert any(list(plain[key].tokens_T) != list(greedy[key].tokens_T)
               for key in plain)

  @jax.jit
  def logits_of(tokens_T, last):
    return model.module.apply(
        {'params': model.run_params}, tokens_T[None])[0, last]

  stops = generate.stop_ids(model)
  for request in requests:
    got = greedy[request.item_id, 0]
    tokens = list(request.tokens)
    logits = []
    while True:
      padded = jnp.asarray(tokens + [0] * (64 - len(tokens)), jnp.int32)
      logits.append(logits_of(padded, jnp.int32(len(tokens) - 1)))
      tokens.append(int(jnp.argmax(logits[-1])))
      new = len(tokens) - len(request.tokens)
      if tokens[-1] in stops or new == SPEC.max_tokens:
        break
    np.testing.assert_array_equal(got.tokens_T, tokens[-new:])
    assert got.hit_cap == (tokens[-1] not in stops)
    want = next_token.next_token_measures(jnp.stack(logits))
    for name in ('total_entropy', 'top1_logprob', 'nucleus_size_0.9',
                 'nucleus_entropy_0.9', 'top_k_entropy_10'):
      np.testing.assert_allclose(
          got.steps[name], want[name], atol=1e-4, err_msg=name)
    np.testing.assert_allclose(
        got.steps['token_logprob'], want['top1_logprob'], atol=1e-4)
    np.testing.assert_allclose(
        got.top_logprobs_TK, want['top_logprobs'], atol=1e-3)


def test_what_is_kept_is_what_the_whole_text_holds(model, requests, greedy):
  spec = dataclasses.replace(SPEC, keep=tuple(answer_rows.KEPT))
  found = _table(generate.generate(model, requests, spec, seed=0))
  _assert_same(greedy, found)  # and what is computed without, to the last bit
  assert not any(g.kept for g in greedy.values())

  @jax.jit
  def read(tokens_1T):
    batch = Batch(tokens_1T, jnp.arange(64, dtype=jnp.int32)[None],
                  jnp.zeros((1, 64), jnp.int32))
    _, trace = model.module.apply(
        {'params': model.params}, batch, method='hidden',
        sites=('residual', capture.TO_ITSELF))
    return trace.activations

  middle = activation_spread.middle_layer(model.config.n_layers)
  for request in requests:
    got = found[request.item_id, 0]
    tokens = [*request.tokens, *got.tokens_T.tolist()]
    whole = read(jnp.asarray([tokens + [0] * (64 - len(tokens))], jnp.int32))
    answer = slice(len(request.tokens), len(tokens))
    np.testing.assert_allclose(
        got.kept['middle_layer'], whole['residual'][middle, 0, answer],
        atol=1e-4)
    np.testing.assert_allclose(
        got.kept['attention_to_itself'],
        whole[capture.TO_ITSELF][:, 0, answer].swapaxes(0, 1), atol=1e-5)
    assert np.ptp(got.kept['attention_to_itself']) > .1


def test_order_neighbours_and_refill_leave_every_bit(model, requests, greedy):
  _assert_same(greedy, _table(
      generate.generate(model, requests[::-1], SPEC, seed=5)))


def test_resuming_leaves_every_bit(model, requests, greedy):
  done = {'item0', 'item3', 'item4'}
  rest = _table(generate.generate(model, requests, SPEC, seed=0, done=done))
  _assert_same(
      {k: g for k, g in greedy.items() if k[0] not in done}, rest)


def test_a_killed_run_had_finished_whole_answers(model, requests, greedy):
  run = generate.generate(model, requests, SPEC, seed=0)
  first = _table([next(run), next(run)])
  run.close()
  rest = _table(generate.generate(
      model, requests, SPEC, seed=0, done={k[0] for k in first}))
  _assert_same(greedy, first | rest)


def test_batch_size_leaves_the_tokens(model, requests, greedy):
  other = _table(generate.generate(
      model, requests, generate.GenerateSpec(12, 7), seed=0))
  for key, generation in greedy.items():
    np.testing.assert_array_equal(
        generation.tokens_T, other[key].tokens_T)
    np.testing.assert_allclose(
        generation.steps['total_entropy'], other[key].steps['total_entropy'],
        atol=1e-5)


def test_samples_depend_on_item_number_and_seed_alone(model, requests):
  spec = generate.GenerateSpec(
      12, 4, token_sampling.Sampling(1.0, .9, 30), top_k=0)
  many = [generate.Request(r.item_id, r.tokens, 3) for r in requests]
  got = _table(generate.generate(model, many, spec, seed=0))
  assert len(got) == 3 * len(requests)
  fewer = [generate.Request(r.item_id, r.tokens, 2) for r in reversed(requests)]
  other = _table(generate.generate(model, fewer, spec, seed=0))
  _assert_same({k: g for k, g in got.items() if k[1] < 2}, other)
  answers = {tuple(g.tokens_T.tolist()) for g in got.values()}
  assert len(answers) > len(requests)
  reseeded = _table(generate.generate(model, fewer, spec, seed=1))
  assert any(reseeded[k].tokens_T.tolist() != other[k].tokens_T.tolist()
             for k in other)
  assert set(next(iter(got.values())).steps) == {'token_logprob'}


@pytest.mark.usefixtures('float64_arrays')
def test_float64_generates_the_same(model, requests, greedy):
  exact = dataclasses.replace(
      model, module=type(model.module)(model.config, jnp.dtype('float64')),
      params=jax.tree.map(lambda x: x.astype(jnp.float64), model.params))
  got = _table(generate.generate(exact, requests, SPEC, seed=0))
  for key, generation in greedy.items():
    np.testing.assert_array_equal(generation.tokens_T, got[key].tokens_T)
    np.testing.assert_allclose(
        generation.steps['total_entropy'], got[key].steps['total_entropy'],
        atol=1e-5)


def test_stops(tiny, model):
  ids = generate.stop_ids(model)
  assert [tiny.PIECES[i] for i in ids] == ['', '}', ' }']
  assert generate.stop_ids(model, 'none') == (tiny.EOS,)
  never = dataclasses.replace(
      model, config=dataclasses.replace(model.config, eos_token_ids=()))
  with pytest.raises(UserError, match='end-of-sequence'):
    generate.stop_ids(never, 'none')


def test_a_generation_that_never_ends_is_cut_off(tiny, model, requests):
  bias = np.zeros(len(tiny.PIECES), np.float32)
  bias[:3] = -1e9
  endless = tiny.with_logit_bias(model, bias)
  spec = generate.GenerateSpec(12, 4, top_k=0)
  got = _table(generate.generate(endless, requests[:2], spec, seed=0))
  assert all(g.hit_cap and len(g.tokens_T) == 12 for g in got.values())


def test_bad_input_says_what_and_where(tiny, model, requests):
  def run(these, spec=SPEC, model=model):
    return list(generate.generate(model, these, spec, seed=0))

  with pytest.raises(UserError, match='item e has an empty prompt'):
    run([generate.Request('e', ())])
  long = generate.Request('long', (5,) * 2040)
  with pytest.raises(UserError, match='item long: 2040 prompt tokens'):
    run([long])
  with pytest.raises(UserError, match='item odd: its prompt has token 10000'):
    run([generate.Request('odd', (5, 10**4))])
  with pytest.raises(UserError, match='at least 1'):
    generate.GenerateSpec(max_tokens=0)
  with pytest.raises(ValueError, match='distinct'):
    run([requests[0], requests[0]])
  bias = np.full(len(tiny.PIECES), np.nan, np.float32)
  with pytest.raises(UserError, match='not finite on item item0'):
    run(requests[:1], model=tiny.with_logit_bias(model, bias))


def test_nothing_to_do(model, requests):
  assert not list(generate.generate(
      model, requests, SPEC, seed=0, done={r.item_id for r in requests}))


@pytest.mark.parametrize('error', [
    jax.errors.JaxRuntimeError('RESOURCE_EXHAUSTED: out of memory'),
    MemoryError()], ids=['device', 'host'])
def test_out_of_memory_halves_the_batch(
    model, requests, greedy, monkeypatch, error):
  calls = []
  real = generate.answer_rows.run

  def run(module, params, rows, *args):
    calls.append(rows.steps_B.shape[0])
    if calls[-1] > 1:
      raise error
    return real(module, params, rows, *args)

  monkeypatch.setattr(generate.answer_rows, 'run', run)
  got = _table(generate.generate(model, requests, SPEC, seed=0))
  assert calls[:3] == [4, 2, 1]
  for key, generation in greedy.items():
    np.testing.assert_array_equal(generation.tokens_T, got[key].tokens_T)


def test_an_answer_that_does_not_fit_alone_is_the_users_to_solve(
    model, requests, monkeypatch):
  def run(*_):
    raise jax.errors.JaxRuntimeError('RESOURCE_EXHAUSTED: out of memory')

  monkeypatch.setattr(generate.answer_rows, 'run', run)
  with pytest.raises(UserError, match='one answer does not fit .*max_tokens'):
    list(generate.generate(model, requests, SPEC, seed=0))
