"""Objectives by hand, at their limits, and with gradients that are numbers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from uncertainty.tuning import objectives

# Two items of three choices, and one of two.
P = np.array([[0.2, 0.5, 0.3], [0.0, 1.0, 0.0], [0.4, 0.6, 0.0]], np.float32)
SCORES = np.array([[-1.0, -2.0, -4.0], [-3.0, -0.5, -1.5], [-2.0, -1.0, 9.0]],
                  np.float32)
VALID = np.array([[True] * 3, [True] * 3, [True, True, False]])


def _q(over='choices'):
  q = np.where(VALID, np.exp(SCORES.astype(np.float64)), 0)
  return q / q.sum(1, keepdims=True) if over == 'choices' else q


def _value(name, p=P, over='choices'):
  logs = objectives.choice_logs(jnp.asarray(SCORES), jnp.asarray(VALID),
                                over=over)
  return objectives.DIVERGENCES[name](jnp.asarray(p), logs, jnp.asarray(VALID))


@pytest.mark.parametrize('over', ['choices', 'vocabulary'])
def test_cross_entropy_is_the_sum_over_choices(over):
  with np.errstate(divide='ignore'):
    logs = np.where(P > 0, np.log(_q(over)), 0)
  np.testing.assert_allclose(
      _value('cross_entropy', over=over), -(P * logs).sum(1), rtol=1e-5)


def test_jensen_shannon_is_scipys_distance_squared():
  expected = [scipy.spatial.distance.jensenshannon(p, q) ** 2
              for p, q in zip(P.astype(np.float64), _q())]
  np.testing.assert_allclose(_value('jensen_shannon'), expected, rtol=1e-4)


def test_wasserstein_is_scipys_over_the_length_of_the_scale():
  expected = []
  for p, q, valid in zip(P.astype(np.float64), _q(), VALID):
    steps = np.arange(valid.sum())
    expected.append(scipy.stats.wasserstein_distance(
        steps, steps, p[valid], q[valid]) / (len(steps) - 1))
  np.testing.assert_allclose(_value('wasserstein'), expected, rtol=1e-4)


@pytest.mark.parametrize('name', ['jensen_shannon', 'wasserstein'])
def test_a_model_that_says_what_people_say_is_at_no_distance(name):
  found = _value(name, p=_q().astype(np.float32))
  np.testing.assert_allclose(found, 0, atol=1e-6)


@pytest.mark.parametrize('name', objectives.DIVERGENCES)
def test_gradients_are_numbers_and_nothing_comes_from_choices_that_are_not(
    name):
  def total(scores):
    logs = objectives.choice_logs(scores, jnp.asarray(VALID), over='choices')
    return objectives.DIVERGENCES[name](
        jnp.asarray(P), logs, jnp.asarray(VALID)).sum()

  gradient = np.asarray(jax.grad(total)(jnp.asarray(SCORES)))
  assert np.isfinite(gradient).all() and (gradient[~VALID] == 0).all()
  assert (np.abs(gradient[VALID]) > 0).any()
  # Scores are known up to a constant: an item's gradient sums to 0.
  np.testing.assert_allclose(gradient.sum(1), 0, atol=1e-6)


def test_the_gradient_of_the_cross_entropy_is_q_less_p():
  def total(scores):
    logs = objectives.choice_logs(scores, jnp.asarray(VALID), over='choices')
    return objectives.cross_entropy(
        jnp.asarray(P), logs, jnp.asarray(VALID)).sum()

  np.testing.assert_allclose(
      jax.grad(total)(jnp.asarray(SCORES)), _q() - P, atol=1e-6)
