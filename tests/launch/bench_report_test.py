"""The log of benchmarks: what is appended, drawn and refused."""

import importlib
import json
import math
import os
import pathlib
import subprocess
import sys

import pytest

from uncertainty.types import UserError

_LAUNCH = pathlib.Path(__file__).parents[2] / 'launch'


@pytest.fixture
def log(tmp_path, monkeypatch):
  path = tmp_path / 'found' / 'bench.jsonl'
  monkeypatch.setenv('UNCERTAINTY_BENCH_LOG', str(path))
  return path


@pytest.fixture
def modules(monkeypatch):
  monkeypatch.syspath_prepend(str(_LAUNCH))
  return (importlib.import_module('processes'),
          importlib.import_module('bench_report'))


def test_a_run_is_a_line_that_says_where_it_is_true(log, modules):
  processes, report = modules
  processes.record('scoring', {'ours': {'items/s': 3, 'max |Δ|': math.nan}})
  processes.record('scoring', {'ours': {'items/s': 4}, 'theirs': {
      'items/s': 1}})
  runs = report.read(log)['scoring']
  assert [report.numbers(run) for run in runs] == [
      {('ours', 'items/s'): 3.0},
      {('ours', 'items/s'): 4.0, ('theirs', 'items/s'): 1.0}]
  where = runs[0]['environment']
  assert where['cores'] >= 1 and where['packages']['jax']
  text = report.last('scoring', runs)
  assert 'run 2' in text and '| theirs | 1' in text


def test_a_panel_a_number_and_a_line_a_row(log, modules):
  processes, report = modules
  processes.record('x', {'a': {'s': 1, 'GiB': 2}})
  processes.record('x', {'a': {'s': 3}, 'b': {'s': 5}})
  seconds, memory = report.plot(report.read(log)['x']).panels
  assert [(s.label, list(s.x), list(s.y)) for s in seconds.series] == [
      ('a', [1, 2], [1., 3.]), ('b', [2], [5.])]
  assert [(s.label, list(s.x), list(s.y)) for s in memory.series] == [
      ('a', [1], [2.])]


def test_pictures_are_left_and_named(log, modules, monkeypatch, capsys,
                                     tmp_path):
  processes, report = modules
  processes.record('x', {'a': {'s': 1}})
  monkeypatch.setattr('sys.argv', ['bench_report.py', f'--out={tmp_path}/p'])
  report.main()
  assert f'{tmp_path}/p/x.svg' in capsys.readouterr().out
  assert {p.suffix for p in (tmp_path / 'p').iterdir()} == {
      '.svg', '.pdf', '.png'}


@pytest.mark.parametrize('line', ['{', '[]', '{"bench": "x"}',
                                  '{"bench": "x", "rows": {"a": {"s": "?"}}}'])
def test_a_line_that_is_no_run_is_named(log, modules, line):
  _, report = modules
  with pytest.raises(UserError, match='run a benchmark first'):
    report.read(log)
  log.parent.mkdir()
  log.write_text(json.dumps({'bench': 'x', 'rows': {}}) + f'\n{line}\n')
  with pytest.raises(UserError, match='line 2'):
    report.read(log)


@pytest.mark.parametrize(('arguments', 'said'), [
    (['report'], 'error: nowhere/bench.jsonl is not there; run a'),
    (['speed'], 'usage: python launch/bench.py scoring|'),
    (['generation', '--data=coan', '--engines=jax'],
     'error: data.name=coan: there is no such data set')])
def test_a_bad_start_is_one_line(arguments, said):
  found = subprocess.run(
      [sys.executable, str(_LAUNCH / 'bench.py'), *arguments],
      capture_output=True, text=True, check=False, env=os.environ | {
          'UNCERTAINTY_BENCH_LOG': 'nowhere/bench.jsonl'})
  assert found.returncode and found.stderr.count('\n') == 1
  assert found.stderr.startswith(said)
