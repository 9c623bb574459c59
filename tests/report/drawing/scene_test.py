"""Colours of scenes."""

from uncertainty.report.drawing import scene


def test_channels_and_how_a_colour_looks_through():
  assert scene.channels('#ff8000') == (255, 128, 0)
  assert scene.blended('#000000', .5) == '#808080'
  assert scene.blended('#ff0000', 1.0, '#00ff00') == '#ff0000'
