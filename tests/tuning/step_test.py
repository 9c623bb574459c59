"""A step against a loss written out densely, and against itself in parts."""

import dataclasses
import functools

import jax
import jax.export
import jax.numpy as jnp
import numpy as np
import pytest

from launch import tiny_checkpoint
from uncertainty import models, specs
from uncertainty.models import families
from uncertainty.tuning import adapters, lessons, packing, step
from uncertainty.types import Item

ITEMS = [
    Item('sky', 'Sky?', ('red', 'blue'), answer=1, human_shares=(0.2, 0.8)),
    Item('fox', 'A fox?', ('big', 'sly', 'ill'), answer=0,
         human_shares=(0.1, 0.6, 0.3)),
    Item('sea', 'Sea?', ('wet', 'dry'), answer=0, human_shares=(1.0, 0.0))]
PLAIN = packing.Packing(row_tokens=0)


@pytest.fixture(scope='module')
def model(tmp_path_factory):
  return models.load(str(tiny_checkpoint.write(
      tmp_path_factory.mktemp('step') / 'tiny')), dtype='float32')


@pytest.fixture(scope='module')
def logs_of(model):
  """Tokens → ln p of every next token, [T, V], from unpacked rows."""
  run = jax.jit(lambda params, tokens: jax.nn.log_softmax(
      model.module.apply({'params': params}, tokens)[0]))

  def logs(tokens, params):
    padded = np.zeros((1, 320), np.int32)
    padded[0, :len(tokens)] = tokens
    return np.asarray(run(params, padded), np.float64)[:len(tokens)]
  return logs


def _spec(objective, answer='letters', **tune):
  return specs.parse({
      'data': {'name': 'table'},
      'prompt': {'few_shot': False, 'answer': answer,
                 'text_score': 'per_token'},
      'tune': {'objective': objective, 'rank': 2, 'warm_up': 0, **tune}})


def _setting(model, spec, dtype='float32'):
  return step.Setting(
      models.Decoder(model.config, jnp.dtype(dtype), remat=True),
      families.FAMILIES[model.config.family].mapping(model.config),
      spec.tune, dtype)


def _moved(model, setting, seed=3):
  """Adapters that do something, and the params that do the same."""
  state, _ = step.start(setting, model.params, jax.random.key(0))
  random = np.random.default_rng(seed)
  weights = jax.tree.map(
      lambda x: jnp.asarray(0.1 * random.normal(size=x.shape), x.dtype),
      state.weights)
  return weights, step.tuned(setting, model.params, weights)


def _dense(found, spec, logs, base):
  """(1 − β) divergence + β smoothing, and the tie, path by path."""
  tune, losses, ties, weights = spec.tune, [], [], []
  vocabulary = tune.over == 'vocabulary' or tune.objective == 'answers'
  for lesson in found:
    scores, spread, kl = np.zeros(len(lesson.shares)), 0.0, []
    for path in lesson.paths:
      rows, old = logs(path.tokens), base(path.tokens)
      for place in path.places:
        row = rows[place.index]
        for targets, cell in zip(place.targets, place.cells):
          scores[cell] += place.coefficient * np.logaddexp.reduce(
              row[list(targets)])
        spread -= place.coefficient * row.mean()
        if place.tied:
          kl.append((np.exp(old[place.index])
                     * (old[place.index] - row)).sum())
    if not vocabulary:
      scores = scores - np.logaddexp.reduce(scores)
    loss = -(np.array(lesson.shares) * scores).sum()
    if vocabulary and tune.smoothing:
      loss = (1 - tune.smoothing) * loss + tune.smoothing * spread
    losses.append(loss)
    ties.append(np.mean(kl))
    weights.append(lesson.weight)
  return np.average(losses, weights=weights), np.mean(ties)


@pytest.mark.parametrize(('answer', 'tune'), [
    ('letters', {'objective': 'human'}),
    ('text', {'objective': 'hard', 'kl': 0.5}),
    ('letters', {'objective': 'smoothed', 'over': 'vocabulary',
                 'smoothing': 0.2}),
    ('letters', {'objective': 'answers', 'smoothing': 0.1, 'kl': 0.3}),
])
def test_the_loss_is_the_dense_formula(model, logs_of, answer, tune):
  spec = _spec(answer=answer, **tune)
  found = lessons.build(model, ITEMS, spec)
  setting = _setting(model, spec)
  weights, merged = _moved(model, setting)
  got = step.make_loss(setting)(
      weights, model.params, packing.pack(found, packing.Packing()))
  objective, tie = _dense(
      found, spec, functools.partial(logs_of, params=merged),
      functools.partial(logs_of, params=model.params))
  np.testing.assert_allclose(got.objective, objective, rtol=2e-5)
  if spec.tune.kl:
    assert tie > 1e-3
    np.testing.assert_allclose(got.tie, tie, rtol=1e-4)
  np.testing.assert_allclose(
      got.loss, got.objective + spec.tune.kl * got.tie, rtol=1e-6)


def test_packing_parts_and_rematerialising_change_no_gradient(model):
  spec = _spec('human')
  found = lessons.build(model, ITEMS, spec)
  gradients = []
  for rows, n_parts, remat in ((packing.Packing(), 1, True), (PLAIN, 2, False)):
    setting = _setting(model, spec)
    setting = dataclasses.replace(setting, module=dataclasses.replace(
        setting.module, remat=remat))
    weights, _ = _moved(model, setting)
    packed = packing.pack(found, rows, n_parts=n_parts)

    def total(weights, setting=setting, packed=packed):
      return sum(step.loss(setting, weights, model.params, jax.tree.map(
          lambda x, k=k: jnp.asarray(x[k]), packed))[0]
          for k in range(packed.weights_N.shape[0]))

    gradients.append(jax.jit(jax.grad(total))(weights))
  for first, second in zip(*map(jax.tree.leaves, gradients)):
    np.testing.assert_allclose(first, second, rtol=1e-3, atol=1e-6)
    assert np.abs(first).max() > 0


