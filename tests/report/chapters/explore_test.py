"""The chapter that draws items: where there are some, with what draws them."""

import pandas as pd

from uncertainty.report.chapters import explore, items


def test_what_draws_comes_beside_the_page_with_its_licences(
    made, spec, tmp_path):
  results = tmp_path / 'results' / 'vader'
  results.mkdir(parents=True)
  pd.DataFrame({'item_id': ['a', 'b'], 'question': ['x', 'y']}).to_parquet(
      results / 'A.parquet')
  items.chapter(made(), spec)
  for _ in range(2):  # again over what stands there
    chapter = explore.chapter(made(), spec)
  text = ''.join(chapter.blocks)
  assert 'data-explore' in text and 'no finding' in text
  folder = tmp_path / 'report/explore'
  assert {p.name for p in folder.iterdir()} == {'plot.js', 'LICENSES.txt'}
  assert (folder / 'plot.js').stat().st_size < 300_000
  assert 'plot.js' not in text  # the page loads it once it is asked to


def test_without_items_there_is_no_chapter(made, spec, tmp_path):
  assert explore.chapter(made(), spec) is None
  assert not (tmp_path / 'report').exists()
