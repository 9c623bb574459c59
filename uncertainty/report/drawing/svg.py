"""A scene as SVG: text stays text."""

import html

from uncertainty.report.drawing import scene


def written(picture: scene.Scene) -> bytes:
  """The file of a scene.

  Args:
    picture: the scene.

  Returns:
    A whole SVG document in UTF-8.
  """
  parts = [_WRITERS[type(mark)](mark) for mark in picture.marks]
  size = f'{_number(picture.width)} {_number(picture.height)}'
  width, height = size.split()
  return (
      f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" '
      f'height="{height}" viewBox="0 0 {size}" '
      'font-family="DejaVu Sans, Arial, sans-serif">'
      f'<rect width="100%" height="100%" fill="{scene.PAPER}"/>'
      f'{"".join(parts)}</svg>\n').encode('utf-8', 'xmlcharrefreplace')


def _number(value: float) -> str:
  return f'{value:.2f}'.rstrip('0').rstrip('.')


def _opacity(value: float) -> str:
  return '' if value == 1 else f' opacity="{_number(value)}"'


def _rect(mark: scene.Rect) -> str:
  return (f'<rect x="{_number(mark.x)}" y="{_number(mark.y)}" '
          f'width="{_number(mark.width)}" height="{_number(mark.height)}" '
          f'fill="{mark.fill}"{_opacity(mark.opacity)}/>')


def _line(mark: scene.Line) -> str:
  points = ' '.join(f'{_number(x)},{_number(y)}' for x, y in mark.points)
  dashes = ' stroke-dasharray="5 3"' if mark.dashed else ''
  return (f'<polyline points="{points}" fill="none" stroke="{mark.color}" '
          f'stroke-width="{_number(mark.width)}"{dashes}/>')


def _circles(mark: scene.Circles) -> str:
  fill = mark.color if mark.filled else scene.PAPER
  circles = ''.join(
      f'<circle cx="{_number(x)}" cy="{_number(y)}" r="{_number(radius)}"/>'
      for (x, y), radius in zip(mark.centers, mark.radii, strict=True))
  return (f'<g fill="{fill}" stroke="{mark.color}"{_opacity(mark.opacity)}>'
          f'{circles}</g>')


# What XML cannot hold, not even escaped, is left out.
_FORBIDDEN = dict.fromkeys(
    [*range(9), 11, 12, *range(14, 32), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF])


def _text(mark: scene.Text) -> str:
  place = f'x="{_number(mark.x)}" y="{_number(mark.y)}"'
  turn = (f' transform="rotate({_number(-mark.angle)} {_number(mark.x)} '
          f'{_number(mark.y)})"' if mark.angle else '')
  anchor = '' if mark.anchor == 'start' else f' text-anchor="{mark.anchor}"'
  return (f'<text {place} font-size="{_number(mark.size)}" '
          f'fill="{mark.color}"{anchor}{turn}{_opacity(mark.opacity)}>'
          f'{html.escape(mark.text.translate(_FORBIDDEN), quote=False)}'
          '</text>')


_WRITERS = {scene.Rect: _rect, scene.Line: _line, scene.Circles: _circles,
            scene.Text: _text}
