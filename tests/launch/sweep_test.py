"""The sweep: what it plans, skips, survives and reports."""

import importlib.util
import pathlib
import sys

import pytest

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
  failed = sweep.sweep(runs, report, fake)
  assert len(failed) == 8 and all('org_a' in name for name in failed)
  assert len(fake.seen) == 17 and fake.seen[-1] == report.command


def test_what_finished_is_skipped_and_what_failed_is_tried_again(tmp_path):
  runs, report = _plan(tmp_path)
  sweep.sweep(runs, report, _Fake(bad=['source=org/a']))
  again = _Fake()
  assert sweep.sweep(runs, report, again) == []
  assert len(again.seen) == 8 + 1


def test_another_command_is_not_finished(tmp_path):
  runs, report = _plan(tmp_path)
  sweep.sweep(runs, report, _Fake())
  changed, report = _plan(tmp_path, '--config.data.limit=5')
  fake = _Fake()
  sweep.sweep(changed, report, fake)
  assert len(fake.seen) == 17


def test_no_report_where_nothing_finished(tmp_path, capsys):
  runs, report = _plan(tmp_path)
  fake = _Fake(bad=['uncertainty'])
  assert len(sweep.sweep(runs, report, fake)) == 16
  assert report.command not in fake.seen
  assert 'nothing to report' in capsys.readouterr().out


def test_print_runs_nothing(tmp_path, capsys):
  status = sweep.main(['--models=a', '--datasets=coane', '--print',
                       f'--workdir={tmp_path}'])
  lines = capsys.readouterr().out.splitlines()
  assert status == 0 and len(lines) == 2
  assert '--stages=score,probe' in lines[0]


@pytest.mark.parametrize('flags, message', [
    (['--datasets=nosuch'], 'no configs/nosuch.py'),
    (['--datasets=coane', '--modle=x'], 'unknown flag --modle'),
    (['--datasets=,'], 'give one name'),
])
def test_bad_flags(tmp_path, capsys, flags, message):
  with pytest.raises(SystemExit) as stop:
    sweep.parse(['--models=a', f'--workdir={tmp_path}', *flags])
  assert stop.value.code == 2
  assert message in capsys.readouterr().err
