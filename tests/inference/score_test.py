"""Scoring against the plain forward pass, whatever the batches."""

import dataclasses
import types

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from uncertainty.inference import pipeline
from uncertainty.inference import score as score_lib
from uncertainty.inference.score import Ask
from uncertainty.measures.next_token import next_token_measures
from uncertainty.models import steering
from uncertainty.specs import ScoreSpec
from uncertainty.types import CaptureSpec, UserError

SPEC = ScoreSpec(batch_tokens=128, row_tokens=64, top_k=20)


@pytest.fixture(scope='module')
def model(tiny):
  return tiny.make(scale=8.0)


@pytest.fixture(scope='module')
def logits_of(model):
  """Plain logits of one unbatched row, [T, V]."""
  @jax.jit
  def apply(tokens_T):
    return model.module.apply({'params': model.params}, tokens_T[None])[0]

  def logits(tokens):
    padded = np.zeros(64, np.int32)
    padded[:len(tokens)] = tokens
    return np.asarray(apply(jnp.asarray(padded)))[:len(tokens)]

  return logits


@pytest.fixture(scope='module')
def asks():
  rng = np.random.default_rng(0)
  start = tuple(range(5, 25))
  out = []
  for i in range(11):
    stem = start + tuple(rng.integers(5, 60, rng.integers(3, 20)).tolist())
    out.append(Ask(f'item{i}', stem, (30, 31, 32)))
  for i in range(6):
    stem = start + tuple(rng.integers(5, 60, rng.integers(3, 9)).tolist())
    branches = tuple(tuple(rng.integers(5, 60, n).tolist())
                     for n in (1, 3, 2, 5))
    out.append(Ask(f'branching{i}', stem, tuple(b[0] for b in branches),
                   branches))
  return out


def _by_ask(model, asks, spec=SPEC, **kwargs):
  out = {}
  for scores in score_lib.score(model, asks, spec, **kwargs):
    for j, i in enumerate(scores.asks_N.tolist()):
      assert i not in out
      n = len(asks[i].targets)
      out[i] = types.SimpleNamespace(
          measures={k: v[j] for k, v in scores.measures.items()},
          targets=scores.target_logprobs_NA[j, :n],
          branches=[scores.branch_logprobs.get((i, k), 0.0)
                    for k in range(len(asks[i].branches))],
          activations={s: x[j] for s, x in scores.activations.items()})
  return out


@pytest.fixture(scope='module')
def scored(model, asks):
  return _by_ask(model, asks)


def test_every_ask_once(scored, asks):
  assert sorted(scored) == list(range(len(asks)))


def test_next_token_measures_are_those_of_the_plain_pass(
    scored, asks, logits_of):
  plain = next_token_measures(
      jnp.asarray(np.stack([logits_of(a.stem)[-1] for a in asks])), 20)
  for i in scored:
    for name, value in scored[i].measures.items():
      np.testing.assert_allclose(
          value, np.asarray(plain[name])[i], atol=2e-4, err_msg=name)


def test_target_and_branch_logprobs_are_those_of_the_plain_pass(
    scored, asks, logits_of):
  for i, ask in enumerate(asks):
    logprobs = jax.nn.log_softmax(logits_of(ask.stem)[-1])
    np.testing.assert_allclose(
        scored[i].targets, logprobs[np.array(ask.targets)], atol=1e-4)
    for k, branch in enumerate(ask.branches):
      n = len(ask.stem)
      whole = jax.nn.log_softmax(logits_of(ask.stem + branch), axis=-1)
      expected = sum(float(whole[n - 1 + j, t])
                     for j, t in enumerate(branch) if j)
      assert scored[i].branches[k] == pytest.approx(expected, abs=2e-4)


@pytest.mark.parametrize('changes', [
    {'batch_tokens': 40}, {'row_tokens': 0}])
def test_batches_do_not_show(model, asks, scored, changes):
  again = _by_ask(model, asks, dataclasses.replace(SPEC, **changes))
  for i in scored:
    np.testing.assert_allclose(again[i].targets, scored[i].targets, atol=1e-4)
    np.testing.assert_allclose(
        again[i].branches, scored[i].branches, atol=2e-4)


def test_order_and_neighbours_do_not_show(model, asks, scored):
  order = [3, 14, 0, 12]
  again = _by_ask(model, [asks[i] for i in order])
  for j, i in enumerate(order):
    np.testing.assert_allclose(again[j].targets, scored[i].targets, atol=1e-4)


