"""The log of simulated studies: nothing is lost, nothing is done twice."""

import dataclasses

import pytest

from uncertainty.worlds import log, scenarios, validity

_CLAIMS = ('aligned', 'surest_fifth')


@pytest.fixture
def entry() -> log.Entry:
  task = log.Task('no alignment', 0, seed=7, draws=50, claims=('aligned',))
  score = validity.Score('aligned', 'no alignment', True, 0.0, 0.5, 0.25, 1 / 3)
  return log.Entry(task, 1.5, (score,))


def test_what_is_written_is_read(tmp_path, entry):
  path = tmp_path / 'runs' / 'log.jsonl'
  assert log.read(path) == []
  log.write(path, [entry], 'a')
  log.write(path, [entry], 'a')
  assert log.read(path) == [entry, entry]
  log.write(path, [entry], 'w')
  assert log.read(path) == [entry]


def test_a_line_that_was_cut_off_is_dropped(tmp_path, entry):
  path = tmp_path / 'log.jsonl'
  log.write(path, [entry, entry], 'a')
  path.write_text(path.read_text()[:-5])
  assert log.read(path) == [entry]


def test_only_what_the_log_lacks_is_done(entry):
  def keys(entries, seed=7):
    return [(t.world, t.number, t.claims) for t in log.missing(
        entries, _CLAIMS, 2, seed, 50)]

  everything = keys([])
  worlds = {w for c in _CLAIMS for w in (
      scenarios.SCENARIOS[c].nulls + scenarios.SCENARIOS[c].effects)}
  assert len(everything) == 2 * len(worlds)
  assert [n for _, n, _ in everything] == sorted(n for _, n, _ in everything)
  assert set(everything) - set(keys([entry])) == {
      ('no alignment', 0, ('aligned',))}
  assert keys([entry], seed=8) == everything
  other = dataclasses.replace(
      entry, task=dataclasses.replace(entry.task, draws=51))
  assert keys([other]) == everything
