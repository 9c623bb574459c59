"""A scene with a mark of every kind."""

import pytest

from uncertainty.report import drawing


@pytest.fixture
def picture():
  return drawing.Scene(200, 100, [
      drawing.Rect(0, 0, 100, 100, '#ff0000'),
      drawing.Rect(100, 0, 50, 100, '#0000ff', .5),
      drawing.Line([(0, 50), (200, 50)], '#00ff00', 4),
      drawing.Circles([(175, 25)], [10], '#0072b2'),
      drawing.Circles([(175, 75)], [10], '#0072b2', False),
      drawing.Text(10, 30, 'ρ < .05 & ²', 12, '#000000'),
      drawing.Text(150, 90, 'turned', 10, '#222222', 'end', 55, .5)])
