"""Groups of raters: every difference with its interval, and no verdict."""

import html
import json

import pandas as pd
import pytest

from uncertainty.report.chapters import rater_groups


@pytest.fixture
def table():
  """Two groups and models; raw p are small, corrected ones mostly not."""
  cells = [(statistic, group, model)
           for statistic in ('alignment', 'jensen_shannon')
           for model in ('tiny', 'large') for group in ('gen z', 'millenial')]
  difference = [.3, -.3, .1, -.1, .02, -.02, .05, -.05]
  return pd.DataFrame(cells, columns=[
      'statistic', 'rater_group', 'model']).assign(
          dataset='dices350', grouping='raw_age', value=.4, rest=.2,
          difference=difference, ci_low=[d - .2 for d in difference],
          ci_high=[d + .1 for d in difference],
          p_value=[.01, .01, .04, .04, .5, .5, .01, .04],
          p_bh=[.012, .013, .06, .06, .7, .7, .049, .06], n=60,
          n_raters=30)


def _page(found):
  return html.unescape('\n'.join(found.blocks))


def _plot(found):
  script, = (b for b in found.blocks if 'data-plot' in b)
  return json.loads(script.partition('json">')[2].partition('</script')[0])


def test_a_study_that_knows_no_groups_has_no_chapter(made, spec, table):
  assert rater_groups.chapter(made(), spec) is None
  assert rater_groups.chapter(
      made(rater_groups=table.iloc[:0]), spec) is None


def test_no_group_is_named_whatever_its_p(made, spec, table):
  page = _page(rater_groups.chapter(made(
      rater_groups=table.assign(p_bh=.001)), spec))
  assert 'none is named, and no claim is made' in page
  assert '<p>gen z' not in page and 'corrected p' not in page


def test_the_figure_has_each_cell_with_its_interval(made, spec, table):
  tables = made(rater_groups=table)
  plot = _plot(rater_groups.chapter(tables, spec))
  assert plot['y']['categories'] == [
      'millenial, large', 'millenial, tiny', 'gen z, large', 'gen z, tiny']
  assert [p['title'] for p in plot['panels']] == [
      'alignment with their entropy', 'divergence from their shares']
  alignment = plot['panels'][0]['series'][0]
  assert alignment['y'] == [3, 1, 2, 0]
  assert alignment['x'] == [.3, -.3, .1, -.1]
  assert alignment['low'] == pytest.approx([.1, -.5, -.1, -.3])
  assert alignment['high'] == pytest.approx([.4, -.2, .2, 0])
  assert alignment['models'] == ['tiny', 'tiny', 'large', 'large']
  assert list(tables.unwritten) == ['figures/rater_groups_dices350_raw_age']


def test_each_kind_of_group_has_its_figure_and_all_share_a_table(
    made, spec, table):
  both = pd.concat([table, table.assign(grouping='gender')])
  found = rater_groups.chapter(made(rater_groups=both), spec)
  page = _page(found)
  assert '<h3>DICES-350, raw age</h3>' in page
  assert '<h3>DICES-350, gender</h3>' in page
  assert sum('data-plot' in b for b in found.blocks) == 2
  folded, = (b for b in found.blocks if b.startswith('<details'))
  assert 'p, Benjamini–Hochberg' in folded and folded.count('raw age') == 8
  assert 'jensen_shannon' not in folded
