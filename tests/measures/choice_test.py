"""Choice measures by hand and at their limits."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from uncertainty.measures import choice


def _measures(p, mask=None):
  p = jnp.asarray(p, jnp.float32)
  mask = jnp.ones(p.shape, bool) if mask is None else jnp.asarray(mask)
  out = choice.choice_measures(jnp.log(p), mask)
  return {k: np.asarray(v) for k, v in out.items()}


def test_hand_computed_values():
  out = _measures([[0.2, 0.4, 0.1, 0.1]])
  p = np.array([2, 4, 1, 1]) / 8
  np.testing.assert_allclose(
      out['choice_entropy'], -(p * np.log(p)).sum() / np.log(4), atol=1e-6)
  np.testing.assert_allclose(out['choice_logprob'], np.log(0.4), atol=1e-6)
  np.testing.assert_allclose(out['choice_log_mass'], np.log(0.8), atol=1e-6)
  np.testing.assert_allclose(out['choice_log_margin'], np.log(0.2), atol=1e-6)


def test_limits():
  out = _measures([[0.25] * 4, [1.0, 0, 0, 0]])
  np.testing.assert_allclose(out['choice_entropy'], [1, 0], atol=1e-6)
  assert out['choice_log_margin'].tolist() == [-np.inf, 0]


def test_rounding_takes_no_entropy_above_one():
  # Unclipped, equal shares of this log-probability give 1 + 1e-7.
  out = choice.choice_measures(
      jnp.full((1, 2), -14.6, jnp.float32), jnp.ones((1, 2), bool))
  assert out['choice_entropy'].item() == 1


def test_mask_is_the_same_as_fewer_choices():
  p = np.array([[0.3, 0.1, 0.2, 0.4]])
  masked = _measures(p, [[True, True, True, False]])
  fewer = _measures(p[:, :3])
  for name in fewer:
    np.testing.assert_allclose(masked[name], fewer[name], atol=1e-7)


def test_order_of_choices_does_not_matter():
  p = np.array([[0.3, 0.1, 0.2, 0.05]])
  a, b = _measures(p), _measures(p[:, [2, 0, 3, 1]])
  for name in a:
    np.testing.assert_allclose(a[name], b[name], atol=1e-6)


def test_close_choices_keep_their_margin():
  logprobs = jnp.asarray([[-5.0, -5.0001]], jnp.float32)
  out = choice.choice_measures(logprobs, jnp.ones((1, 2), bool))
  a, b = np.float64(logprobs[0])
  expected = a + np.log(-np.expm1(b - a))
  assert out['choice_log_margin'].item() == pytest.approx(expected, abs=1e-4)


def test_no_choice_or_no_probability_is_missing():
  out = _measures([[0.5, 0.5], [0, 0]], [[False, False], [True, True]])
  for value in out.values():
    assert np.isnan(value).all()
  one = _measures([[0.5]])
  assert one['choice_entropy'].item() == 0
  assert one['choice_log_margin'].item() == pytest.approx(np.log(0.5))


def test_eager_is_the_same_as_jit():
  logprobs = jnp.log(jnp.asarray([[0.3, 0.1, 0.2]], jnp.float32))
  mask = jnp.asarray([[True, True, False]])
  jitted = choice.choice_measures(logprobs, mask)
  with jax.disable_jit():
    eager = choice.choice_measures(logprobs, mask)
  for name in jitted:
    np.testing.assert_allclose(jitted[name], eager[name], atol=1e-7)
