"""What a sweep's benchmark compares with, and the models that it makes."""

import importlib
import pathlib

import jax
import pytest

from launch import tiny_checkpoint
from uncertainty import models, specs

_LAUNCH = pathlib.Path(__file__).parents[2] / 'launch'


@pytest.fixture
def sweeping(monkeypatch):
  monkeypatch.syspath_prepend(str(_LAUNCH))
  return importlib.import_module('bench_sweep')


@pytest.mark.parametrize(('seconds', 'nodes', 'end'), [
    ([3, 2, 1], 1, 6), ([3, 2, 1], 2, 3), ([1, 1, 4], 2, 5), ([4, 1, 1], 2, 4),
    ([2], 4, 2)])
def test_a_task_goes_to_the_node_that_is_free_first(
    sweeping, seconds, nodes, end):
  assert sweeping.least(seconds, nodes) == end


def test_a_simulated_model_takes_the_time_it_is_given(sweeping, tmp_path):
  job = sweeping.ray_engine.Job('a', specs.StudySpec(), tmp_path, ())
  end, = sweeping.waiting({'a': .25})(tmp_path, [job])
  assert end == sweeping.ray_engine.End('a', 0, .25)


def test_a_wider_deeper_model_is_read_as_one(tmp_path):
  place = tiny_checkpoint.write(tmp_path / 'm', width=64, layers=3)
  config = models.load(str(place)).config
  assert (config.width, config.n_layers, config.mlp_width) == (64, 3, 96)
  small = tiny_checkpoint.write(tmp_path / 's')
  count = lambda path: sum(x.size for x in jax.tree.leaves(  # noqa: E731
      models.load(str(path)).params))
  # Two tables of the vocabulary, norms, attention (3 width²), MLP (4.5 width²).
  assert count(place) == 2 * 260 * 64 + 7 * 64 + 3 * int(7.5 * 64**2)
  assert count(small) == 2 * 260 * 32 + 5 * 32 + 2 * int(7.5 * 32**2)
