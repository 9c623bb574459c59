"""Truth probes: mass-mean, TTPD and CCS.

Mass-mean: Marks & Tegmark 2023, The geometry of truth, section 5.1.
TTPD: Bürger et al. 2024, Truth is Universal, section 5.
CCS: Burns et al. 2023, Discovering latent knowledge, section 2.
"""

import dataclasses
import functools
from typing import Any

import flax.struct
import jax
import jax.numpy as jnp
import numpy as np
import optax

from uncertainty.probes.fits import classify, precision
from uncertainty.probes.fits.classify import LinearProbe, Train
from uncertainty.probes.fits.folds import Folds
from uncertainty.probes.fits.least_squares import take_rows
from uncertainty.types import UserError


def fit_mass_mean(train: Train) -> LinearProbe:
  """Direction μ₁ − μ₀, threshold at the middle of the two means.

  Args:
    train: rows of one layer and fold.

  Returns:
    Its probe, direction [D].

  Source:
    Marks & Tegmark 2023, The geometry of truth, section 5.1.
  """
  means = []
  for label in (0, 1):
    weights_A = jnp.where(train.labels_A == label, train.weights_A, 0.0)
    means.append(
        (train.acts_AD * weights_A[:, None]).sum(0) / weights_A.sum())
  direction_D = means[1] - means[0]
  return LinearProbe(direction_D, -direction_D @ (means[0] + means[1]) / 2)


@flax.struct.dataclass
class TTPD:
  """Two projections and a logistic regression upon them.

  Attributes:
    truth_D: the general truth direction t_G.
    polarity_D: direction that tells affirmative from negated statements.
    weights_2: coefficients of the two projections.
    bias: [].
  """

  truth_D: jax.Array
  polarity_D: jax.Array
  weights_2: jax.Array
  bias: jax.Array

  def linear(self) -> LinearProbe:
    """The whole probe as one direction, in which it is linear.

    Returns:
      w₁ t_G + w₂ t_P and the bias, [D] and [] after the fields' leading axes.
    """
    return LinearProbe(
        self.weights_2[..., :1] * self.truth_D
        + self.weights_2[..., 1:] * self.polarity_D, self.bias)


def ttpd(
    acts_NLD: np.ndarray, labels_N: np.ndarray, sources_N: np.ndarray,
    polarity_N: np.ndarray, folds: Folds, *, polarity_penalty: float = 1.0,
    tolerance: float = 1e-14,
) -> TTPD:
  """Training of Truth and Polarity Direction for every layer and fold.

  1. Centre the activations of each source (topic and polarity) about their
     mean: ã. 2. Least squares ã ≈ τ t_G + τ p t_P with label τ = ±1 and
     polarity p = ±1 gives t_G. 3. A logistic regression of polarity on the raw
     activations gives the polarity direction. 4. A logistic regression of the
     label on the two projections of the raw activations.

  The authors fit both regressions without penalty. Where affirmative and
  negated statements are separable (they mostly are) that has no solution and
  their numbers depend on when the optimiser stopped, so step 3 takes an L2
  penalty, and step 4 one of 1e-6 on standardised projections.

  Args:
    acts_NLD: activations.
    labels_N: 1 true, 0 false.
    sources_N: number of each item's source, 0, 1, …
    polarity_N: 1 affirmative, -1 negated.
    folds: training rows should hold as many items of each source.
    polarity_penalty: 1/C of step 3.
    tolerance: of both regressions, see `classify.logistic`.

  Returns:
    A TTPD whose fields have leading axes [L, F].

  Raises:
    UserError: a training fold with one polarity or one label only.
  """
  labels_N, sources_N = np.asarray(labels_N), np.asarray(sources_N)
  affirmative_N = (np.asarray(polarity_N) > 0).astype(np.int64)
  classify.check_labels(labels_N, folds)
  for fold in range(folds.n_folds):
    if len(set(affirmative_N[folds.train(fold)])) < 2:
      raise UserError(
          f'training fold {fold + 1} holds statements of one polarity; TTPD '
          'needs affirmative and negated ones')
  with precision.float64():
    return jax.device_get(_all_ttpd(
        jnp.asarray(np.swapaxes(acts_NLD, 0, 1)),
        jnp.asarray(labels_N, jnp.float64),
        jnp.asarray(np.eye(sources_N.max() + 1)[sources_N]),
        jnp.asarray(affirmative_N, jnp.float64),
        jnp.asarray(folds.train_FA), polarity_penalty, tolerance))


