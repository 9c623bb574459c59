"""The folder of items: all of them, and no others."""

import base64
import json
import shutil
import zlib

import numpy as np
import pandas as pd
import pytest

from uncertainty.report import tables
from uncertainty.report.items import chunks, folder
from uncertainty.types import UserError


@pytest.fixture
def analysed(workdir, results, write_analysis):
  """The same workdir with what analysis says of its items."""
  write_analysis(workdir, items=pd.concat([pd.DataFrame({
      'model': model, 'dataset': 'vader', 'item_id': results['item_id'],
      'human_entropy': np.linspace(1, 0, 12),
      'model_shares': [[.9, .1]] * 12,
      'model_uncertainty': np.linspace(0, 2, 12),
      'uncertainty_measure': 'mc_choice_entropy'})
             for model in 'AB']))
  return tables.read(workdir)


def _content(workdir, name):
  text = (workdir / f'report/items/{name}.js').read_text().split('"')
  assert text[1] == name
  return json.loads(zlib.decompress(base64.b64decode(text[3])))


def test_every_item_of_every_model_is_there(analysed, spec, monkeypatch):
  monkeypatch.setattr(chunks, 'RAW_BYTES', 2500)
  (entry,) = folder.write(analysed, spec)
  assert (entry['name'], entry['title'], entry['n']) == (
      'vader', 'VADER word valence', 12)
  assert _content(analysed.workdir, 'vader/ids') == {
      'id': [f'v-{i:02d}' for i in range(12)]}
  found = _content(analysed.workdir, 'vader/find')
  assert found['q'][2] == 'How is word 2?\ngood / bad\n'
  assert found['d'][0] == 100  # people's entropy is the analysis' own
  parts = [_content(analysed.workdir, f'vader/asked-{p}')
           for p in range(-(-12 // entry['step']))]
  assert entry['step'] < 12
  assert sum(len(p['items']) for p in parts) == 12
  assert [m['name'] for m in entry['models']] == ['A', 'B']
  assert entry['models'][0]['bars'].startswith("the probability of a choice's")
  last = parts[-1]['models']
  assert last[0][-1]['w'] == 'good' and last[1][-1] == {
      's': [9000, 1000], 'u': 2.0, 'd': 100}
  step = entry['models'][1]['step']
  told = _content(analysed.workdir, f'vader/told-1-{3 // step}')
  row = told['items'][3 % step]
  assert told['begin']['letters'] + row['prompts'][0][1] == (
      '<s>Rate the word.\n3 </b>')
  assert _content(analysed.workdir, 'vader/scan-0')['r'][:2] == [1, 0]
  people, model = (_content(analysed.workdir, f'vader/numbers{of}')['columns']
                   for of in ('', '-1'))
  assert people[0]['name'] == 'human_entropy' and len(people[0]['v']) == 12
  assert model[0]['name'] == 'model_uncertainty' and model[0]['v'][11] == 2


def test_an_item_that_was_analysed_twice_is_named(analysed, spec):
  path = analysed.workdir / 'analysis/items.parquet'
  rows = pd.read_parquet(path)
  pd.concat([rows, rows.iloc[[3]]]).to_parquet(path)
  with pytest.raises(UserError, match="item 'v-03' of A twice; run"):
    folder.write(tables.read(analysed.workdir), spec)


def test_what_stood_there_before_goes(analysed, spec):
  stale = analysed.workdir / 'report/items/old/find.js'
  stale.parent.mkdir(parents=True)
  stale.write_text('')
  folder.write(analysed, spec)
  assert not stale.exists()
  assert not list((analysed.workdir / 'report').glob('*.partial'))


def test_what_was_written_from_the_same_stays(analysed, spec, results):
  first = folder.write(analysed, spec)
  chunk = analysed.workdir / 'report/items/vader/find.js'
  before = chunk.stat().st_mtime_ns
  assert folder.write(analysed, spec) == first
  assert chunk.stat().st_mtime_ns == before
  results.assign(question='Another?').to_parquet(
      analysed.workdir / 'results/vader/A.parquet')
  folder.write(analysed, spec)
  assert 'Another?' in _content(analysed.workdir, 'vader/find')['q'][0]


def test_without_results_there_is_no_folder(analysed, spec):
  folder.write(analysed, spec)
  shutil.rmtree(analysed.workdir / 'results')
  assert folder.write(analysed, spec) == []
  assert not (analysed.workdir / 'report/items').exists()
