"""Round numbers along an axis."""

import pytest

from uncertainty.report.drawing import ticks


@pytest.mark.parametrize('low, high, wanted', [
    (0, 1, [0, .2, .4, .6, .8, 1]), (-.02, 1.02, [0, .25, .5, .75, 1]),
    (-.031, .117, [0, .05, .1]), (-90, 12, [-75, -50, -25, 0]),
    (1e-7, 3e-7, [1e-7, 1.5e-7, 2e-7, 2.5e-7, 3e-7])])
def test_ticks_are_round_and_within(low, high, wanted):
  assert ticks.linear(low, high, 5) == pytest.approx(wanted)


def test_logarithmic_ticks():
  assert ticks.logarithmic(.3, 30) == pytest.approx([.5, 1, 2, 5, 10, 20])


def test_labels_share_their_decimals():
  assert ticks.labels([-.5, 0, .25]) == ['−0.50', '0.00', '0.25']
  assert ticks.labels([1, 10]) == ['1', '10']
