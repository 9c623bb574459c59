"""ProtoQA: families of answers, by hand and whole."""

import json

import numpy as np
import pandas as pd
import pytest

from uncertainty import data, human
from uncertainty.specs import DataSpec
from uncertainty.types import UserError


def _lines(path, records):
  path.parent.mkdir(parents=True, exist_ok=True)
  path.write_text('\n'.join(map(json.dumps, records)) + '\n')


def _family(question, clusters):
  return {'metadata': {'id': 'x'}, 'question': {'original': question},
          'answers': {'raw': {}, 'clusters': {
              str(i): {'count': n, 'answers': [a]}
              for i, (a, n) in enumerate(clusters)}}}


def test_sorts_rounds_and_filters(tmp_path, data_dir):
  many = [(str(i), 1) for i in range(10)]
  _lines(tmp_path / 'protoqa' / 'dev.scraped.jsonl', [
      _family('Name one. ', [('a', 1), ('b', 2)]), _family('Q', [('a', 9)]),
      _family('Q', many)])
  [item] = data.load(DataSpec('protoqa', manual_dir=str(tmp_path),
                              data_dir=data_dir, subset='dev.scraped'))
  assert item.question == 'Name one.' and item.choices == ('b', 'a')
  assert item.human_shares == (0.6667, 0.3333) and item.human_count == 3
  assert item.answer is None
  with pytest.raises(UserError, match='protoqa has train, dev.scraped'):
    data.load(DataSpec('protoqa', subset='test', data_dir=data_dir))


@pytest.mark.shared
def test_equals_the_published_table(shared, data_dir):
  items = data.load(DataSpec('protoqa', manual_dir=str(shared / 'data'),
                             data_dir=data_dir))
  table = pd.read_parquet(shared / 'data' / 'protoqa' / 'protoqa_data.parquet')
  published = pd.read_parquet(
      shared / 'published' / 'protoqa' / 'protoqa_Llama_3.2_1B.parquet',
      columns=['human-ent'])
  assert [i.question for i in items] == table['Question'].tolist()
  assert [list(i.choices) for i in items] == [list(a) for a in table['Answers']]
  assert [i.human_count for i in items] == table['Response_Count'].tolist()
  ratios = [np.array(a) / np.sum(a) for a in table['Answer_Ratios']]
  np.testing.assert_allclose(np.concatenate([i.human_shares for i in items]),
                             np.concatenate(ratios), rtol=1e-12)
  np.testing.assert_allclose(
      [human.entropy(i.human_shares) for i in items],
      published['human-ent'], atol=1e-6)


@pytest.mark.shared
@pytest.mark.parametrize(('subset', 'largest'), [
    ('dev.scraped', 9), ('dev.crowdsourced', 26)])
def test_reads_the_development_files(
    shared, data_dir, subset, largest):
  items = data.load(DataSpec('protoqa', manual_dir=str(shared / 'data'),
                             data_dir=data_dir, subset=subset))
  path = shared / 'data' / 'protoqa' / f'{subset}.jsonl'
  records = [json.loads(line) for line in path.read_text().splitlines()]
  kept = [r for r in records if 2 <= r['num']['clusters'] <= largest]
  assert [i.question for i in items] == [
      r['question']['original'].strip() for r in kept]
  assert [i.human_count for i in items] == [r['num']['answers'] for r in kept]
  for item in items:
    assert list(item.human_shares) == sorted(item.human_shares, reverse=True)
