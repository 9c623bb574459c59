"""The alignment chapter: primary values and counts, never the best cell."""

import json
import re

import numpy as np
import pandas as pd

from uncertainty.report.chapters import alignment


def _page(chapter):
  return '\n'.join(map(str, chapter.blocks))


def test_lead_gives_the_primary_measure(
    made, spec, alignment_cells):
  page = _page(alignment.chapter(made(alignment=alignment_cells), spec))
  assert 'choice entropy: ρ = 0.20 in the median of 2 models.' in page
  assert 'best' not in page and '0.60' not in page


def test_one_model_is_given_with_its_interval(made, spec, alignment_cells):
  one = alignment_cells[alignment_cells['model'] == 'A']
  page = _page(alignment.chapter(made(alignment=one), spec))
  assert 'choice entropy of A: ρ = 0.30 [0.10, 0.50]' in page


def test_panel_holds_values_intervals_and_marks(made, spec, alignment_cells):
  tables = made(alignment=alignment_cells)
  page = _page(alignment.chapter(tables, spec))
  found = re.search(r'data-heatmap.*?json">(.*?)</script>', page, re.DOTALL)
  assert found
  data = json.loads(found.group(1))
  assert data['columns'] == ['A', 'B'] and data['sign'] == 1
  at = data['rows'].index('choice entropy')
  assert data['values'][at] == [.3, .1]
  assert data['weak'][at] == [0, 1]
  assert data['details']['low'][at] == [.1, -.1]
  tables.write_files()
  svg = (tables.figures() / 'alignment_coane_human_entropy_mc.svg').read_text()
  assert '>.30</text>' in svg and '>.60</text>' in svg
  assert 'figures/alignment_coane_human_entropy_mc.pdf' in page


def test_aligned_is_what_the_claim_says(made, spec, alignment_cells):
  claims = [{'claim': 'aligned', 'data': 'coane', 'model': m, 'low': .01,
             'high': .6, 'n_items': 40, 'n_raters': 50.0, 'estimate': rho,
             'measure': 'mc_choice_entropy', 'verdict': verdict}
            for m, rho, verdict in (('A', .3, 'supported'),
                                    ('B', .1, 'cannot tell'))]
  page = _page(alignment.chapter(
      made(alignment=alignment_cells, claims=claims), spec))
  assert '1 of them is aligned by the claim' in page
  one = alignment_cells[alignment_cells['model'] == 'A']
  page = _page(alignment.chapter(
      made(alignment=one, claims=claims[:1]), spec))
  assert 'ρ = 0.30 [0.01, 0.60].' in page


def test_every_model_has_a_panel_and_no_line_is_said_where_none_is(
    made, spec, alignment_cells):
  one = alignment_cells[alignment_cells['measure'] == 'mc_choice_entropy']
  models = [f'M{i}' for i in range(11)]
  cells = pd.concat([one.iloc[:1].assign(model=m) for m in models])
  chance = np.random.default_rng(0)
  items = pd.DataFrame({
      'model': np.repeat(models, 5), 'dataset': 'coane',
      'uncertainty_measure': 'mc_choice_entropy',
      'human_entropy': chance.random(55),
      'model_uncertainty': chance.random(55)})
  page = _page(alignment.chapter(made(alignment=cells, items=items), spec))
  found = re.search(r'data-plot.*?json">(.*?)</script>', page, re.DOTALL)
  assert found
  panels = json.loads(found.group(1))['panels']
  assert [p['model'] for p in panels] == models
  assert {len(p['series']) for p in panels} == {1}
  assert 'medians of ten slices' not in page


def test_a_line_joins_medians_of_ten_equal_slices_of_all_items():
  x = np.arange(40) / 39
  cloud, line = alignment.points(np.stack([x, x ** 2], axis=1))
  assert len(cloud.x) == 40 and len(line.x) == 10 and line.n == [4] * 10
  np.testing.assert_allclose(
      [line.x[0], line.y[0]], [x[:4].mean(), np.median(x[:4] ** 2)])
  many = np.random.default_rng(0).random((1500, 2))
  cloud, line = alignment.points(many)
  assert len(cloud.x) == 500 and sum(line.n) == 1500


def test_few_items_are_marks_that_can_be_pointed_at():
  (items,) = alignment.points(np.array([[.1, .2], [.3, .4], [.5, .9]]))
  assert items.x == [.1, .3, .5] and not items.cloud


def test_no_alignment_is_no_chapter(made, spec):
  assert alignment.chapter(made(), spec) is None
