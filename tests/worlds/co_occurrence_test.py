"""The true excess of cells that are both."""

import pytest

from uncertainty.worlds import cells, co_occurrence, generator, scenarios


def test_nothing_goes_together_where_effects_are_unrelated():
  assert co_occurrence.excess(generator.World(cells=cells.Cells())) == 0
  with pytest.raises(ValueError, match='no cells'):
    co_occurrence.excess(generator.World())


def test_the_excess_grows_with_what_is_together():
  found = [co_occurrence.excess(scenarios.WORLDS[name])
           for name in scenarios.SCENARIOS['joint_presence'].effects]
  assert 0.01 < found[0] < found[1] < found[2] < 0.15
