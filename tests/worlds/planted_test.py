"""Activations with planted directions, and what probes are worth there."""

import dataclasses

import numpy as np
import pytest

from uncertainty.analysis.claims import beyond, doubt
from uncertainty.probes import doubt_table, forward
from uncertainty.worlds import generator, planted

_WORLD = generator.World(
    n_items=240, families=(1,), boldness=generator.Effects(0.3),
    planted=planted.Planted(people=1.5))


def _study(world, seed):
  return generator.simulate(world, seed=seed, all_measures=False)


def test_directions_stay_and_items_change():
  many = dataclasses.replace(_WORLD, n_items=4000)
  first, second = (_study(many, seed) for seed in (0, 1))
  name = first.models.names[0]
  assert not np.allclose(first.activations[name], second.activations[name])
  ways = []
  for study in (first, second):
    acts = study.activations[name][:, 3]
    signal = study.frames['world', name]['human_entropy'].to_numpy()
    way = (acts * (signal - signal.mean())[:, None]).mean(0)
    ways.append(way / np.linalg.norm(way))
  assert ways[0] @ ways[1] > .95


@pytest.mark.parametrize('people', [0.0, 1.5])
def test_worth_is_what_the_same_probes_read_on_new_items(people):
  world = dataclasses.replace(
      _WORLD, planted=planted.Planted(people=people))
  study = _study(world, 0)
  many = _study(dataclasses.replace(world, n_items=8000), 5)
  name = study.models.names[0]
  acts, frame = study.activations[name], study.frames['world', name]
  worth = planted.worth(acts, frame, many.activations[name],
                        many.frames['world', name], seed=0)
  rows = forward.table(acts, frame, seed=0)
  seen, _ = beyond.partial(*(
      rows[c].to_numpy() for c in ('residual', 'score', 'fold')))
  assert seen == pytest.approx(worth, abs=.2)
  assert (worth > .3) if people else abs(worth) < .05


def _doubting(strength):
  return dataclasses.replace(_WORLD, planted=planted.Planted(
      doubt=strength, shown=.5))


def test_samples_follow_doubt():
  rng = np.random.default_rng(0)
  u = rng.normal(size=4000)
  found = planted.samples(planted.Planted(doubt=1.0, shown=.5), u, rng)
  assert np.corrcoef(found.doubt_N, u)[0, 1] == pytest.approx(.5, abs=.05)
  entropy, share = (found.columns[c] for c in (
      'semantic_entropy_discrete', 'sample_share_correct'))
  assert entropy.min() >= 0 and entropy.max() <= np.log(6) + 1e-9
  assert np.corrcoef(entropy, found.doubt_N)[0, 1] > .7
  assert np.corrcoef(share, found.doubt_N)[0, 1] < -.7


@pytest.mark.parametrize('whole', [False, True])
def test_separation_worth_is_the_auroc_on_new_items(whole):
  world = _doubting(1.0)
  study = _study(world, 0)
  many = _study(dataclasses.replace(world, n_items=4000), 5)
  name = study.models.names[0]
  acts, frame = study.activations[name], study.frames['world', name]
  given = many.activations[name], many.frames['world', name]
  worth = planted.separation_worth(
      acts, frame, *given, 0, 'sep', whole=whole)
  own = doubt_table.DataSet('world', acts, frame)
  rows = (doubt_table.transferred(
      own, doubt_table.DataSet('other', *given), 'before_generating', 0,
      ('sep',)) if whole else doubt_table.forward_table(
          own, 'before_generating', 0, ('sep',)))
  seen, _, _ = doubt.mean_auroc(*(rows[c].to_numpy() for c in (
      'score', 'high_share', 'fold')))
  assert seen == pytest.approx(worth, abs=1e-9 if whole else .1)
  assert worth > .6