def test_out_of_memory_loses_no_row_and_changes_none(
    model, asks, scored, monkeypatch):
  real, sizes = pipeline.run_ahead, []

  def small(todo, dispatch, collect, **options):
    def limited(rows):
      sizes.append(len(rows.rows))
      if len(rows.rows) > 1:
        raise jax.errors.JaxRuntimeError('RESOURCE_EXHAUSTED: out of memory')
      return dispatch(rows)
    return real(todo, limited, collect, **options)

  monkeypatch.setattr(pipeline, 'run_ahead', small)
  again = _by_ask(model, asks)
  assert max(sizes) > 1 and sizes[-1] == 1
  assert again.keys() == scored.keys()
  for i in scored:
    np.testing.assert_allclose(again[i].targets, scored[i].targets, atol=1e-4)
    np.testing.assert_allclose(
        again[i].branches, scored[i].branches, atol=2e-4)


def test_what_is_left_of_a_run_is_bit_equal(model, asks, scored):
  """A resumed run computes the very batches that the killed one had left."""
  again = _by_ask(model, asks, wanted={2, 13})
  assert {2, 13} <= set(again) and len(again) < len(asks)
  for i in again:
    np.testing.assert_array_equal(again[i].targets, scored[i].targets)
    assert again[i].branches == scored[i].branches


def test_activations_are_those_of_the_places(model, asks):
  capture = CaptureSpec(('residual', 'final_norm'), 'answer')
  some = [dataclasses.replace(a, whole_branches=bool(a.branches))
          for a in asks]
  found = _by_ask(model, some, capture=capture)

  @jax.jit
  def plain(batch):
    return score_lib.models.read_hidden(
        model.module, model.params, batch,
        capture=dataclasses.replace(capture, positions='all')).activations

  for i in (0, 5, 12):
    for place, branch in enumerate(((), *some[i].branches)):
      path = some[i].stem + branch
      tokens = np.zeros((1, 64), np.int32)
      tokens[0, :len(path)] = path
      expected = plain(score_lib.Batch(
          jnp.asarray(tokens), jnp.arange(64, dtype=jnp.int32)[None],
          jnp.zeros((1, 64), jnp.int32)))
      last = len(path) - 1
      residual = found[i].activations['residual'][place]
      assert residual.shape == (2, 16)
      np.testing.assert_allclose(
          residual, expected['residual'][:, 0, last], atol=1e-4)
      np.testing.assert_allclose(
          found[i].activations['final_norm'][place, 0],
          expected['final_norm'][0, last], atol=1e-4)


def test_no_asks_no_scores(model):
  assert not list(score_lib.score(model, [], SPEC))


def test_a_prompt_beyond_the_context_is_named(model):
  limit = model.config.context_length
  asks = [Ask('short', (5, 6)), Ask('endless', (5,) * (limit + 1))]
  with pytest.raises(UserError, match=f'endless.*{limit + 1} .*{limit}'):
    list(score_lib.score(model, asks, SPEC))


@pytest.mark.parametrize('stem, branches', [
    ((5, 10**4), ()), ((5, 6), ((7, 10**4),))])
def test_a_token_without_an_embedding_is_named(model, stem, branches):
  asks = [Ask('plain', (5, 6)), Ask('odd', stem, branches=branches)]
  with pytest.raises(UserError, match='item odd: its prompt has token 10000'):
    list(score_lib.score(model, asks, SPEC))


def test_logits_that_are_not_finite_are_named(model, tiny):
  bias = np.zeros(len(tiny.PIECES), np.float32)
  bias[3] = np.nan
  broken = tiny.with_logit_bias(model, bias)
  with pytest.raises(UserError, match='item odd: .*not finite'):
    list(score_lib.score(broken, [Ask('odd', (5, 6, 7))], SPEC))


def test_a_steered_prefix_and_the_rows_behind_it_are_the_whole_prompts(
    model, asks):
  rng = np.random.default_rng(1)
  shape = model.config.n_layers, model.config.width
  how = steering.Steering(
      rng.normal(size=shape).astype(np.float32),
      steering.ablation(rng.normal(size=shape)).removed_LD)
  steered = model.steered(how)
  plain_ask = [ask for ask in asks if not ask.branches]
  moved = 0.0
  for scores in score_lib.score(steered, plain_ask, SPEC):
    for j, i in enumerate(scores.asks_N.tolist()):
      ask = plain_ask[i]
      logits = [model.module.apply(
          {'params': m.run_params}, jnp.asarray([ask.stem], jnp.int32))[0, -1]
                for m in (steered, model)]
      want, before = (np.asarray(jax.nn.log_softmax(x))[list(ask.targets)]
                      for x in logits)
      np.testing.assert_allclose(
          scores.target_logprobs_NA[j], want, atol=1e-4)
      moved = max(moved, abs(want - before).max())
  assert moved > .1