@functools.partial(jax.jit, static_argnames=('polarity_penalty', 'tolerance'))
def _all_ttpd(layers_LND, labels_N, sources_NS, affirmative_N, train_FA,
              polarity_penalty, tolerance):
  def one(acts_ND, train_A):
    return fit_ttpd(
        classify.gather(acts_ND, labels_N, train_A),
        take_rows(sources_NS, train_A), take_rows(affirmative_N, train_A),
        polarity_penalty, tolerance)

  return jax.lax.map(
      lambda acts: jax.lax.map(lambda train: one(acts, train), train_FA),
      layers_LND)


def fit_ttpd(train: Train, sources_AS: jax.Array, affirmative_A: jax.Array,
             penalty: float, tolerance: float) -> TTPD:
  """One TTPD; see `ttpd`.

  Args:
    train: rows of one layer and fold.
    sources_AS: one-hot source of each row.
    affirmative_A: 1 affirmative, 0 negated.
    penalty: 1/C of the regression of polarity.
    tolerance: of both regressions.

  Returns:
    Its directions [D], weights and bias.
  """
  acts_AD, labels_A, weights_A = train
  counts_S1 = jnp.maximum(sources_AS.sum(0), 1)[:, None]
  means_SD = (sources_AS.T @ acts_AD) / counts_S1
  centred_AD = (acts_AD - sources_AS @ means_SD) * weights_A[:, None]
  sign_A = (2 * labels_A - 1) * weights_A
  design_A2 = jnp.stack([sign_A, sign_A * (2 * affirmative_A - 1)], axis=1)
  truth_D = jnp.linalg.solve(
      design_A2.T @ design_A2, design_A2.T @ centred_AD)[0]
  polarity_D = classify.fit_logistic(
      Train(acts_AD, affirmative_A, weights_A), penalty=penalty,
      tolerance=tolerance).direction
  planar_A2 = acts_AD @ jnp.stack([truth_D, polarity_D], axis=1)
  count = weights_A.sum()
  mean_2 = (planar_A2 * weights_A[:, None]).sum(0) / count
  spread_2 = jnp.sqrt(
      ((planar_A2 - mean_2[None, :])**2 * weights_A[:, None]).sum(0) / count)
  spread_2 = jnp.where(spread_2 > 0, spread_2, 1.0)
  final = classify.fit_logistic(
      Train((planar_A2 - mean_2[None, :]) / spread_2[None, :], labels_A,
            weights_A), penalty=1e-6, tolerance=tolerance)
  weights_2 = final.direction / spread_2
  return TTPD(truth_D, polarity_D, weights_2, final.bias - mean_2 @ weights_2)


@dataclasses.dataclass(frozen=True)
class CCSSpec:
  """Training of CCS: AdamW, full batch (the settings of Bürger et al.)."""

  restarts: int = 10
  steps: int = 1000
  learning_rate: float = 1e-3
  weight_decay: float = 0.1


@flax.struct.dataclass
class CCS:
  """The restart of least loss.

  Attributes:
    probe: its sign is that which agrees with the training labels; turning it
      turns the bias too, so that every probability p becomes 1 − p.
    loss: [L, F], of the chosen restart.
  """

  probe: LinearProbe
  loss: jax.Array


def ccs_loss(probe: LinearProbe, yes_AD, no_AD, weights_A) -> jax.Array:
  """Consistency (p₊ = 1 − p₋) plus confidence (the smaller is near 0).

  (p₊ − (1 − p₋))² + min(p₊, p₋)², mean over pairs.

  Args:
    probe: direction [D].
    yes_AD: activations of statements.
    no_AD: activations of their negations.
    weights_A: 0 where a row is no pair.

  Returns:
    [].

  Source:
    Burns et al. 2023, Discovering latent knowledge, equation 3.
  """
  yes_A = jax.nn.sigmoid(probe.scores(yes_AD))
  no_A = jax.nn.sigmoid(probe.scores(no_AD))
  losses_A = (yes_A - (1 - no_A))**2 + jnp.minimum(yes_A, no_A)**2
  return (losses_A * weights_A).sum() / weights_A.sum()


