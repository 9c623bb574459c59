"""Breaks runs at random and counts the rows that were lost, doubled or mixed.

    python launch/faults.py --minutes=3 [--seed=0] [--keep=DIR]

A random Llama of 60 000 weights answers 24 questions in every stage: choices,
generation, probes by rows and by sums, activations of all tokens, analysis and
report, a sweep, two processes. Runs are killed at random moments (SIGKILL,
SIGTERM, SIGINT) and denied disk space; between them files are flipped, cut
short and deleted, questions edited, weights and templates replaced. Then the
run is finished and compared with one that nothing happened to.

Programs are forked from one that has imported everything, and share what was
compiled, so that a start takes about two seconds. Ends with a table of faults
by stage and kind, and a non-zero exit if anything was lost, doubled or mixed.
"""

import argparse
import collections
import contextlib
import multiprocessing
import os
import pathlib
import random
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence

_ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(_ROOT))

import jax  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

from launch import tiny_checkpoint  # noqa: E402
from uncertainty import (  # noqa: E402, F401 (imported before forking)
  check,
  main,
  plan,
  report,
  verify,
)
from uncertainty.analysis import run as analysis_run  # noqa: E402, F401
from uncertainty.results import activations, columns  # noqa: E402

_N = 24
_TIMEOUT = 240  # seconds that no start may take
_ALL = 'score,probe,analyze,report'
_GENERATION = ('--config.prompt.answer=letters,free,verbal,p_true,samples',
               '--config.free.max_tokens=4', '--config.free.n_samples=2',
               '--config.free.judge=words', '--config.free.batch_size=8')
_PROBES = ('--config.probe.sites=residual', '--config.probe.n_folds=3',
           '--config.probe.n_permutations=3')
# Scenario → what it runs beside the flags of all.
SCENARIOS: dict[str, tuple[str, ...]] = {
    'score': ('--stages=score', '--config.prompt.answer=letters,statement'),
    'generation': ('--stages=score', *_GENERATION),
    'rows': ('--stages=score,probe', *_PROBES),
    'sums': ('--stages=score,probe', *_PROBES, '--config.probe.store=sums'),
    'tokens': ('--stages=score', *_PROBES, '--config.probe.positions=all',
               '--config.prompt.answer=letters'),
    'analysis': (f'--stages={_ALL}',),
    'two processes': ('--stages=score', '--distributed'),
    'sweep': (),
}
_NUMBERS = 1e-3  # how far a number may be from the undisturbed run's


