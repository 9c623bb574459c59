"""The one font of pictures, DejaVu Sans, as matplotlib ships it."""

import dataclasses
import functools
import importlib.util
import io
import pathlib
import string
from collections.abc import Iterable
from typing import Any

from PIL import ImageFont

# What almost every picture needs; one subset serves them all.
_COMMON = frozenset(string.printable[:95] + '·–—−×≤≥≈…’“”ρΔΣτ²³±é→<>')
_MEASURED = 1000  # pixels, of the font that widths are taken from


def path() -> pathlib.Path:
  """Where the font lies.

  Returns:
    A TrueType file.
  """
  found = importlib.util.find_spec('matplotlib')
  assert found is not None and found.origin is not None, 'a dependency'
  # Without importing it: most starts draw nothing anew.
  return (pathlib.Path(found.origin).parent
          / 'mpl-data/fonts/ttf/DejaVuSans.ttf')


@functools.lru_cache(maxsize=64)
def at_size(pixels: int) -> ImageFont.FreeTypeFont:
  """The font to draw pixels with.

  Args:
    pixels: the size of letters.

  Returns:
    Pillow's font.
  """
  return ImageFont.truetype(
      str(path()), pixels, layout_engine=ImageFont.Layout.BASIC)


@functools.lru_cache(maxsize=65536)
def width(text: str, size: float) -> float:
  """How wide a text is.

  Args:
    text: one line.
    size: of letters.

  Returns:
    In the unit of `size`.
  """
  return at_size(_MEASURED).getlength(text) * size / _MEASURED


@dataclasses.dataclass(frozen=True, eq=False)
class Subset:
  """Part of the font, to put into a PDF.

  Attributes:
    data: a TrueType file of the glyphs.
    glyphs: character → place of its glyph in the file; those that the font
      does not have are not there.
    widths: of each glyph, in thousandths of the size.
    box: of the font, and what else a PDF says of it: lowest x and y, highest
      x and y, ascent and descent, in thousandths.
  """

  data: bytes
  glyphs: dict[str, int]
  widths: tuple[int, ...]
  box: tuple[int, ...]


def subset(texts: Iterable[str]) -> Subset:
  """The part of the font that some texts need.

  Args:
    texts: any.

  Returns:
    A subset with at least their characters, shared where it is alike.
  """
  return _subset(_COMMON.union(*texts))


@functools.lru_cache(maxsize=32)
def _subset(characters: frozenset[str]) -> Subset:
  from fontTools import subset as subsetting
  from fontTools import ttLib

  font = ttLib.TTFont(path(), recalcTimestamp=False)
  options = subsetting.Options(
      layout_features=[], hinting=False, notdef_outline=True, name_IDs=[],
      drop_tables=['FFTM', 'GDEF', 'GPOS', 'GSUB'])
  cutter = subsetting.Subsetter(options)
  cutter.populate(unicodes=map(ord, characters))
  cutter.subset(font)
  head: Any = font['head']
  lines: Any = font['hhea']
  scale = 1000 / head.unitsPerEm
  order = font.getGlyphOrder()
  glyphs = {chr(code): font.getGlyphID(name)
            for code, name in (font.getBestCmap() or {}).items()}
  widths = tuple(round(font['hmtx'][name][0] * scale) for name in order)
  box = tuple(round(v * scale) for v in (
      head.xMin, head.yMin, head.xMax, head.yMax, lines.ascent,
      lines.descent))
  # A PDF reads glyphs by their place: it needs none of these.
  for table in set(font.keys()) - {
      'GlyphOrder', 'glyf', 'loca', 'head', 'hhea', 'hmtx', 'maxp'}:
    del font[table]
  kept = io.BytesIO()
  font.save(kept)
  return Subset(kept.getvalue(), glyphs, widths, box)
