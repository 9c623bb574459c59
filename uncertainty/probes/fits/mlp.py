"""A small MLP probe, trained for all layers (and folds) together.

The non-linear comparison to the linear probes. Training is checkpointed, so a
killed run goes on where it stopped and ends with the same parameters.
"""

import dataclasses
import functools
import pathlib

import jax
import jax.numpy as jnp
import numpy as np
import optax
import orbax.checkpoint as ocp

from uncertainty.probes.fits.folds import Folds


@dataclasses.dataclass(frozen=True)
class MLPSpec:
  """Hidden layers of these widths; AdamW on random batches.

  `loss` is 'squared' (the target is standardised by the training items) or
  'logistic' (labels 0 to 1, predictions are logits).
  """

  hidden: tuple[int, ...] = (32,)
  steps: int = 300
  batch: int = 128
  learning_rate: float = 1e-3
  weight_decay: float = 1e-2
  loss: str = 'squared'
  activation: str = 'gelu'


_ACTIVATIONS = {'gelu': jax.nn.gelu, 'relu': jax.nn.relu}
_LOSSES = {
    'squared': lambda p, y: optax.l2_loss(p, y),
    'logistic': lambda p, y: optax.sigmoid_binary_cross_entropy(p, y),
}


def cross_validate(
    acts_NLD: np.ndarray, target_N: np.ndarray, folds: Folds, *, seed: int = 0,
    spec: MLPSpec = MLPSpec(), checkpoint_dir: pathlib.Path | None = None,
    checkpoint_every: int = 100,
) -> np.ndarray:
  """Held-out predictions [L, F, B] of one MLP per layer and fold.

  Args:
    acts_NLD: activations, standardised here by each fold's training items.
    target_N: target, none missing.
    folds: outer folds.
    seed: of the weights and batches.
    spec: the MLP and its training.
    checkpoint_dir: where Orbax keeps the latest state; None: nowhere. A folder
      belongs to one data and spec; delete it to start anew.
    checkpoint_every: steps between checkpoints.

  Returns:
    Predictions in the target's unit, or logits; padding holds any number.
  """
  inputs_LFAD, tests_LFBD = _standardised(acts_NLD, folds)
  padded = np.append(np.asarray(target_N, np.float64), 0.0)
  train_FA = padded[folds.train_FA]
  counts_F1 = (folds.train_FA < folds.n_items).sum(1, keepdims=True)
  level_F1 = np.zeros_like(train_FA[:, :1])
  scale_F1 = np.ones_like(level_F1)
  if spec.loss == 'squared':
    rows = [padded[folds.train(f)] for f in range(folds.n_folds)]
    level_F1 = np.array([[r.mean()] for r in rows])
    scale_F1 = np.array([[r.std() or 1.0] for r in rows])
  targets_FA = jnp.asarray((train_FA - level_F1) / scale_F1, jnp.float32)
  keys = jax.random.split(
      jax.random.key(seed), (inputs_LFAD.shape[0], folds.n_folds))
  # optax raises a float to an int count, which strict promotion refuses.
  with jax.numpy_dtype_promotion('standard'):
    state = _start(keys, inputs_LFAD.shape[-1], spec)
    state, done = _restore(state, checkpoint_dir)
    while done < spec.steps:
      until = min(done + checkpoint_every, spec.steps)
      state = _train(state, keys, inputs_LFAD, targets_FA,
                     jnp.asarray(counts_F1[:, 0]), done, until, spec)
      done = until
      _save(state, done, checkpoint_dir)
    predicted_LFB = jax.vmap(jax.vmap(functools.partial(
        _forward, spec=spec)))(state[0], tests_LFBD)
  return (np.asarray(predicted_LFB, np.float64) * scale_F1[None]
          + level_F1[None])


def _standardised(acts_NLD: np.ndarray, folds: Folds):
  """Training and test activations of every layer and fold, float32."""
  padded = np.concatenate([acts_NLD, np.zeros_like(acts_NLD[:1])])
  inputs, tests = [], []
  for fold in range(folds.n_folds):
    rows = acts_NLD[folds.train(fold)].astype(np.float64)
    mean_LD, spread_LD = rows.mean(0), rows.std(0)
    spread_LD = np.where(spread_LD > 1e-12, spread_LD, 1.0)
    for index, found in ((folds.train_FA, inputs), (folds.test_FB, tests)):
      found.append(((padded[index[fold]] - mean_LD) / spread_LD).astype(
          np.float32))
  return tuple(jnp.asarray(np.stack(x).transpose(2, 0, 1, 3))
               for x in (inputs, tests))


def _forward(params, acts_XD: jax.Array, spec: MLPSpec) -> jax.Array:
  hidden_XD = acts_XD
  for weights_DE, bias_E in params['hidden']:
    hidden_XD = _ACTIVATIONS[spec.activation](
        hidden_XD @ weights_DE + bias_E[None, :])
  return hidden_XD @ params['out'] + params['out_bias']


def _optimiser(spec: MLPSpec) -> optax.GradientTransformation:
  return optax.adamw(
      optax.cosine_decay_schedule(spec.learning_rate, spec.steps),
      weight_decay=spec.weight_decay)


@functools.partial(jax.jit, static_argnames=('width', 'spec'))
def _start(keys_LF, width: int, spec: MLPSpec):
  def one(key):
    widths = (width, *spec.hidden)
    *keys, last = jax.random.split(key, len(widths))
    params = {
        'hidden': [
            (jax.random.normal(k, (d, e)) * d**-0.5, jnp.zeros(e))
            for k, d, e in zip(keys, widths, widths[1:], strict=False)],
        'out': jax.random.normal(last, (widths[-1],)) * widths[-1]**-0.5,
        'out_bias': jnp.zeros(()),
    }
    return params, _optimiser(spec).init(params)

  return jax.vmap(jax.vmap(one))(keys_LF)


@functools.partial(jax.jit, static_argnames=('spec',))
def _train(state, keys_LF, inputs_LFAD, targets_FA, counts_F, start, stop,
           spec: MLPSpec):
  optimiser, loss = _optimiser(spec), _LOSSES[spec.loss]

  def one(state, key, acts_AD, target_A, count):
    def step(number, state):
      params, memory = state
      rows = jax.random.randint(
          jax.random.fold_in(key, number), (spec.batch,), 0, count)
      gradient = jax.grad(lambda p: loss(
          _forward(p, acts_AD[rows], spec), target_A[rows]).mean())(params)
      update, memory = optimiser.update(gradient, memory, params)
      return optax.apply_updates(params, update), memory

    return jax.lax.fori_loop(start, stop, step, state)

  by_fold = jax.vmap(one)
  return jax.vmap(by_fold, in_axes=(0, 0, 0, None, None))(
      state, keys_LF, inputs_LFAD, targets_FA, counts_F)


def _restore(state, folder: pathlib.Path | None):
  if folder is None:
    return state, 0
  with ocp.CheckpointManager(pathlib.Path(folder).absolute()) as manager:
    done = manager.latest_step()
    if done is None:
      return state, 0
    return manager.restore(done, args=ocp.args.StandardRestore(state)), done


def _save(state, done: int, folder: pathlib.Path | None) -> None:
  if folder is None:
    return
  options = ocp.CheckpointManagerOptions(max_to_keep=1, create=True)
  with ocp.CheckpointManager(
      pathlib.Path(folder).absolute(), options=options) as manager:
    manager.save(done, args=ocp.args.StandardSave(state))