class World:
  """The model, the questions and the workdirs of one session."""

  def __init__(self, root: pathlib.Path, chance: random.Random):
    self.root, self.chance = root, chance
    self.version = 0
    self.questions = [f'Which of these is {k}?' for k in range(_N)]
    self.faults: collections.Counter[tuple[str, str]] = collections.Counter()
    self.problems: list[str] = []
    self._fresh: dict[str, tuple[int, pathlib.Path]] = {}
    self._seconds: dict[str, float] = {}
    tiny_checkpoint.write(root / 'tiny')
    self._write_table()

  def _write_table(self) -> None:
    rng = np.random.default_rng(0)
    pd.DataFrame({
        columns.ITEM_ID: [f'q{k}' for k in range(_N)],
        columns.QUESTION: self.questions,
        columns.CHOICES: 'sky|blood|grass',
        columns.ANSWER: [('sky', 'blood', 'grass')[k % 3] for k in range(_N)],
        'human_counts': ['|'.join(map(str, row + 1))
                         for row in rng.multinomial(20, [.5, .3, .2], _N)],
    }).to_csv(self.root / 'table.csv', index=False)

  def edit_a_question(self) -> None:
    self.version += 1
    place = self.chance.randrange(_N)
    self.questions[place] = f'Which is {place}, in version {self.version}?'
    self._write_table()

  def command(self, scenario: str, workdir: pathlib.Path) -> list[str]:
    """The flags of one start."""
    flags = ['--config=table', f'--config.data.path={self.root / "table.csv"}',
             '--config.prompt.style=completion',
             '--config.prompt.few_shot=False', '--config.score.row_tokens=0',
             '--config.score.batch_tokens=256', '--config.score.top_k=3',
             '--config.analysis.n_bootstrap=10']
    if scenario == 'sweep':
      return [sys.executable, str(_ROOT / 'launch' / 'sweep.py'),
              f'--models={self.root / "tiny"}', '--datasets=table',
              '--profiles=clean,paper', '--styles=completion',
              f'--workdir={workdir}', *flags[1:2], *flags[3:]]
    return ['uncertainty', *flags, f'--workdir={workdir}',
            f'--config.model.source={self.root / "tiny"}',
            f'--config.model.cache_dir={workdir}-cache', *SCENARIOS[scenario]]

  def start(self, scenario: str, workdir: pathlib.Path, *,
            kill: int = 0, full: bool = False) -> tuple[int, str]:
    """One start of the program; its exit status and what it said.

    Args:
      scenario: a key of `SCENARIOS`.
      workdir: of the run.
      kill: a signal to send at a random moment; 0: none.
      full: whether the disk takes no file beyond some kilobytes.
    """
    log = self.root / 'log.txt'
    limit = self.chance.randrange(200, 60_000) if full else 0
    began = time.monotonic()
    processes = _launch(scenario, self.command(scenario, workdir), limit, log)
    if kill:
      time.sleep(self.chance.random() * self._seconds.get(scenario, 3))
      for process in processes:
        with contextlib.suppress(ProcessLookupError):
          os.killpg(process.pid, kill)
    statuses = [_wait(process) for process in processes]
    if not kill and not full:
      self._seconds[scenario] = time.monotonic() - began
    said = log.read_text(errors='replace')
    killed = signal.SIGKILL in (kill, -min(statuses))
    if 'Traceback' in said and not killed and scenario != 'two processes':
      self.problems.append(f'{scenario}: a traceback: {said[-1500:]}')
    return max(statuses, key=abs), said

  def fresh(self, scenario: str) -> pathlib.Path:
    """The workdir of an undisturbed run over the questions as they are."""
    version, workdir = self._fresh.get(scenario, (-1, self.root))
    if version != self.version:
      workdir = self.root / 'fresh' / f'{scenario}-{self.version}'
      status, said = self.start(scenario, workdir)
      if status:
        raise RuntimeError(f'an undisturbed run failed: {said[-3000:]}')
      self._fresh[scenario] = (self.version, workdir)
    return workdir


def _launch(scenario: str, command: Sequence[str], limit: int,
            log: pathlib.Path) -> list:
  log.write_text('')
  if scenario == 'sweep':
    with log.open('ab') as out:
      return [subprocess.Popen(command, stdout=out, stderr=out, cwd=_ROOT,
                               start_new_session=True)]
  environments: list[dict[str, str]] = [{}]
  if scenario == 'two processes':
    with socket.socket() as free:
      free.bind(('localhost', 0))
      address = f'localhost:{free.getsockname()[1]}'
    environments = [{
        'JAX_COORDINATOR_ADDRESS': address, 'JAX_NUM_PROCESSES': '2',
        'JAX_PROCESS_ID': str(i)} for i in range(2)]
  context = multiprocessing.get_context('fork')
  processes = [context.Process(target=_child, args=(command, e, limit, log))
               for e in environments]
  for process in processes:
    process.start()
  return processes


def _child(command: Sequence[str], environment: dict[str, str], limit: int,
           log: pathlib.Path) -> None:
  os.setsid()
  out = os.open(log, os.O_WRONLY | os.O_APPEND)
  os.dup2(out, 1)
  os.dup2(out, 2)
  os.environ.update(environment)
  sys.argv = list(command)
  signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
  if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
  status = 0
  try:
    main.main()
  except SystemExit as stop:
    if isinstance(stop.code, str):
      print(stop.code, file=sys.stderr, flush=True)
    status = stop.code if isinstance(stop.code, int) else int(bool(stop.code))
  except BaseException:
    traceback.print_exc()
    status = 1
  sys.stderr.flush()
  os._exit(status)


