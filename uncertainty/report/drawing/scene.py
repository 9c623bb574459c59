"""What a picture is made of. Lengths are in units of 1/100 inch, y down."""

import dataclasses
import functools
from collections.abc import Sequence

UNIT_POINTS = 0.72  # PDF's points in one unit
INK, SOFT, PAPER = '#222222', '#666666', '#ffffff'


@dataclasses.dataclass(frozen=True, slots=True)
class Rect:
  """A filled box.

  Attributes:
    x: its left side.
    y: its top.
    width: its width.
    height: its height.
    fill: `#rrggbb`.
    opacity: 0 to 1.
  """

  x: float
  y: float
  width: float
  height: float
  fill: str
  opacity: float = 1.0


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
  """A line through points.

  Attributes:
    points: (x, y) of each.
    color: `#rrggbb`.
    width: of the stroke.
    dashed: whether it is broken.
  """

  points: Sequence[tuple[float, float]]
  color: str
  width: float = 1.0
  dashed: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Circles:
  """Circles of one colour.

  Attributes:
    centers: (x, y) of each.
    radii: of each.
    color: `#rrggbb`, of the rim and, where filled, of the inside.
    filled: whether the inside has the colour; paper else.
    opacity: 0 to 1.
  """

  centers: Sequence[tuple[float, float]]
  radii: Sequence[float]
  color: str
  filled: bool = True
  opacity: float = 1.0


@dataclasses.dataclass(frozen=True, slots=True)
class Text:
  """One line of text.

  Attributes:
    x: of the anchor.
    y: of the base line.
    text: what stands there.
    size: of letters.
    color: `#rrggbb`.
    anchor: where x is: `start`, `middle` or `end` of the text.
    angle: degrees counterclockwise about the anchor.
    opacity: 0 to 1.
  """

  x: float
  y: float
  text: str
  size: float = 10.0
  color: str = INK
  anchor: str = 'start'
  angle: float = 0.0
  opacity: float = 1.0


Mark = Rect | Line | Circles | Text


@dataclasses.dataclass(frozen=True, slots=True)
class Scene:
  """A picture on white paper.

  Attributes:
    width: of the paper.
    height: of the paper.
    marks: what is drawn, back to front.
  """

  width: float
  height: float
  marks: Sequence[Mark]


@functools.lru_cache(maxsize=1024)
def blended(color: str, opacity: float, paper: str = PAPER) -> str:
  """A colour as it looks through.

  Args:
    color: `#rrggbb`.
    opacity: 0 to 1.
    paper: what is beneath.

  Returns:
    `#rrggbb`.
  """
  mixed = (round(opacity * a + (1 - opacity) * b)
           for a, b in zip(channels(color), channels(paper)))
  return '#' + ''.join(f'{value:02x}' for value in mixed)


@functools.lru_cache(maxsize=1024)
def channels(color: str) -> tuple[int, int, int]:
  """Red, green and blue.

  Args:
    color: `#rrggbb`.

  Returns:
    Each 0 to 255.
  """
  return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)
