"""ProtoQA, MMLU, ChaosNLI, CamChoice and Truth: records by hand and whole."""

import csv
import json

import numpy as np
import pandas as pd
import pytest

from uncertainty import data
from uncertainty.data import mmlu, truth
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


def test_protoqa_sorts_rounds_and_filters(tmp_path, data_dir):
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
def test_protoqa_equals_the_published_table(shared, data_dir):
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
      [data.human.entropy(i.human_shares) for i in items],
      published['human-ent'], atol=1e-6)


@pytest.mark.shared
@pytest.mark.parametrize(('subset', 'largest'), [
    ('dev.scraped', 9), ('dev.crowdsourced', 26)])
def test_protoqa_reads_the_development_files(
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


def _exam(folder, split):
  path = folder / 'mmlu' / split
  path.mkdir(parents=True)
  for subject in mmlu.SUBJECTS:
    with open(path / f'{subject}_{split}.csv', 'w', newline='') as file:
      csv.writer(file).writerow(
          [f'{subject}, {split}?', '1', '2', '3', '4', 'C'])


def test_mmlu_takes_worked_examples_of_the_same_subject(tmp_path, data_dir):
  _exam(tmp_path, 'test')
  _exam(tmp_path, 'dev')
  items = data.load(DataSpec('mmlu', manual_dir=str(tmp_path),
                             data_dir=data_dir, subset='anatomy,virology'))
  assert [i.group for i in items] == ['anatomy', 'virology']
  for item in items:
    assert item.question == f'{item.group}, test?'
    assert item.answer == 2 and item.answer_text == '3'
    [example] = item.extra['examples']
    assert example.question == f'{item.group}, dev?'


@pytest.mark.shared
def test_mmlu_holds_57_subjects(shared, data_dir):
  items = data.load(DataSpec('mmlu', manual_dir=str(shared / 'data'),
                             data_dir=data_dir))
  assert len(items) == 14042
  assert len({i.group for i in items}) == 57
  assert 'examples' not in items[0].extra  # no dev files there
  first = items[0]
  assert first.question.startswith('Find the degree for the given field')
  assert first.choices[first.answer] == '4'


@pytest.mark.shared
def test_chaosnli_has_a_hundred_judgements_an_item(shared, data_dir):
  items = data.load(DataSpec('chaosnli', manual_dir=str(shared / 'data'),
                             data_dir=data_dir))
  parts = {part: [i for i in items if i.group == part]
           for part in ('snli', 'mnli_m', 'alphanli')}
  assert {k: len(v) for k, v in parts.items()} == {
      'snli': 1514, 'mnli_m': 1599, 'alphanli': 1532}
  assert {i.human_count for i in items} == {100}
  assert {len(i.choices) for i in parts['alphanli']} == {2}
  # The README's own sample.
  sample = next(i for i in parts['snli']
                if i.item_id.endswith('193596775.jpg#3r1n'))
  assert sample.human_shares == (0.04, 0.67, 0.29)
  assert sample.choices == ('entailment', 'neutral', 'contradiction')
  assert sample.answer == 1
  assert data.human.entropy(sample.human_shares) * np.log2(3) == (
      pytest.approx(1.0907619435810212))


def test_camchoice_reads_the_file_as_it_ships(tmp_path, data_dir):
  def options(*shares):
    return {letter: {'text': f'choice {letter}', 'fac': share}
            for letter, share in zip('abcd', shares)}
  task = {'id': 7, 'title': 'T', 'text': 'A passage.', 'level': 'B2',
          'questions': {
              '1': {'text': 'Why?', 'answer': 'b',
                    'options': options(.1, .6, .2, .1)},
              '2': {'text': 'How?', 'answer': 'a',
                    'options': options(None, None, None, None)}}}
  name = 'Cambridge Multiple-Choice Questions Reading Dataset.jsonl'
  _lines(tmp_path / 'camchoice' / name, [task])
  spec = DataSpec('camchoice', manual_dir=str(tmp_path), data_dir=data_dir)
  first, second = data.load(spec)
  assert first.question == 'A passage. Why?' and first.group == 'B2'
  assert first.answer == 1 and first.answer_text == 'choice b'
  assert first.human_shares == pytest.approx((.1, .6, .2, .1))
  assert first.human == {'human_mc_prop_correct': .6}
  assert second.human_shares is None and second.human == {}
  _lines(tmp_path / 'camchoice' / name, [task, {'id': 8}])
  with pytest.raises(UserError, match='line 2: not a reading task'):
    data.load(spec)
  with pytest.raises(UserError, match='licence'):
    data.load(DataSpec('camchoice', data_dir=data_dir))


@pytest.mark.shared
def test_truth_has_six_topics_in_two_polarities_and_languages(shared, data_dir):
  items = data.load(DataSpec('truth', manual_dir=str(shared / 'data'),
                             data_dir=data_dir))
  cells = {(i.group, i.extra['polarity'], i.extra['language']) for i in items}
  assert cells == {(t, p, l) for t in truth.TOPICS for p in (1, -1)
                   for l in ('en', 'de')}
  by_text = {i.question: i for i in items}
  assert by_text['The city of Krasnodar is in Russia.'].answer == 0
  assert by_text['The city of Krasnodar is in South Africa.'].answer == 1
