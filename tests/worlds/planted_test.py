"""Activations with planted directions, and what probes are worth there."""

import dataclasses

import numpy as np
import pytest

from uncertainty.analysis.claims import beyond
from uncertainty.probes import forward
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