def _wait(process) -> int:
  """The exit status; a start that hangs is a fault of its own."""
  if isinstance(process, subprocess.Popen):
    return process.wait(_TIMEOUT)
  process.join(_TIMEOUT)
  if process.is_alive():
    os.killpg(process.pid, signal.SIGKILL)
    raise RuntimeError('a start hung')
  return process.exitcode


def _files(workdir: pathlib.Path) -> list[pathlib.Path]:
  both = (workdir, pathlib.Path(f'{workdir}-cache'))
  return sorted(p for place in both for p in place.rglob('*')
                if p.is_file() and p.name != '.lock' and 'aside' not in p.parts)


def _flip(path: pathlib.Path, chance: random.Random) -> None:
  content, stat = bytearray(path.read_bytes()), path.stat()
  if content:
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)
    # A disk that loses a bit leaves the time as it was.
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def _cut(path: pathlib.Path, chance: random.Random) -> None:
  os.truncate(path, chance.randrange(path.stat().st_size + 1))


DAMAGES: dict[str, Callable[[pathlib.Path, random.Random], None]] = {
    'flip': _flip, 'cut': _cut, 'delete': lambda path, _: path.unlink()}


def disturb(world: World, scenario: str, workdir: pathlib.Path) -> None:
  """One random fault."""
  kinds = ['SIGKILL'] * 3 + ['SIGTERM', 'SIGINT', 'full', 'edit', 'model']
  kind = world.chance.choice(kinds + list(DAMAGES))
  if kind in DAMAGES:
    files = _files(workdir)
    if not files:
      return
    path = world.chance.choice(files)
    DAMAGES[kind](path, world.chance)
  elif kind == 'edit':
    world.edit_a_question()
  elif kind == 'model':
    if not list(workdir.glob('**/shards/**/*.parquet')):
      return
    _replace_model(world, scenario, workdir)
  elif kind == 'full':
    world.start(scenario, workdir, full=True)
  else:
    number = signal.Signals[kind]
    status, said = world.start(scenario, workdir, kill=number)
    polite = status in (0, 128 + number) or scenario in (
        'two processes', 'sweep')
    if number != signal.SIGKILL and not polite and status != -number:
      world.problems.append(f'{scenario}: {kind} gave {status}: {said[-800:]}')
  world.faults[scenario, kind] += 1


def _replace_model(
    world: World, scenario: str, workdir: pathlib.Path) -> None:
  """Other weights or another template must be refused, never mixed in."""
  template = world.root / 'tiny' / 'chat_template.jinja'
  if world.chance.random() < .5:
    tiny_checkpoint.write_weights(world.root / 'tiny', world.chance.randrange(
        1, 10**6))
  else:
    template.write_text('{{ messages[0].content }}')
  status, said = world.start(scenario, workdir)
  if not status or not ('changed since' in said or 'of a model with' in said):
    world.problems.append(
        f'{scenario}: MIXED: another model was not refused: {said[-800:]}')
  template.unlink(missing_ok=True)
  tiny_checkpoint.write_weights(world.root / 'tiny', 0)


def differences(mine: pathlib.Path, fresh: pathlib.Path) -> Iterator[str]:
  """What a finished run has otherwise than an undisturbed one."""
  for path in sorted(fresh.rglob('results/*/*.parquet')):
    name = path.relative_to(fresh)
    if not (mine / name).exists():
      yield f'LOST: {name}'
      continue
    yield from _rows(pd.read_parquet(mine / name), pd.read_parquet(path),
                     str(name))
  for folder in sorted(fresh.glob('activations/*/*/*')):
    name = folder.relative_to(fresh)
    for item in (f'q{k}' for k in range(_N)):
      both = [activations.read_tokens(p, item).values_NLD
              for p in (mine / name, folder)]
      if both[0].shape != both[1].shape or not np.allclose(
          *both, atol=_NUMBERS):
        yield f'MIXED: {name} {item}'
  for path in sorted(fresh.glob('moments/*/*/*.npz')):
    name = path.relative_to(fresh)
    both = [np.load(p)['sums_FLEE'] for p in (mine / name, path)]
    if not np.allclose(*both, rtol=1e-4, atol=_NUMBERS):
      yield f'MIXED: {name}'
  for path in sorted(fresh.glob('analysis/*.parquet')):
    name = path.relative_to(fresh)
    if len(pd.read_parquet(mine / name)) != len(pd.read_parquet(path)):
      yield f'LOST: rows of {name}'
  if (fresh / 'report').exists() and '</html>' not in (
      mine / 'report' / 'index.html').read_text(encoding='utf-8')[-200:]:
    yield 'LOST: half of the page'


