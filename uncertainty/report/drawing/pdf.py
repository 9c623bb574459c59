"""A scene as PDF: vectors, and text that can be searched and copied.

Written by hand from ISO 32000: matplotlib takes a second for a heatmap of five
hundred texts, and a study of thirty models has 250 heatmaps.
"""

import functools
import math
import zlib

from uncertainty.report.drawing import fonts, scene

_BEZIER = 0.5522847  # of a quarter circle (4/3 tan(π/8))
_FONT = 'DejaVuSans'


def written(picture: scene.Scene) -> bytes:
  """The file of a scene.

  Args:
    picture: the scene.

  Returns:
    A PDF of one page of the scene's size.
  """
  font = fonts.subset(
      mark.text for mark in picture.marks if isinstance(mark, scene.Text))
  seen: dict[float, str] = {}  # opacity → its name among resources
  # y goes down, as in the scene.
  down = picture.height * scene.UNIT_POINTS
  content = [
      f'{scene.UNIT_POINTS} 0 0 -{scene.UNIT_POINTS} 0 {down:.2f} cm']
  for mark in picture.marks:
    opacity = getattr(mark, 'opacity', 1.0)
    name = seen.setdefault(opacity, f'O{len(seen)}')
    content.append(f'/{name} gs')
    content.append(_WRITERS[type(mark)](mark) if not isinstance(
        mark, scene.Text) else _text(mark, font))
  states = ''.join(f'/{name}<</ca {value:.2f}/CA {value:.2f}>>'
                   for value, name in seen.items())
  size = (f'{picture.width * scene.UNIT_POINTS:.2f} '
          f'{picture.height * scene.UNIT_POINTS:.2f}')
  return _file([
      b'<</Type/Catalog/Pages 2 0 R>>',
      b'<</Type/Pages/Kids[3 0 R]/Count 1>>',
      (f'<</Type/Page/Parent 2 0 R/MediaBox[0 0 {size}]/Contents 4 0 R'
       f'/Resources<</Font<</F 5 0 R>>/ExtGState<<{states}>>>>>>').encode(),
      _stream('\n'.join(content).encode('ascii')), *_font_objects(font)])


def _file(objects: list[bytes]) -> bytes:
  """Objects numbered from 1, with the table of where each begins."""
  out = bytearray(b'%PDF-1.7\n%\xe2\xe3\xcf\xd3\n')
  places = []
  for number, body in enumerate(objects, 1):
    places.append(len(out))
    out += b'%d 0 obj\n%s\nendobj\n' % (number, body)
  start = len(out)
  out += b'xref\n0 %d\n0000000000 65535 f \n' % (len(objects) + 1)
  out += b''.join(b'%010d 00000 n \n' % place for place in places)
  out += b'trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n' % (
      len(objects) + 1, start)
  return bytes(out)


def _stream(data: bytes, more: str = '') -> bytes:
  packed = zlib.compress(data, 6)
  return b'<</Length %d/Filter/FlateDecode%s>>\nstream\n%s\nendstream' % (
      len(packed), more.encode('ascii'), packed)


