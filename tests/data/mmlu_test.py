"""MMLU: subjects, and worked examples of the same subject."""

import csv

import pytest

from uncertainty import data
from uncertainty.data import mmlu
from uncertainty.specs import DataSpec


def _exam(folder, split):
  path = folder / 'mmlu' / split
  path.mkdir(parents=True)
  for subject in mmlu.SUBJECTS:
    with open(path / f'{subject}_{split}.csv', 'w', newline='') as file:
      csv.writer(file).writerow(
          [f'{subject}, {split}?', '1', '2', '3', '4', 'C'])


def test_takes_worked_examples_of_the_same_subject(tmp_path, data_dir):
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
def test_holds_57_subjects(shared, data_dir):
  items = data.load(DataSpec('mmlu', manual_dir=str(shared / 'data'),
                             data_dir=data_dir))
  assert len(items) == 14042
  assert len({i.group for i in items}) == 57
  assert 'examples' not in items[0].extra  # no dev files there
  first = items[0]
  assert first.question.startswith('Find the degree for the given field')
  assert first.choices[first.answer] == '4'
