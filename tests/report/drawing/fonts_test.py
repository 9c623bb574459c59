"""The font of pictures: widths, and subsets for PDF."""

import io

from fontTools import ttLib

from uncertainty.report.drawing import fonts


def test_widths_grow_with_text_and_size():
  assert fonts.width('mm', 10) > 1.9 * fonts.width('m', 10) > 0
  assert abs(fonts.width('m', 20) - 2 * fonts.width('m', 10)) < 1e-9


def test_a_subset_has_the_letters_and_is_shared():
  made = fonts.subset(['ρ', 'abc'])
  assert made is fonts.subset(['cba'])
  font = ttLib.TTFont(io.BytesIO(made.data))
  assert len(font.getGlyphOrder()) == len(made.widths)
  assert made.widths[made.glyphs['m']] == round(fonts.width('m', 1000))
  assert len(made.data) < 60_000


def test_letters_beyond_the_common_ones_get_their_own():
  made = fonts.subset(['ж 中'])
  assert 'ж' in made.glyphs and 'a' in made.glyphs
  assert '中' not in made.glyphs  # the font has none
