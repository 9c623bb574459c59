"""A scene as PNG: shapes by matplotlib's Agg, letters by FreeType."""

import dataclasses
import functools
import io
import math

import numpy as np
from matplotlib.backend_bases import GraphicsContextBase
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.path import Path
from matplotlib.transforms import Affine2D
from PIL import Image, ImageDraw

from uncertainty.report.drawing import fonts, scene

SCALE = 1.5  # pixels in one unit: 150 an inch
_COMPRESSION = 1  # 6 takes four times as long for a third less


def written(picture: scene.Scene) -> bytes:
  """The file of a scene.

  Args:
    picture: the scene.

  Returns:
    A PNG of `SCALE` pixels a unit.
  """
  size = round(picture.width * SCALE), round(picture.height * SCALE)
  shapes = RendererAgg(*size, 72)
  np.asarray(shapes.buffer_rgba())[:] = 255
  # Agg's y goes up.
  place = Affine2D().scale(SCALE, -SCALE).translate(0, size[1])
  for mark in picture.marks:
    if not isinstance(mark, scene.Text):
      _DRAWERS[type(mark)](shapes, mark, place)
  image = Image.fromarray(np.asarray(shapes.buffer_rgba())).convert('RGB')
  for mark in picture.marks:
    if isinstance(mark, scene.Text):
      _text(image, mark)
  file = io.BytesIO()
  image.save(file, 'PNG', compress_level=_COMPRESSION,
             dpi=(100 * SCALE, 100 * SCALE))
  return file.getvalue()


def _colour(color: str, opacity: float = 1.0,
            ) -> tuple[float, float, float, float]:
  red, green, blue = (c / 255 for c in scene.channels(color))
  return red, green, blue, opacity


def _style(renderer: RendererAgg, width: float, color: str,
           opacity: float = 1.0) -> GraphicsContextBase:
  style = renderer.new_gc()
  style.set_linewidth(width * SCALE)
  style.set_foreground(_colour(color, opacity), isRGBA=True)
  return style


def _rect(renderer: RendererAgg, mark: scene.Rect, _: Affine2D) -> None:
  pixels = np.asarray(renderer.buffer_rgba())
  # Whole pixels: neighbours leave no seam.
  left, top, right, bottom = (max(0, round(SCALE * v)) for v in (
      mark.x, mark.y, mark.x + mark.width, mark.y + mark.height))
  box = pixels[top:bottom, left:right, :3]
  fill = scene.channels(mark.fill)
  box[:] = fill if mark.opacity == 1 else np.rint(
      mark.opacity * np.asarray(fill) + (1 - mark.opacity) * box)


def _line(renderer: RendererAgg, mark: scene.Line, place: Affine2D) -> None:
  if len(mark.points) < 2:
    return
  style = _style(renderer, mark.width, mark.color)
  if mark.dashed:
    style.set_dashes(0, [5 * SCALE, 3 * SCALE])
  renderer.draw_path(style, Path(np.asarray(mark.points, float)), place)


def _circles(
    renderer: RendererAgg, mark: scene.Circles, place: Affine2D) -> None:
  style = _style(renderer, 1, mark.color, mark.opacity)
  inside = _colour(mark.color if mark.filled else scene.PAPER, mark.opacity)
  radii = np.asarray(mark.radii, float)
  centers = np.asarray(mark.centers, float).reshape(-1, 2)
  for radius in np.unique(radii):
    renderer.draw_markers(
        style, Path.unit_circle(), Affine2D().scale(radius * SCALE),
        Path(centers[radii == radius]), place, inside)


_DRAWERS = {scene.Rect: _rect, scene.Line: _line, scene.Circles: _circles}


def _text(image: Image.Image, mark: scene.Text) -> None:
  letters = _letters(mark.text, round(mark.size * SCALE), mark.anchor,
                     mark.angle, mark.opacity)
  corner = mark.x * SCALE - letters.left, mark.y * SCALE - letters.above
  image.paste(scene.channels(mark.color), (round(corner[0]), round(corner[1])),
              letters.mask)


@dataclasses.dataclass(frozen=True)
class _Letters:
  """A text in pixels.

  Attributes:
    mask: how much of each pixel it covers.
    left: from the mask's left side to the anchor.
    above: from the mask's top to the anchor.
  """

  mask: Image.Image
  left: float
  above: float


# A heatmap says the same numbers again and again.
@functools.lru_cache(maxsize=4096)
def _letters(text: str, pixels: int, anchor: str, angle: float,
             opacity: float) -> _Letters:
  font = fonts.at_size(pixels)
  wide, up, down = font.getlength(text), *font.getmetrics()
  mask = Image.new('L', (math.ceil(wide) + 2, up + down))
  ImageDraw.Draw(mask).text((1, up), text, round(255 * opacity), font, 'ls')
  start = {'start': 1.0, 'middle': 1 + wide / 2, 'end': 1 + wide}[anchor]
  if not angle:
    return _Letters(mask, start, up)
  # Turned about its middle, and laid where that leaves the anchor.
  right, below = start - mask.width / 2, up - mask.height / 2
  cos, sin = (f(math.radians(angle)) for f in (math.cos, math.sin))
  mask = mask.rotate(angle, Image.Resampling.BILINEAR, expand=True)
  return _Letters(mask, right * cos + below * sin + mask.width / 2,
                  below * cos - right * sin + mask.height / 2)
