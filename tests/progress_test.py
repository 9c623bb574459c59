"""Progress: what its lines say, in the log and in the file."""

import json
import logging
import time

import pytest

from uncertainty import progress


class _Clock:
  now = 0.0

  def __call__(self):
    return self.now


@pytest.fixture
def clock():
  return _Clock()


def _lines(path):
  return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_line_says_what_is_done_how_fast_and_what_is_left(clock):
  counted = progress.Progress(
      None, stage='score', model='tiny', dataset='vader', task='text',
      total=400, done=100, clock=clock)
  assert counted.line() == 'score vader/tiny text: 100 of 400'
  clock.now = 10.0
  counted.add(20)
  # Items of an earlier start are done, and were not done at this rate.
  assert counted.rate == 2
  assert counted.line() == (
      'score vader/tiny text: 120 of 400, 2 a second, 2 min 20 s left')


@pytest.mark.parametrize('seconds, said', [
    (5, '5 s'), (119.6, '2 min 0 s'), (7260, '2 h 1 min')])
def test_a_stage_that_does_not_count_says_how_long_it_runs(
    clock, seconds, said):
  counted = progress.Progress(None, stage='analyze', clock=clock)
  clock.now = seconds
  assert counted.line() == f'analyze: running for {said}'


def test_the_file_has_a_line_a_second_at_most_and_the_ends(tmp_path, clock):
  path = tmp_path / 'progress.jsonl'
  counted = progress.Progress(path, stage='score', model='m', dataset='d',
                              task='free', total=5, clock=clock)
  with progress.shown(counted):
    for second in (0.2, 0.4, 1.5, 1.6):
      clock.now = second
      counted.add(1)
  lines = _lines(path)
  assert [line['done'] for line in lines] == [0, 3, 4]
  assert lines[0]['rate'] is None and lines[-1]['rate'] == pytest.approx(2.5)
  assert set(lines[0]) == {'time', 'stage', 'model', 'dataset', 'task', 'done',
                           'total', 'rate'}
  assert lines[0]['time'].endswith('+00:00') and lines[0]['total'] == 5


def test_a_block_that_waits_is_heard_of(caplog):
  counted = progress.Progress(None, stage='score', total=3)
  with caplog.at_level(logging.INFO, 'absl'), progress.shown(counted, 0.01):
    while len(caplog.messages) < 3:
      time.sleep(0.001)
  said = len(caplog.messages)
  assert set(caplog.messages) == {'score: 0 of 3'}
  time.sleep(0.05)
  assert len(caplog.messages) == said


def test_a_file_that_cannot_be_written_ends_no_run(tmp_path, caplog):
  counted = progress.Progress(tmp_path, stage='score', total=1)
  with caplog.at_level(logging.WARNING, 'absl'), progress.shown(counted):
    counted.add(1)
  assert len(caplog.messages) == 1 and 'cannot be written' in caplog.text


def test_the_last_whole_line_is_read(tmp_path):
  path = tmp_path / 'progress.jsonl'
  assert progress.read_last(path) is None
  path.write_text('{"done": 1}\n{"done": 2}\n{"done"')
  assert progress.read_last(path) == {'done': 2}


def test_nothing_is_added_to_what_a_link_names(tmp_path, clock):
  (tmp_path / 'thesis').write_text('kept')
  (tmp_path / 'progress.jsonl').symlink_to('thesis')
  counted = progress.Progress(
      tmp_path / 'progress.jsonl', stage='report', clock=clock)
  counted.write()
  assert (tmp_path / 'thesis').read_text() == 'kept'
