"""A scene as PNG: shapes by matplotlib's Agg, letters by FreeType."""

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
_COMPRESSION = 1  # 6 saves a third and takes four times as long


def written(picture: scene.Scene) -> bytes:
  """The file of a scene.

  Args:
    picture: the scene.

  Returns:
    A PNG of `SCALE` pixels a unit.
  """
  size = round(picture.width * SCALE), round(picture.height * SCALE)
  shapes = RendererAgg(*size, 72)
  drawn = np.asarray(shapes.buffer_rgba())
  drawn[:] = 255
  # Agg's y goes up.
  place = Affine2D().scale(SCALE, -SCALE).translate(0, size[1])
  for mark in picture.marks:
    if not isinstance(mark, scene.Text):
      _DRAWERS[type(mark)](shapes, mark, place)
  image = Image.fromarray(np.ascontiguousarray(drawn[..., :3]))
  canvas = ImageDraw.Draw(image)
  for mark in picture.marks:
    if isinstance(mark, scene.Text):
      _text(image, canvas, mark)
  out = io.BytesIO()
  image.save(out, format='png', compress_level=_COMPRESSION,
             dpi=(100 * SCALE, 100 * SCALE))
  return out.getvalue()


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


def _rect(renderer: RendererAgg, mark: scene.Rect, place: Affine2D) -> None:
  (left, low), (right, high) = place.transform(
      [(mark.x, mark.y + mark.height), (mark.x + mark.width, mark.y)])
  pixels = np.asarray(renderer.buffer_rgba())
  height = len(pixels)
  # Whole pixels: neighbours leave no seam.
  box = pixels[max(0, round(height - high)):max(0, round(height - low)),
               max(0, round(left)):max(0, round(right)), :3]
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


def _text(image: Image.Image, canvas: ImageDraw.ImageDraw,
          mark: scene.Text) -> None:
  font = fonts.at_size(round(mark.size * SCALE))
  fill = scene.channels(mark.color)
  x, y = mark.x * SCALE, mark.y * SCALE
  anchor = {'start': 'ls', 'middle': 'ms', 'end': 'rs'}[mark.anchor]
  if not mark.angle and mark.opacity == 1:
    canvas.text((x, y), mark.text, fill, font, anchor)
    return
  # Turned about its middle, and laid where that leaves the anchor.
  wide, up, down = font.getlength(mark.text), *font.getmetrics()
  mask = Image.new('L', (math.ceil(wide) + 2, up + down))
  ImageDraw.Draw(mask).text(
      (1, up), mark.text, round(255 * mark.opacity), font, 'ls')
  start = {'start': 1.0, 'middle': 1 + wide / 2, 'end': 1 + wide}[mark.anchor]
  right, below = start - mask.width / 2, up - mask.height / 2
  cos, sin = (f(math.radians(mark.angle)) for f in (math.cos, math.sin))
  mask = mask.rotate(mark.angle, Image.Resampling.BILINEAR, expand=True)
  corner = (x - right * cos - below * sin - mask.width / 2,
            y + right * sin - below * cos - mask.height / 2)
  image.paste(fill, (round(corner[0]), round(corner[1])), mask)