def ccs(
    acts_NLD: np.ndarray, labels_N: np.ndarray, partner_N: np.ndarray,
    folds: Folds, *, key: jax.Array, spec: CCSSpec = CCSSpec(),
) -> CCS:
  """Contrast-consistent search for every layer, fold and restart at once.

  Args:
    acts_NLD: activations, centred about the mean of each source (Burns et al.
      normalise both sides of the pairs, which takes no labels).
    labels_N: 1 true, 0 false; they only choose the sign.
    partner_N: index of each statement's negation, -1 where an item is not the
      affirmative side of a pair.
    folds: those of its training items that have a partner are used.
    key: of the restarts.
    spec: training.

  Returns:
    Probes with leading axes [L, F].

  Raises:
    UserError: a training fold without pairs.
  """
  has_partner = partner_N >= 0
  for fold in range(folds.n_folds):
    if not has_partner[folds.train(fold)].any():
      raise UserError(
          f'training fold {fold + 1} holds no statement with its negation; '
          'CCS needs pairs')
  padded = np.append(partner_N, -1)
  layers = jnp.asarray(np.swapaxes(acts_NLD, 0, 1), jnp.float32)
  # optax raises a float to an int count, which strict promotion refuses.
  with jax.numpy_dtype_promotion('standard'):
    return jax.device_get(_all_ccs(
        layers, jnp.asarray(labels_N, jnp.float32), jnp.asarray(padded),
        jnp.asarray(folds.train_FA), key, spec))


@functools.partial(jax.jit, static_argnames='spec')
def _all_ccs(layers_LND, labels_N, partner_N1, train_FA, key, spec):
  def one(acts_ND, train_A, key):
    partner_A = partner_N1[train_A]
    return _fit_ccs(
        take_rows(acts_ND, train_A), take_rows(acts_ND, partner_A % (
            len(acts_ND) + 1)), take_rows(labels_N, train_A),
        (partner_A >= 0).astype(jnp.float32), key, spec)

  n_layers, n_folds = len(layers_LND), len(train_FA)
  keys = jax.random.split(key, (n_layers, n_folds))
  return jax.lax.map(
      lambda layer: jax.lax.map(
          lambda fold: one(layer[0], *fold), (train_FA, layer[1])),
      (layers_LND, keys))


def _fit_ccs(yes_AD, no_AD, labels_A, weights_A, key, spec: CCSSpec) -> CCS:
  width = yes_AD.shape[1]
  start_key, bias_key = jax.random.split(key)
  bound = width**-0.5  # as torch.nn.Linear starts
  probes = LinearProbe(
      jax.random.uniform(start_key, (spec.restarts, width), minval=-bound,
                         maxval=bound),
      jax.random.uniform(bias_key, (spec.restarts,), minval=-bound,
                         maxval=bound))
  optimiser: Any = optax.adamw(
      spec.learning_rate, weight_decay=spec.weight_decay)

  def loss(probes):
    losses = jax.vmap(ccs_loss, in_axes=(0, None, None, None))(
        probes, yes_AD, no_AD, weights_A)
    return losses.sum(), losses

  def step(state, _):
    probes, memory = state
    gradient = jax.grad(loss, has_aux=True)(probes)[0]
    update, memory = optimiser.update(gradient, memory, probes)
    return (optax.apply_updates(probes, update), memory), None

  state = (probes, optimiser.init(probes))
  (probes, _), _ = jax.lax.scan(step, state, length=spec.steps)
  losses = loss(probes)[1]
  best = jnp.argmin(losses)
  probe = jax.tree.map(lambda x: x[best], probes)
  return CCS(orient(probe, yes_AD, labels_A, weights_A), losses[best])


def orient(probe: LinearProbe, acts_AD, labels_A, weights_A) -> LinearProbe:
  """Turns the probe, bias included, if it calls most true items false.

  Args:
    probe: direction [D].
    acts_AD: training rows.
    labels_A: 0 or 1.
    weights_A: 0 where a row does not count.

  Returns:
    The probe, or its negative.
  """
  right_A = (probe.scores(acts_AD) > 0) == (labels_A > 0.5)
  accuracy = jnp.where(right_A, weights_A, 0.0).sum() / weights_A.sum()
  sign = jnp.where(accuracy < 0.5, -1.0, 1.0).astype(acts_AD.dtype)
  return jax.tree.map(lambda x: sign * x, probe)
