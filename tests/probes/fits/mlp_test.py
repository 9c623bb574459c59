"""The MLP probe: bends where a line cannot, and resumes to the same end."""

import numpy as np
import orbax.checkpoint as ocp
import pytest

from uncertainty.probes.fits import folds, mlp

_SPEC = mlp.MLPSpec(hidden=(16,), steps=120, batch=32, learning_rate=1e-2)


def _data():
  generator = np.random.default_rng(0)
  acts = generator.normal(size=(80, 2, 3)).astype(np.float32)
  return acts, 500 * np.abs(acts[:, 1, 0]) + 1000, folds.k_fold(80, 2)


def test_learns_a_bent_signal_at_its_layer():
  acts, target, split = _data()
  predicted = mlp.cross_validate(acts, target, split, spec=_SPEC)
  r2 = [np.mean([1 - np.mean((predicted[layer, f] - target[split.test(f)])**2)
                 / target[split.test(f)].var() for f in range(2)])
        for layer in range(2)]
  assert r2[1] > 0.6 > 0.2 > r2[0]


def test_several_layers_learn_a_bent_signal_in_labels():
  acts, target, split = _data()
  label = (target > np.median(target)).astype(float)
  predicted = mlp.cross_validate(acts, label, split, spec=mlp.MLPSpec(
      hidden=(16, 8), steps=120, batch=32, learning_rate=1e-2,
      loss='logistic', activation='relu'))
  right = [np.mean([(predicted[layer, f] > 0) == label[split.test(f)]
                    for f in range(2)]) for layer in range(2)]
  assert right[1] > .75 and right[1] > right[0] + .1


def test_a_killed_run_resumes_to_the_same_predictions(tmp_path, monkeypatch):
  acts, target, split = _data()
  whole = mlp.cross_validate(acts, target, split, spec=_SPEC)
  saved, save = [], ocp.CheckpointManager.save

  def dies(manager, step, **options):
    if saved:
      raise KeyboardInterrupt
    saved.append(step)
    return save(manager, step, **options)

  with monkeypatch.context() as patch:
    patch.setattr(ocp.CheckpointManager, 'save', dies)
    with pytest.raises(KeyboardInterrupt):
      mlp.cross_validate(acts, target, split, spec=_SPEC,
                         checkpoint_dir=tmp_path / 'c', checkpoint_every=50)
  assert (tmp_path / 'c' / '50').is_dir()
  resumed = mlp.cross_validate(acts, target, split, spec=_SPEC,
                               checkpoint_dir=tmp_path / 'c',
                               checkpoint_every=50)
  np.testing.assert_array_equal(resumed, whole)
