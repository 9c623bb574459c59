"""SVG: well formed, in place, text as text."""

from xml.etree import ElementTree

from uncertainty.report.drawing import Scene, Text, svg

_SPACE = '{http://www.w3.org/2000/svg}'


def test_every_mark_is_there(picture):
  root = ElementTree.fromstring(svg.written(picture))
  assert root.get('viewBox') == '0 0 200 100'
  kinds = [child.tag.removeprefix(_SPACE) for child in root][1:]
  assert kinds == ['rect', 'rect', 'polyline', 'g', 'g', 'text', 'text']
  filled, hollow = root.iter(f'{_SPACE}g')
  assert filled.get('fill') == '#0072b2' and hollow.get('fill') == '#ffffff'
  texts = list(root.iter(f'{_SPACE}text'))
  assert texts[0].text == 'ρ < .05 & ²'
  assert texts[1].get('transform') == 'rotate(-55 150 90)'


def test_what_xml_cannot_hold_is_left_out():
  made = svg.written(Scene(9, 9, [Text(0, 0, 'a\x00b\ud800c')]))
  root = ElementTree.fromstring(made)
  assert root[1].text == 'abc'
