"""A small simulated study and its claims."""

import pytest

from uncertainty import specs
from uncertainty.analysis.claims import table
from uncertainty.worlds import generator


@pytest.fixture(scope='session')
def spec() -> specs.StudySpec:
  return specs.StudySpec(analysis=specs.AnalysisSpec(n_bootstrap=200))


@pytest.fixture(scope='session')
def small_world() -> generator.World:
  return generator.World(
      n_items=300, families=(1, 1, 1), alignment=generator.Effects(0.6))


@pytest.fixture(scope='session')
def small_frames(small_world) -> generator.Frames:
  return generator.simulate(small_world, seed=0).frames


@pytest.fixture(scope='session')
def small_table(small_frames, spec):
  return table.claims(small_frames, spec)
