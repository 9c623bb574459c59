"""PNG: every mark where it should be, in its colour."""

import io

import numpy as np
import pytest
from PIL import Image

from uncertainty.report.drawing import Scene, Text, png


def _pixels(picture):
  image = Image.open(io.BytesIO(png.written(picture)))
  return np.asarray(image.convert('RGB')).astype(int)


def _at(pixels, x, y):
  return tuple(pixels[round(y * png.SCALE), round(x * png.SCALE)])


def test_the_file_says_its_size_on_paper(picture):
  image = Image.open(io.BytesIO(png.written(picture)))
  # The format holds whole pixels a metre.
  assert image.info['dpi'] == pytest.approx((150, 150), abs=.5 * .0254)


def test_boxes_lines_and_circles_have_their_colours(picture):
  pixels = _pixels(picture)
  assert pixels.shape[:2] == (150, 300)
  assert _at(pixels, 50, 80) == (255, 0, 0)
  assert _at(pixels, 125, 20) == (128, 128, 255)
  assert _at(pixels, 195, 20) == (255, 255, 255)
  assert _at(pixels, 50, 50) == (0, 255, 0)
  assert _at(pixels, 175, 25) == (0, 114, 178)
  assert _at(pixels, 175, 75) == (255, 255, 255)  # hollow


def test_letters_stand_on_their_line_(picture):
  dark = (_pixels(picture) < 60).all(axis=2)
  rows, columns = np.nonzero(dark[:, :140])
  assert rows.max() / png.SCALE < 34 and columns.min() / png.SCALE > 9


def test_turned_letters_end_at_their_anchor():
  pixels = _pixels(Scene(200, 100, [
      Text(150, 20, 'turned', 10, '#000000', 'end', 55)]))
  rows, columns = np.nonzero(pixels.min(axis=2) < 128)
  x, y = columns / png.SCALE, rows / png.SCALE
  assert x.max() <= 152 and y.min() >= 12  # up and to the right, ends there
  assert x.min() < 135 and y.max() > 40  # from below on the left
