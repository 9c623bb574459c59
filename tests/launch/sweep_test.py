"""The sweep: what it plans, skips, survives and reports."""

import importlib.util
import json
import pathlib
import sys

import pytest

from launch import tiny_checkpoint
from uncertainty.results import manifest

_PATH = pathlib.Path(__file__).parents[2] / 'launch' / 'sweep.py'
_SPEC = importlib.util.spec_from_file_location('sweep', _PATH)
assert _SPEC and _SPEC.loader
sweep = importlib.util.module_from_spec(_SPEC)
sys.modules['sweep'] = sweep  # dataclasses look their module up
_SPEC.loader.exec_module(sweep)


def _plan(tmp_path, *extra):
  options, flags = sweep.parse([
      '--models=org/a,package:b', '--datasets=coane,vader',
      '--profiles=paper,clean', '--styles=chat,completion',
      f'--workdir={tmp_path}', *extra])
  return sweep.plan(options, flags), sweep.report_run(options, flags)


class _Fake:
  """Stands in for the program: fails on some commands, else leaves results."""

  def __init__(self, bad=()):
    self.bad, self.seen = bad, []

  def __call__(self, command):
    self.seen.append(command)
    text = ' '.join(command)
    if any(word in text for word in self.bad):
      return 2
    workdir = next(c for c in command if c.startswith('--workdir='))
    folder = pathlib.Path(workdir.split('=', 1)[1]) / 'results' / 'd'
    folder.mkdir(parents=True, exist_ok=True)
    (folder / 'm.parquet').touch()
    return 0


def test_every_combination_has_its_own_workdir(tmp_path):
  runs, report = _plan(tmp_path, '--config.data.limit=5')
  assert len(runs) == len({r.workdir for r in runs}) == 16
  first = runs[0]
  assert first.name == 'coane/org_a/paper-chat'
  assert '--config.model.source=org/a' in first.command
  assert '--config.prompt.profile=paper' in first.command
  assert '--config.data.limit=5' in first.command
  assert f'--config.results_dir={tmp_path}' in report.command
  assert '--stages=analyze,report' in report.command


def test_a_failure_does_not_stop_the_others(tmp_path):
  runs, report = _plan(tmp_path)
  fake = _Fake(bad=['source=org/a'])
  failed = sweep.sweep(runs, report, tmp_path / 'log', fake)
  assert len(failed) == 8 and all('org_a' in name for name in failed)
  assert len(fake.seen) == 17 and fake.seen[-1] == report.command


def test_what_finished_is_started_again_to_see_what_changed(tmp_path):
  runs, report = _plan(tmp_path)
  sweep.sweep(runs, report, tmp_path / 'log', _Fake(bad=['source=org/a']))
  again = _Fake()
  assert sweep.sweep(runs, report, tmp_path / 'log', again) == []
  assert len(again.seen) == 16 + 1


def test_no_report_where_nothing_finished(tmp_path, capsys):
  runs, report = _plan(tmp_path)
  fake = _Fake(bad=['uncertainty'])
  assert len(sweep.sweep(runs, report, tmp_path / 'log', fake)) == 16
  assert report.command not in fake.seen
  assert 'nothing to report' in capsys.readouterr().out


def test_print_runs_nothing(tmp_path, capsys):
  status = sweep.main(['--models=a', '--datasets=coane', '--print',
                       f'--workdir={tmp_path}'])
  lines = capsys.readouterr().out.splitlines()
  assert status == 0 and len(lines) == 2
  assert '--stages=score,probe' in lines[0]


@pytest.mark.parametrize('flags, message', [
    (['--datasets=coan'], 'did you mean --config=coane?'),
    (['--datasets=coane:fre'], 'did you mean free?'),
    (['--datasets=coane', '--styles=chatt'], 'did you mean chat?'),
    (['--datasets=coane', '--profiles=x'], 'known: paper, clean'),
    (['--datasets=coane', '--config.data.limt=1'], 'did you mean data.limit?'),
    (['--datasets=coane', '--config.data.limit'], 'runs take --config.x=y'),
    (['--datasets=coane', '--modle=x'], 'unknown flag --modle'),
    (['--datasets=,'], 'give one name'),
])
def test_bad_flags(tmp_path, capsys, flags, message):
  with pytest.raises(SystemExit) as stop:
    sweep.parse(['--models=a', f'--workdir={tmp_path}', *flags])
  assert stop.value.code == 2
  assert message in capsys.readouterr().err


