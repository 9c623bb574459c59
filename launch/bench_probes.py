"""Times the probes against the paper's loop over scikit-learn.

    python launch/bench_probes.py

Random activations of the paper's shape for SmolLM2 (420 items, 30 layers,
width 576), 10 folds, 3 targets. The loop is run on as many layers as asked for
(its time is proportional to them), right before and right after ours, and the
scores of those layers must agree. On 2 cores of an AMD EPYC: loop 25.0 s, ours
0.36 s (69 times faster); with 1 000 permutations of each target 1.34 s (19
times); nested ridge with nine penalties (--ridge) 10.7 s.
"""

import time

import numpy as np
import processes  # beside this file
from absl import app, flags
from sklearn import linear_model, metrics

from uncertainty.probes import controls
from uncertainty.probes.fits import folds, least_squares, ridge

_LAYERS = flags.DEFINE_integer('layers', 30, 'Layers of activations.')
_LOOP_LAYERS = flags.DEFINE_integer(
    'loop_layers', 30, 'Layers that the slow loop runs through.')
_ITEMS = flags.DEFINE_integer('items', 420, 'Items.')
_WIDTH = flags.DEFINE_integer('width', 576, 'Width of the activations.')
_RIDGE = flags.DEFINE_bool('ridge', False, 'Time the nested ridge too.')


def _loop(acts_NLD, targets_NT, split) -> np.ndarray:
  """The paper's way: one fit per layer, target and fold."""
  r2 = np.zeros((acts_NLD.shape[1], split.n_folds, targets_NT.shape[1]))
  for layer in range(acts_NLD.shape[1]):
    for t in range(targets_NT.shape[1]):
      for fold in range(split.n_folds):
        train, test = split.train(fold), split.test(fold)
        model = linear_model.LinearRegression().fit(
            acts_NLD[train, layer], targets_NT[train, t])
        r2[layer, fold, t] = metrics.r2_score(
            targets_NT[test, t], model.predict(acts_NLD[test, layer]))
  return r2


def _timed(function, *args, **kwargs):
  start = time.perf_counter()
  result = function(*args, **kwargs)
  return time.perf_counter() - start, result


def _main(_) -> None:
  generator = np.random.default_rng(0)
  acts = generator.normal(size=(_ITEMS.value, _LAYERS.value, _WIDTH.value))
  targets = generator.normal(size=(_ITEMS.value, 3))
  split = folds.k_fold(_ITEMS.value)
  null = controls.permutations(targets, 1000, generator)
  every = np.concatenate([targets, null], axis=1)
  cases = {
      'closed form': lambda: least_squares.cross_validate(
          acts, targets, split).r2,
      'closed form, 1 000 permutations': lambda: (
          least_squares.cross_validate(acts, every, split).r2[..., :3]),
  }
  if _RIDGE.value:
    cases['nested ridge'] = lambda: ridge.cross_validate(
        acts, targets, split)[0].scores.r2
  part = slice(_LOOP_LAYERS.value)
  scale = _LAYERS.value / _LOOP_LAYERS.value
  before, expected = _timed(_loop, acts[:, part], targets, split)
  times = {}
  for name, run in cases.items():
    run()  # compiles
    times[name], found = min(
        (_timed(run) for _ in range(3)), key=lambda pair: pair[0])
    if name != 'nested ridge':
      np.testing.assert_allclose(found[part], expected, rtol=1e-5, atol=1e-5)
  after, _ = _timed(_loop, acts[:, part], targets, split)
  loop = min(before, after) * scale
  print(f'{_LAYERS.value} layers × {split.n_folds} folds × 3 targets, '
        f'{_ITEMS.value} items, width {_WIDTH.value}')
  print(f'  scikit-learn loop: {loop:.2f} s (before {before * scale:.2f}, '
        f'after {after * scale:.2f})')
  for name, seconds in times.items():
    print(f'  {name}: {seconds:.2f} s, {loop / seconds:.1f} times faster')
  processes.record('probes', {
      name: {'s': seconds}
      for name, seconds in ({'scikit-learn loop': loop} | times).items()})


if __name__ == '__main__':
  app.run(_main)
