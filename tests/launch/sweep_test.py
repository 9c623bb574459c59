"""The sweep: what it plans, skips, survives and reports."""

import importlib
import json
import pathlib
import sys

import pytest

from launch import tiny_checkpoint
from uncertainty.results import manifest

_LAUNCH = pathlib.Path(__file__).parents[2] / 'launch'
sys.path.insert(0, str(_LAUNCH))
try:
  sweep = importlib.import_module('sweep')
  sweep_state = importlib.import_module('sweep_state')
finally:
  sys.path.remove(str(_LAUNCH))


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


def _sweep(runs, report, log, fake):
  return sweep.sweep(runs, report, log, sweep.in_turn(runs, fake), fake)


def test_a_failure_does_not_stop_the_others(tmp_path):
  runs, report = _plan(tmp_path)
  fake = _Fake(bad=['source=org/a'])
  failed = _sweep(runs, report, tmp_path / 'log', fake)
  assert len(failed) == 8 and all('org_a' in name for name in failed)
  assert len(fake.seen) == 17 and fake.seen[-1] == report.command


def test_what_finished_is_started_again_to_see_what_changed(tmp_path):
  runs, report = _plan(tmp_path)
  _sweep(runs, report, tmp_path / 'log', _Fake(bad=['source=org/a']))
  again = _Fake()
  assert _sweep(runs, report, tmp_path / 'log', again) == []
  assert len(again.seen) == 16 + 1


def test_no_report_where_nothing_finished(tmp_path, capsys):
  runs, report = _plan(tmp_path)
  fake = _Fake(bad=['uncertainty'])
  assert len(_sweep(runs, report, tmp_path / 'log', fake)) == 16
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
    (['--datasets=coane', '--gpus=1'], '--gpus is for --engine=ray'),
    (['--datasets=coane', '--engine=rai'], "invalid choice: 'rai'"),
    (['--datasets=coane', '--engine=ray', '--cpus=-1'], "'-1' is no amount"),
    (['--datasets=coane', '--engine=ray', '--resources=TPU'],
     'NAME:AMOUNT, such as TPU:4'),
    (['--datasets=coane', '--engine=ray', '--resources=GPU:1'],
     '--gpus have flags of their own'),
    (['--datasets=coane', '--engine=ray', '--retries=x'],
     "'x' is no number of times"),
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


def test_a_folder_that_takes_no_sweep_is_one_line(place, capsys, monkeypatch):
  started = []
  monkeypatch.setattr(sweep, 'execute', started.append)
  for name in ('run', 'theirs'):
    (place / name).mkdir()
  (place / 'run' / 'manifest.json').write_text('{}')
  (place / 'theirs' / 'results').mkdir()
  (place / 'held' / 'table' / '._tiny' / 'clean-auto').mkdir(parents=True)
  lines = []
  for folder in ('two.csv', '/proc/x', 'run', 'theirs', 'held'):
    with manifest.lock(place / 'held' / 'table' / '._tiny' / 'clean-auto'):
      assert sweep.main([
          '--datasets=table', '--models=./tiny', '--profiles=paper,clean',
          '--config.data.path=two.csv', f'--workdir={folder}']) == 2
    (line,) = capsys.readouterr().err.splitlines()
    lines.append(line)
  assert not started
  assert 'two.csv is a file; give a folder' in lines[0]
  assert '/proc takes no file' in lines[1]
  assert 'run holds a run of its own' in lines[2]
  assert 'theirs holds a run of its own' in lines[3]
  assert 'another run is using' in lines[4]


def test_half_a_line_in_the_log_is_passed_over(tmp_path):
  log = tmp_path / 'sweep.jsonl'
  log.write_text('{"run": "a", "status": 0, "seconds": 1}\n{"run": "b", "st')
  assert list(sweep_state.ended(log)) == ['a']


def test_a_sweep_writes_through_no_link(place, capsys):
  (place / 'out').mkdir()
  (place / 'out' / 'sweep.jsonl').symlink_to('../thesis')
  assert sweep.main(['--models=a', '--datasets=table', '--workdir=out']) == 2
  assert 'sweep.jsonl is a link out of it' in capsys.readouterr().err


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
  _sweep(runs, report, log, _Fake(bad=['source=org/a']))
  past = sweep_state.ended(log)
  assert len(past) == 17 and past['report']['status'] == 0
  assert sweep_state.standing(runs[0].workdir, past[runs[0].name]).startswith(
      'FAILED with status 2')


def test_a_model_is_one_task_with_all_that_is_asked_of_it(place):
  options, extra = sweep.parse([
      '--models=./tiny,./b', '--datasets=table,table:quicktest',
      '--profiles=paper,clean', '--workdir=out',
      '--config.data.path=two.csv', '--config.seed=5'])
  tasks = sweep.tasks(sweep.plan(options, extra))
  assert list(tasks) == ['./tiny', './b']
  assert [job.name for job in tasks['./b']] == [
      f'{name}/._b/{profile}-auto' for name in ('table', 'table_quicktest')
      for profile in ('paper', 'clean')]
  last = tasks['./b'][-1]
  assert last.workdir == place / 'out/table_quicktest/._b/clean-auto'
  assert last.spec.model.source == './b' and last.spec.seed == 5
  assert last.stages == ('score', 'probe')


def test_a_whole_sweep_is_one_line(tmp_path):
  log, began = tmp_path / 'sweep.jsonl', 1000.
  log.write_text('\n'.join(json.dumps(
      {'run': name, 'status': status, 'seconds': 3, 'time': when})
      for name, status, when in (
          ('old', 1, 900), ('good', 0, 1001), ('bad', 2, 1002))))
  for name, minute, rate in (('old', 16, 1.5), ('one', 59, 2), ('was', 10, 9)):
    (tmp_path / name).mkdir()
    (tmp_path / name / 'progress.jsonl').write_text(json.dumps({
        'time': f'1970-01-01T00:{minute}:41+00:00', 'stage': 'score',
        'task': '', 'done': 3, 'total': 10, 'rate': rate}) + '\n')
  places = {name: tmp_path / name for name in (
      'old', 'good', 'bad', 'one', 'was', 'next')}
  assert sweep_state.overall(places, log, began).startswith(
      'sweep: 2 of 6 runs ended, 1 FAILED, 2 running (6 of 20 items, 3.5 a '
      'second), after ')


def test_without_ray_one_line_says_what_to_install(place, capsys, monkeypatch):
  monkeypatch.setitem(sys.modules, 'ray', None)
  assert _main('--models=./tiny', '--config.data.path=two.csv',
               '--engine=ray') == 2
  assert capsys.readouterr().err == (
      "error: --engine=ray needs Ray: pip install 'uncertainty[cluster]'\n")
  assert not (place / 'out').exists()
