"""The chapter on items: what the item view starts from."""

import json
import re

import pandas as pd

from uncertainty.report.chapters import items


def test_the_catalogue_names_every_data_set_and_model(
    made, spec, tmp_path):
  results = tmp_path / 'results' / 'vader'
  results.mkdir(parents=True)
  for model in ('A</script>', 'B'):
    pd.DataFrame({'item_id': ['a', 'b'], 'question': ['x', 'y']}).to_parquet(
        results / f'{model.replace("/", "-")}.parquet')
  chapter = items.chapter(made(), spec)
  text = ''.join(chapter.blocks)
  (found,) = re.findall(r'<script type="application/json">(.*?)</script>', text)
  (entry,) = json.loads(found)
  assert entry['n'] == 2
  assert [m['name'] for m in entry['models']] == ['A<-script>', 'B']
  assert (tmp_path / 'report/items/vader/find.js').is_file()


def test_without_results_there_is_no_chapter(made, spec):
  assert items.chapter(made(), spec) is None
