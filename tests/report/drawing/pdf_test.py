"""PDF: its parts are where it says, its text can be read."""

import re
import zlib

from uncertainty.report.drawing import pdf


def _streams(made):
  return [zlib.decompress(body) for body in re.findall(
      rb'stream\n(.*?)\nendstream', made, re.DOTALL)]


def test_objects_lie_where_the_table_says(picture):
  made = pdf.written(picture)
  assert made.startswith(b'%PDF-1.7') and made.endswith(b'%%EOF\n')
  start = int(made.rsplit(b'startxref\n', 1)[1].split()[0])
  places = re.findall(rb'(\d{10}) 00000 n', made[start:])
  assert len(places) == 9
  for number, place in enumerate(places, 1):
    assert made[int(place):].startswith(b'%d 0 obj' % number)
  for length, body in re.findall(
      rb'/Length (\d+)/Filter.*?stream\n(.*?)\nendstream', made, re.DOTALL):
    assert len(body) == int(length)
  assert b'/MediaBox[0 0 144.00 72.00]' in made


def test_text_maps_back_to_its_letters(picture):
  content, _, meanings = _streams(pdf.written(picture))
  letters = {glyph: bytes.fromhex(text.decode()).decode('utf-16-be')
             for glyph, text in re.findall(
                 rb'<([0-9a-f]{4})> <([0-9a-f]+)>\n', meanings + b'\n')}
  shown = [''.join(letters[bytes(word[i:i + 4])]
                   for i in range(0, len(word), 4))
           for word in re.findall(rb'<([0-9a-f]+)> Tj', content)]
  assert shown == ['ρ < .05 & ²', 'turned']


def test_shapes_and_opacity_are_written(picture):
  made = pdf.written(picture)
  content = _streams(made)[0].decode()
  assert '1.000 0.000 0.000 rg 0.00 0.00 100.00 100.00 re f' in content
  assert content.count(' c') >= 8  # two circles of four curves
  assert b'/ca 0.50/CA 0.50' in made