def test_a_data_set_takes_the_arguments_of_its_config(tmp_path):
  options, _ = sweep.parse(['--models=a', f'--workdir={tmp_path}',
                            '--datasets=coane:free+quicktest,vader'])
  first, second = sweep.plan(options, [])
  assert first.name == 'coane_free_quicktest/a/clean-auto'
  assert '--config=coane:free,quicktest' in first.command
  assert '--config=vader' in second.command


@pytest.fixture
def place(tmp_path, monkeypatch):
  """A folder with a model and a table, in which the sweep is started."""
  monkeypatch.chdir(tmp_path)
  tiny_checkpoint.write(tmp_path / 'tiny')
  (tmp_path / 'two.csv').write_text('question,choices\nx?,a|b\ny?,c|d\n')
  return tmp_path


def _main(*more):
  return sweep.main(['--datasets=table', '--workdir=out', *more])


def test_what_would_stop_a_run_is_said_before_the_first(
    place, capsys, monkeypatch):
  started = []
  monkeypatch.setattr(sweep, 'execute', started.append)
  assert _main('--models=tiny,./tiny2', '--config.data.path=two.csv') == 2
  assert _main('--models=./tiny', '--config.data.path=no.csv',
               '--profiles=paper,clean') == 2
  assert _main('--models=./tiny', '--config.data.path=two.csv',
               '--config.prompt.answer=txt') == 2
  assert not started and not (place / 'out').exists()
  model, data, answer = capsys.readouterr().err.splitlines()
  assert "'./tiny2': no such file" in model and 'tiny2/clean-auto' in model
  assert 'data.path=no.csv' in data and answer.endswith('did you mean text?')


def test_status_says_where_each_run_stands(place, capsys):
  flags = ('--models=a,b,c,d,e', '--status')
  for name, stage, done in (('b', 'score', 3), ('c', 'probe', 0),
                            ('d', 'score', 1), ('e', 'score', 2)):
    folder = place / 'out' / 'table' / name / 'clean-auto'
    folder.mkdir(parents=True)
    line = {'stage': stage, 'task': 'text' if stage == 'score' else '',
            'done': done, 'rate': 1.5 if stage == 'score' else None,
            'total': 9 if stage == 'score' else None}
    (folder / 'progress.jsonl').write_text(json.dumps(line) + '\n{"half')
  (place / 'out' / 'sweep.jsonl').write_text('\n'.join(json.dumps({
      'run': f'table/{name}/clean-auto', 'status': status, 'seconds': 75})
      for name, status in (('c', 1), ('c', 0), ('d', 2))))
  with manifest.lock(place / 'out' / 'table' / 'e' / 'clean-auto'):
    assert _main(*flags) == 0
  assert capsys.readouterr().out.splitlines() == [
      'table/a/clean-auto  not started',
      'table/b/clean-auto  stopped, score text 3 of 9, 1.5 a second',
      'table/c/clean-auto  finished after 1 min 15 s',
      ('table/d/clean-auto  FAILED with status 2 after 1 min 15 s, '
       'score text 1 of 9, 1.5 a second'),
      'table/e/clean-auto  running, score text 2 of 9, 1.5 a second',
      'report              not started']


def test_how_a_run_ended_is_kept(tmp_path):
  runs, report = _plan(tmp_path)
  log = tmp_path / 'sweep.jsonl'
  sweep.sweep(runs, report, log, _Fake(bad=['source=org/a']))
  past = sweep.ended(log)
  assert len(past) == 17 and past['report']['status'] == 0
  assert sweep.standing(runs[0], past).startswith('FAILED with status 2')
