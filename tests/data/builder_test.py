"""Prepared data: round trip, quiet, once, and anew when a source changes."""

import sys

import pytest

from uncertainty import data
from uncertainty.data import builder
from uncertainty.specs import DataSpec
from uncertainty.types import UserError


def _spec(manual_dir, tmp_path, **fields) -> DataSpec:
  return DataSpec('truth', manual_dir=str(manual_dir),
                  data_dir=str(tmp_path / 'data'), **fields)


def test_items_survive_the_round_trip_without_tensorflow(
    manual_dir, tmp_path, capsys):
  items = data.load(_spec(manual_dir, tmp_path))
  assert len(items) == 2 * 24
  assert len({item.item_id for item in items}) == len(items)
  item = next(i for i in items if i.item_id == 'truth-neg_cities_de-0000')
  assert item.question == 'neg_cities_de is one, ‘quoted’.'
  assert item.choices == ('true', 'false')
  assert item.answer == 0 and item.answer_text == 'true'
  assert item.human_shares is None and item.group == 'cities'
  assert item.extra['polarity'] == -1 and item.extra['language'] == 'de'
  assert 'tensorflow' not in sys.modules
  printed = capsys.readouterr()
  assert printed.out == '' and printed.err == ''


def test_preparation_happens_once_and_anew_when_a_source_changes(
    manual_dir, tmp_path, monkeypatch):
  prepared = []
  prepare = builder.prepare
  monkeypatch.setattr(
      builder, 'prepare',
      lambda *args: (prepared.append(args), prepare(*args)))
  spec = _spec(manual_dir, tmp_path)
  assert data.load(spec) == data.load(spec)
  assert len(prepared) == 1
  (manual_dir / 'truth' / 'facts.csv').write_text('statement,label\nNew.,1\n')
  items = data.load(spec)
  assert len(prepared) == 2
  assert [i.question for i in items if i.item_id.startswith('truth-facts-')
         ] == ['New.']


def test_a_race_to_prepare_ends_with_one_copy(manual_dir, tmp_path):
  spec = _spec(manual_dir, tmp_path)
  first = data.load(spec)
  [folder] = (tmp_path / 'data' / 'prepared').iterdir()
  paths = data.BUILDERS['truth'].locate(spec, tmp_path)
  builder.prepare(data.BUILDERS['truth'], paths, folder)  # the slower one
  assert data.load(spec) == first
  assert [p.name for p in folder.parent.iterdir()] == [folder.name]


def test_bad_records_name_the_file_and_leave_nothing(manual_dir, tmp_path):
  (manual_dir / 'truth' / 'facts.csv').write_text(
      'statement,label\nA.,1\nB.,maybe\n')
  with pytest.raises(UserError, match=r'facts.csv, record 2: not a statement'):
    data.load(_spec(manual_dir, tmp_path))
  assert list((tmp_path / 'data' / 'prepared').iterdir()) == []


def test_a_folder_that_cannot_be_written_says_so(manual_dir, tmp_path):
  blocker = tmp_path / 'data' / 'prepared'
  blocker.parent.mkdir()
  blocker.write_text('a file')
  with pytest.raises(UserError, match=r'cannot write prepared data.*data_dir'):
    data.load(_spec(manual_dir, tmp_path))
