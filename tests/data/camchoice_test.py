"""CamChoice: the file as it ships."""

import json

import pytest

from uncertainty import data
from uncertainty.specs import DataSpec
from uncertainty.types import UserError


def _lines(path, records):
  path.parent.mkdir(parents=True, exist_ok=True)
  path.write_text('\n'.join(map(json.dumps, records)) + '\n')


def test_reads_the_file_as_it_ships(tmp_path, data_dir):
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
