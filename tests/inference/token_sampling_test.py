import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special
import scipy.stats

from uncertainty.inference import token_sampling
from uncertainty.types import UserError


def _keys(n, seed=0):
  return jnp.stack([token_sampling.row_key(seed, 'item', i) for i in range(n)])


def test_greedy_takes_the_lower_of_equals():
  logits = jnp.asarray([[0., 2., 2.], [3., 1., 2.]])
  got = token_sampling.draw(
      logits, _keys(2), jnp.zeros(2, jnp.int32), token_sampling.GREEDY)
  np.testing.assert_array_equal(got, [1, 0])


def test_draws_follow_the_tempered_distribution():
  n, logits = 2000, jnp.log(jnp.asarray([.5, .3, .15, .05]))
  got = token_sampling.draw(
      jnp.tile(logits, (n, 1)), _keys(n), jnp.zeros(n, jnp.int32),
      token_sampling.Sampling(2.0))
  p = scipy.special.softmax(np.log([.5, .3, .15, .05]) / 2)
  counts = np.bincount(got, minlength=4)
  assert scipy.stats.chisquare(counts, n * p).pvalue > 1e-3


def test_filters_by_hand():
  logits = jnp.log(jnp.asarray([[.1, .4, .2, .3]]))

  def kept(**kwargs):
    out = token_sampling.filter_logits(
        logits, token_sampling.Sampling(1.0, **kwargs))
    return np.flatnonzero(np.isfinite(out[0])).tolist()

  assert kept() == [0, 1, 2, 3]
  assert kept(top_k=2) == [1, 3]
  assert kept(top_p=.39) == [1]
  assert kept(top_p=.41) == [1, 3]
  assert kept(top_p=.95) == [0, 1, 2, 3]
  # Top k first: among .4 and .3 renormalised, .57 reaches .5.
  assert kept(top_k=2, top_p=.5) == [1]
  assert kept(top_k=9) == [0, 1, 2, 3]


def test_nucleus_is_the_sorted_one():
  rng = np.random.default_rng(0)
  logits = jnp.asarray(rng.normal(0, 3, (20, 500)), jnp.float32)
  out = token_sampling.filter_logits(
      logits, token_sampling.Sampling(1.0, top_p=.9))
  p = -np.sort(-np.asarray(jax.nn.softmax(logits, -1), np.float64), -1)
  want = (np.cumsum(p, -1) < .9).sum(-1) + 1
  np.testing.assert_array_equal(np.isfinite(out).sum(-1), want)


def test_a_row_is_drawn_alike_wherever_it_stands():
  logits = jax.random.normal(jax.random.key(1), (8, 50))
  keys, steps = _keys(8), jnp.arange(8, dtype=jnp.int32)
  spec = token_sampling.Sampling(1.0, top_p=.9)
  whole = token_sampling.draw(logits, keys, steps, spec)
  order = np.asarray([3, 1, 7, 0, 2, 6, 5, 4])
  np.testing.assert_array_equal(
      token_sampling.draw(logits[order], keys[order], steps[order], spec),
      whole[order])
  jitted = jax.jit(token_sampling.draw, static_argnames='sampling')
  np.testing.assert_array_equal(jitted(logits, keys, steps, spec), whole)


def test_keys_tell_items_samples_and_seeds_apart():
  keys = [token_sampling.row_key(*k) for k in
          [(0, 'a', 0), (0, 'a', 1), (0, 'b', 0), (1, 'a', 0)]]
  assert len({tuple(np.asarray(k).tolist()) for k in keys}) == 4
  np.testing.assert_array_equal(keys[0], token_sampling.row_key(0, 'a', 0))


@pytest.mark.parametrize(
    'kwargs', [{'temperature': -1}, {'top_p': 0}, {'top_p': 2}, {'top_k': -1}])
def test_bad_filters_are_refused(kwargs):
  with pytest.raises(UserError, match='config.free'):
    token_sampling.Sampling(**kwargs)