@functools.lru_cache(maxsize=32)
def _font_objects(font: fonts.Subset) -> list[bytes]:
  """Objects 5 to 9: the font, its glyphs, and what they mean."""
  low_x, low_y, high_x, high_y, ascent, descent = font.box
  widths = ' '.join(map(str, font.widths))
  meanings = '\n'.join(
      f'<{glyph:04x}> <{text.encode("utf-16-be").hex()}>'
      for text, glyph in font.glyphs.items())
  # One bfchar block holds at most 100 lines.
  lines = meanings.splitlines()
  blocks = [lines[i:i + 100] for i in range(0, len(lines), 100)]
  to_unicode = (
      '/CIDInit /ProcSet findresource begin 12 dict begin begincmap '
      '/CMapName /U def /CMapType 2 def 1 begincodespacerange '
      '<0000> <ffff> endcodespacerange\n'
      + '\n'.join(f'{len(block)} beginbfchar\n' + '\n'.join(block)
                  + '\nendbfchar' for block in blocks)
      + '\nendcmap end end')
  return [
      (f'<</Type/Font/Subtype/Type0/BaseFont/{_FONT}/Encoding/Identity-H'
       '/DescendantFonts[6 0 R]/ToUnicode 9 0 R>>').encode(),
      (f'<</Type/Font/Subtype/CIDFontType2/BaseFont/{_FONT}/CIDSystemInfo'
       '<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>'
       f'/FontDescriptor 7 0 R/CIDToGIDMap/Identity/W[0[{widths}]]>>'
       ).encode(),
      (f'<</Type/FontDescriptor/FontName/{_FONT}/Flags 32/FontBBox'
       f'[{low_x} {low_y} {high_x} {high_y}]/ItalicAngle 0/Ascent {ascent}'
       f'/Descent {descent}/CapHeight 729/StemV 80/FontFile2 8 0 R>>'
       ).encode(),
      _stream(font.data, f'/Length1 {len(font.data)}'),
      _stream(to_unicode.encode('ascii'))]


@functools.lru_cache(maxsize=1024)
def _colour(color: str, operator: str) -> str:
  return ' '.join(f'{c / 255:.3f}' for c in scene.channels(color)) + (
      f' {operator}')


def _rect(mark: scene.Rect) -> str:
  return (f'{_colour(mark.fill, "rg")} {mark.x:.2f} {mark.y:.2f} '
          f'{mark.width:.2f} {mark.height:.2f} re f')


def _line(mark: scene.Line) -> str:
  steps = ' '.join(f'{x:.2f} {y:.2f} {"l" if i else "m"}'
                   for i, (x, y) in enumerate(mark.points))
  dashes = '[5 3] 0 d' if mark.dashed else '[] 0 d'
  return (f'{_colour(mark.color, "RG")} {mark.width:.2f} w {dashes} '
          f'{steps} S')


def _circles(mark: scene.Circles) -> str:
  fill = mark.color if mark.filled else scene.PAPER
  return '\n'.join([
      f'{_colour(fill, "rg")} {_colour(mark.color, "RG")} 1 w [] 0 d',
      *(_circle(x, y, radius) for (x, y), radius in zip(
          mark.centers, mark.radii, strict=True))])


def _circle(x: float, y: float, r: float) -> str:
  k = r * _BEZIER
  curves = ((x + r, y + k, x + k, y + r, x, y + r),
            (x - k, y + r, x - r, y + k, x - r, y),
            (x - r, y - k, x - k, y - r, x, y - r),
            (x + k, y - r, x + r, y - k, x + r, y))
  return f'{x + r:.2f} {y:.2f} m ' + ' '.join(
      ' '.join(f'{v:.2f}' for v in curve) + ' c' for curve in curves) + ' b'


def _text(mark: scene.Text, font: fonts.Subset) -> str:
  shown, thousandths = _shown(mark.text, font)
  wide = thousandths * mark.size / 1000
  back = {'start': 0.0, 'middle': wide / 2, 'end': wide}[mark.anchor]
  turn = math.radians(mark.angle)
  cos, sin = math.cos(turn), math.sin(turn)
  x, y = mark.x - back * cos, mark.y + back * sin
  # The scene's y goes down and letters go up: their second axis is turned.
  return (f'BT {_colour(mark.color, "rg")} /F {mark.size:.2f} Tf '
          f'{cos:.4f} {-sin:.4f} {-sin:.4f} {-cos:.4f} {x:.2f} {y:.2f} Tm '
          f'<{shown}> Tj ET')


@functools.lru_cache(maxsize=4096)
def _shown(text: str, font: fonts.Subset) -> tuple[str, int]:
  """The glyphs of a text in hexadecimal, and its width in thousandths."""
  glyphs = [font.glyphs.get(c, 0) for c in text]  # 0: a box
  return (''.join(f'{g:04x}' for g in glyphs),
          sum(font.widths[g] for g in glyphs))


_WRITERS = {scene.Rect: _rect, scene.Line: _line, scene.Circles: _circles}
