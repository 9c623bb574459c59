"""Truth probes against plain numpy restatements of their papers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn import linear_model

from uncertainty.probes.fits import classify, folds, truth
from uncertainty.probes.fits.classify import LinearProbe
from uncertainty.types import UserError


def _statements(n_pairs=20, width=10):
  """Pairs of statements: x = label t_G + label·polarity t_P + polarity p."""
  generator = np.random.default_rng(0)
  general, specific, polar = np.eye(width)[:3]
  label = generator.integers(0, 2, n_pairs).repeat(2)
  polarity = np.tile([1, -1], n_pairs)
  label = np.where(polarity > 0, label, 1 - label)
  sign = 2 * label - 1
  topic = np.arange(2 * n_pairs) // 10 % 2
  acts = (sign[:, None] * general + (sign * polarity)[:, None] * specific
          + polarity[:, None] * polar + topic[:, None] * 3.0
          + 0.4 * generator.normal(size=(2 * n_pairs, width)))
  source = 2 * topic + (polarity < 0)
  partner = np.where(polarity > 0, np.arange(2 * n_pairs) + 1, -1)
  noise = generator.normal(size=acts.shape)
  return np.stack([acts, noise], 1), label, polarity, source, partner


def test_mass_mean_equals_restatement():
  acts, label, *_ = _statements()
  split = folds.k_fold(40, 4)
  probe = classify.per_layer_and_fold(
      truth.fit_mass_mean, acts, label, split)
  train = split.train(2)
  true_mean = acts[train, 0][label[train] == 1].mean(0)
  false_mean = acts[train, 0][label[train] == 0].mean(0)
  direction = true_mean - false_mean
  np.testing.assert_allclose(probe.direction[0, 2], direction, rtol=1e-10)
  np.testing.assert_allclose(
      probe.bias[0, 2], -direction @ (true_mean + false_mean) / 2, rtol=1e-10)


def _ttpd_in_numpy(acts, label, polarity, source):
  centred = acts.copy()
  for s in np.unique(source):
    centred[source == s] -= acts[source == s].mean(0)
  sign = np.where(label == 1, 1.0, -1.0)
  design = np.stack([sign, sign * polarity], 1)
  general = (np.linalg.inv(design.T @ design) @ design.T @ centred)[0]
  polar = linear_model.LogisticRegression(
      C=1.0, tol=1e-10, max_iter=10000).fit(acts, polarity > 0).coef_[0]
  plane = np.stack([acts @ general, acts @ polar], 1)
  spread = plane.std(0)
  final = linear_model.LogisticRegression(
      C=1e6, tol=1e-10, max_iter=10000).fit(plane / spread, label)
  return general, polar, final.coef_[0] / spread, final.intercept_[0]


def test_ttpd_equals_restatement():
  acts, label, polarity, source, _ = _statements(n_pairs=40)
  acts = acts + 0.8 * np.random.default_rng(1).normal(size=acts.shape)
  split = folds.k_fold(80, 3)
  found = truth.ttpd(acts, label, source, polarity, split)
  train = split.train(0)
  for layer in (0, 1):
    general, polar, weights, bias = _ttpd_in_numpy(
        acts[train, layer], label[train], polarity[train], source[train])
    np.testing.assert_allclose(found.truth_D[layer, 0], general, atol=1e-8)
    np.testing.assert_allclose(found.polarity_D[layer, 0], polar, atol=1e-4)
    np.testing.assert_allclose(
        found.weights_2[layer, 0], weights, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(found.bias[layer, 0], bias, atol=1e-2)


def test_ttpd_needs_both_polarities():
  acts, label, polarity, source, _ = _statements()
  with pytest.raises(UserError, match='polarity'):
    truth.ttpd(acts, label, source, np.ones_like(polarity),
               folds.k_fold(40, 4))


def test_ccs_finds_truth_from_pairs():
  acts, label, _, source, partner = _statements()
  for s in np.unique(source):
    acts[source == s] -= acts[source == s].mean(0)
  split = folds.k_fold(40, 2)
  found = truth.ccs(
      acts, label, partner, split, key=jax.random.key(0),
      spec=truth.CCSSpec(restarts=3, steps=300, learning_rate=1e-2))
  scores = classify.score_tests(found.probe, acts, split)
  right = [((scores[0, f] > 0) == label[split.test(f)]).mean()
           for f in range(2)]
  assert np.mean(right) > 0.8
  assert (found.loss < 0.1).all()  # ignorance, p₊ = p₋ = ½, costs 0.25


def test_turning_ccs_turns_the_bias_too():
  probe = LinearProbe(jnp.asarray([1.0, -2.0]), jnp.asarray(0.7))
  acts = jnp.asarray([[0.1, 0.2], [3.0, -1.0], [-2.0, 0.5]])
  wrong = (probe.scores(acts) < 0).astype(jnp.float32)
  turned = truth.orient(probe, acts, wrong, jnp.ones(3))
  np.testing.assert_allclose(
      jax.nn.sigmoid(turned.scores(acts)),
      1 - jax.nn.sigmoid(probe.scores(acts)), rtol=1e-5)
  same = truth.orient(probe, acts, 1 - wrong, jnp.ones(3))
  np.testing.assert_array_equal(same.direction, probe.direction)


@pytest.mark.parametrize(('labels', 'sign'), [
    ((1, 0, 0), 1), ((1, 1, 0), 1), ((0, 1, 0), -1), ((0, 0, 1), -1)])
def test_ccs_is_turned_by_most_of_the_items_that_count(labels, sign):
  probe = LinearProbe(jnp.asarray([1.0]), jnp.asarray(0.0))
  acts = jnp.asarray([[.5], [-.5], [-.6], [9.0], [9.0]])
  turned = truth.orient(probe, acts, jnp.asarray([*labels, 0.0, 0.0]),
                        jnp.asarray([1.0, 1, 1, 0, 0]))
  np.testing.assert_array_equal(turned.direction, [sign])


def test_ccs_starts_as_a_linear_layer_of_torch():
  acts, label, _, _, partner = _statements(width=100)
  found = truth.ccs(acts, label, partner, folds.k_fold(40, 4),
                    key=jax.random.key(0),
                    spec=truth.CCSSpec(restarts=1, steps=0))
  size = np.abs(found.probe.direction)
  assert .099 < size.max() <= .1  # uniform on ± 1 / √100
  assert size.mean() == pytest.approx(.05, rel=.1)


def test_ttpd_reads_nothing_off_a_constant_layer():
  acts, label, polarity, source, _ = _statements()
  found = truth.ttpd(np.ones_like(acts), label, source, polarity,
                     folds.k_fold(40, 4))
  np.testing.assert_allclose(found.linear().direction, 0, atol=1e-12)
  assert np.isfinite(found.bias).all()


def test_ccs_loss_by_hand():
  probe = LinearProbe(jnp.asarray([0.0]), jnp.asarray(0.0))
  acts = jnp.zeros((2, 1))
  # p₊ = p₋ = ½: consistent, but not confident: ½² = 0.25.
  np.testing.assert_allclose(
      truth.ccs_loss(probe, acts, acts, jnp.ones(2)), 0.25)


def test_ccs_needs_pairs():
  acts, label, *_ = _statements()
  with pytest.raises(UserError, match='pairs'):
    truth.ccs(acts, label, np.full(40, -1), folds.k_fold(40, 2),
              key=jax.random.key(0))