def _rows(mine: pd.DataFrame, fresh: pd.DataFrame, where: str,
          ) -> Iterator[str]:
  if lost := set(fresh[columns.ITEM_ID]) - set(mine[columns.ITEM_ID]):
    yield f'LOST: {sorted(lost)} of {where}'
  if mine[columns.ITEM_ID].duplicated().any():
    yield f'DOUBLED: rows of {where}'
    return
  mine, fresh = (t.set_index(columns.ITEM_ID) for t in (mine, fresh))
  for item in fresh.index.intersection(mine.index):
    wrong = [c for c in fresh if c not in mine or not verify.alike(
        mine.at[item, c], fresh.at[item, c], _NUMBERS)]
    if wrong:
      yield f'MIXED: {item} of {where}: {", ".join(wrong)}'


def cycle(world: World, scenario: str, number: int) -> None:
  """Some faults to one workdir, then a finished run and a comparison."""
  workdir = world.root / 'runs' / f'{number}-{scenario.replace(" ", "-")}'
  if world.chance.random() < .5:
    world.start(scenario, workdir)
  for _ in range(world.chance.randrange(1, 6)):
    disturb(world, scenario, workdir)
  status, said = world.start(scenario, workdir)
  if status:
    world.problems.append(f'{scenario}: could not go on: {said[-2000:]}')
    return
  found = list(differences(workdir, world.fresh(scenario)))
  world.problems += [f'{workdir.name}: {each}' for each in found]
  if not found:
    shutil.rmtree(workdir)
    shutil.rmtree(f'{workdir}-cache', ignore_errors=True)


def _table(faults: collections.Counter[tuple[str, str]]) -> str:
  frame = pd.Series(faults).unstack(fill_value=0)
  frame['all'] = frame.sum(axis=1)
  frame.loc['all'] = frame.sum()
  return frame.to_string()


def _main() -> None:
  parser = argparse.ArgumentParser(description=(__doc__ or '').split('\n')[0])
  parser.add_argument('--minutes', type=float, default=3)
  parser.add_argument('--seed', type=int, default=0)
  parser.add_argument('--only', choices=SCENARIOS)
  parser.add_argument('--keep', type=pathlib.Path)
  options = parser.parse_args()
  root = options.keep or pathlib.Path(tempfile.mkdtemp(prefix='faults-'))
  os.environ['UNCERTAINTY_CACHE'] = str(root / 'cache')
  for name, value in {
      'jax_platforms': 'cpu', 'jax_compilation_cache_dir': str(root / 'xla'),
      'jax_persistent_cache_min_compile_time_secs': 0.0,
      'jax_persistent_cache_min_entry_size_bytes': -1}.items():
    jax.config.update(name, value)
  world = World(root, random.Random(options.seed))
  end = time.monotonic() + 60 * options.minutes
  number = 0
  # Few starts of those that take long.
  weights = {'sweep': 1, 'two processes': 2, 'analysis': 2}
  while time.monotonic() < end:
    scenario = options.only or world.chance.choices(
        list(SCENARIOS), [weights.get(s, 4) for s in SCENARIOS])[0]
    known = len(world.problems)
    cycle(world, scenario, number)
    number += 1
    for problem in world.problems[known:]:
      print(f'{problem}\n', flush=True)
  print(_table(world.faults))
  kinds = {kind: sum(kind in p for p in world.problems)
           for kind in ('LOST', 'DOUBLED', 'MIXED')}
  print(f'\n{sum(world.faults.values())} faults in {number} runs (seed '
        f'{options.seed}): {kinds}; {len(world.problems)} problems')
  if not options.keep and not world.problems:
    shutil.rmtree(root)
  sys.exit(bool(world.problems))


if __name__ == '__main__':
  _main()
