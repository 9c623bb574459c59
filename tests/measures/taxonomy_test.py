"""The table of kinds names what is there."""

import re

from uncertainty.measures import registry, taxonomy


def test_measures_that_it_names_are_in_the_registry():
  # Some stand for several; others are of fields, tables, stages and modules.
  other = {'uncertainty', 'config', 'sets', 'sets_by_group', 'abstention',
           'tune'}
  for kind in taxonomy.KINDS:
    for name in re.findall(r'`([\w…]+)', kind.here):
      pattern = re.sub(r'_[KP]$', '_.*', name).replace('…', '.*')
      assert name in other or any(
          re.fullmatch(pattern, m) for m in registry.MEASURES), name


def test_every_kind_says_what_is_here_or_why_it_is_not():
  assert len({k.group for k in taxonomy.KINDS}) == 6
  assert all(k.here or k.absent for k in taxonomy.KINDS)


def test_every_measure_of_samples_has_a_kind():
  here = ' '.join(k.here for k in taxonomy.KINDS)
  for measure in registry.MEASURES.values():
    if measure.needs == 'samples':
      assert f'`{measure.name}`' in here, measure.name


def test_the_table_has_a_line_for_every_kind():
  lines = taxonomy.table().splitlines()
  assert len(lines) == len(taxonomy.KINDS) + 2
  assert {line.count('|') for line in lines} == {5}
  for kind, line in zip(taxonomy.KINDS, lines[2:], strict=True):
    cells = [cell.strip() for cell in line.split('|')[3:5]]
    for cell, text in zip(cells, (kind.here, kind.absent), strict=True):
      assert cell == text if text else cell == '–'
