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


def test_neither_padding_nor_units_nor_constants_matter():
  acts, target, _ = _data()
  acts = acts.astype(np.float64)
  acts[:, :, 2] = 0
  splits = [(np.arange(30), np.arange(30, 80)),
            (np.arange(30, 80), np.arange(30))]
  spec = mlp.MLPSpec(hidden=(4,), steps=20, batch=8, learning_rate=1e-2)
  plain, padded = (
      mlp.cross_validate(given, target, folds.from_splits(
          splits, 80, multiple=multiple), spec=spec)
      for given, multiple in (
          (acts, 1), (acts * [10, .01, 1] + [3, -5, 7], 64)))
  for fold, (_, tested) in enumerate(splits):
    expected = plain[:, fold, :len(tested)]
    assert expected.std() > 0
    np.testing.assert_allclose(
        padded[:, fold, :len(tested)], expected, rtol=1e-4)


def test_networks_start_with_outputs_of_the_inputs_size():
  # Weights of variance 1 / fan-in: of unit inputs the rectified halves remain.
  acts = np.random.default_rng(0).normal(size=(100, 20, 50))
  predicted = mlp.cross_validate(
      acts, np.zeros(100), folds.k_fold(100, 2), spec=mlp.MLPSpec(
          hidden=(64,), steps=1, learning_rate=0, loss='logistic',
          activation='relu'))
  assert (predicted**2).mean() == pytest.approx(.5, rel=.15)
  assert np.corrcoef(predicted[:, 0])[~np.eye(20, dtype=bool)].max() < .9


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