def test_steps_in_parts_are_the_whole_step_and_lower_the_loss(model):
  spec = _spec('human', learning_rate=0.01, steps=4)
  found = lessons.build(model, ITEMS, spec)
  losses = []
  for n_parts in (1, 3):
    setting = _setting(model, spec)
    state, frozen = step.start(setting, model.params, jax.random.key(0))
    take, packed = step.make(setting), packing.pack(
        found, packing.Packing(), n_parts=n_parts)
    told = []
    for _ in range(4):
      state, log = take(state, frozen, packed)
      told.append(float(log.losses.loss))
    assert int(state.step) == 4
    losses.append(told)
  np.testing.assert_allclose(losses[0], losses[1], rtol=1e-4)
  assert losses[0][3] < losses[0][0]
  before = step.start(setting, model.params, jax.random.key(0))[0].weights
  for name, pair in state.weights.items():
    assert (pair['b'] != 0).any(), name
    assert (pair['a'] != before[name]['a']).any(), name


def test_all_weights_move_as_float32_and_products_take_bfloat16(model):
  spec = _spec('hard', method='full', learning_rate=1e-3, steps=2)
  setting = _setting(model, spec, 'bfloat16')
  half = jax.tree_util.tree_map_with_path(
      lambda path, x: x if path[-1].key == 'scale'
      else x.astype(jnp.bfloat16), dict(model.params))
  state, frozen = step.start(setting, half, jax.random.key(0))
  assert frozen == {}
  packed = packing.pack(lessons.build(model, ITEMS, spec), packing.Packing())
  before = jax.tree.map(np.asarray, state.weights)
  state, _ = step.make(setting)(state, frozen, packed)
  for old, new in zip(jax.tree.leaves(before), jax.tree.leaves(state.weights)):
    assert new.dtype == jnp.float32 and (old != new).any()
  # Adam's first step is the learning rate, finer than bfloat16 can say.
  embedding = state.weights['token_embedding']
  moved = np.abs(np.asarray(embedding) - before['token_embedding'])
  assert moved.max() == pytest.approx(1e-3, rel=0.01)
  kept = step.tuned(setting, half, state.weights)
  assert kept['token_embedding'].dtype == jnp.bfloat16
  assert kept['final_norm']['scale'].dtype == jnp.float32


def test_the_rate_rises_in_a_line_and_falls_in_a_cosine():
  tune = _spec('human', steps=12, learning_rate=1.0).tune
  tune = dataclasses.replace(tune, warm_up=4)
  rates = [float(step.learning_rate(tune, jnp.asarray(k))) for k in range(13)]
  np.testing.assert_allclose(rates[:5], [0.25, 0.5, 0.75, 1, 1])
  np.testing.assert_allclose(rates[8], 0.5, atol=1e-6)
  np.testing.assert_allclose(rates[12], 0, atol=1e-6)
  assert step.scale(tune) == 8


def test_only_named_sites_are_adapted(model):
  spec = _spec('human', sites='v_proj, down_proj')
  setting = _setting(model, spec)
  state, _ = step.start(setting, model.params, jax.random.key(0))
  assert {adapters.Linear(n, 0, 0, False).site for n in state.weights} == {
      'v_proj', 'down_proj'}


class _Watch:
  """Jitted functions, with the shapes that they were called with."""

  def __init__(self, monkeypatch):
    self.called, jit = [], jax.jit

    def watched(function, **options):
      jitted = jit(function, **options)

      @functools.wraps(function)
      def call(*arguments):
        self.called.append((jitted, jax.tree.map(
            lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype), arguments)))
        return jitted(*arguments)
      return call

    monkeypatch.setattr(jax, 'jit', watched)


@pytest.mark.parametrize('tune', [
    {'kl': 0.1}, {'method': 'full'}, {'objective': 'answers'}])
def test_every_program_lowers_for_gpus_and_tpus(model, monkeypatch, tune):
  spec = _spec(**{'objective': 'human', **tune})
  found = lessons.build(model, ITEMS, spec)
  setting = _setting(model, spec, 'bfloat16')
  params = jax.tree.map(lambda x: x.astype(jnp.bfloat16), dict(model.params))
  watch = _Watch(monkeypatch)
  monkeypatch.setattr(jax, 'default_backend', lambda: 'gpu')
  state, frozen = step.start(setting, params, jax.random.key(0))
  packed = packing.pack(found, packing.Packing(), n_parts=2)
  step.make_loss(setting)(state.weights, frozen, packed)
  state, _ = step.make(setting)(state, frozen, packed)
  step.tuned(setting, params, state.weights)
  full = tune.get('method') == 'full'
  assert len(watch.called) == (2 if full else 3)
  with jax.numpy_dtype_promotion('standard'):
    exported = [jax.export.export(function, platforms=('cuda', 'tpu'))(*shapes)
                for function, shapes in watch.called]
    if not full:
      exported.append(jax.export.export(
          adapters.init, platforms=('cuda', 'tpu'))(
              jax.random.key(0), adapters.linears(setting.table), rank=2,
              n_layers=model.config.n_layers))
  assert all(e.platforms == ('cuda', 'tpu') for e in exported)
