"""Breaks runs at random and counts the rows that were lost, doubled or mixed.

    python launch/faults.py --minutes=3 [--seed=0] [--keep=DIR]

A random Llama of 60 000 weights answers 24 questions in every stage: choices,
generation, probes by rows and by sums, activations of all tokens, analysis and
report, a sweep, two processes. Runs are killed at random moments (SIGKILL,
SIGTERM, SIGINT) and denied disk space; between them files are flipped, cut
short and deleted, questions, answers and people's shares edited, weights,
templates and tokenizers replaced, settings changed. Then the run is finished,
compared with one that nothing happened to, and verified. First, some damages
are planted in a run that nothing happened to: each must be seen.

Programs are forked from one that has imported everything, and share what was
compiled, so that a start takes about two seconds; some are started as people
start them, and killed while they import, too. Ends with a table of faults
by stage and kind, and a non-zero exit if anything was lost, doubled or mixed.
"""

import argparse
import collections
import contextlib
import json
import os
import pathlib
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence

_ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(_ROOT))

import jax  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

from launch import (  # noqa: E402
  fault_differences,
  fault_starts,
  tiny_checkpoint,
)
from uncertainty import (  # noqa: E402, F401 (imported before forking)
  check,
  plan,
  report,
  verify,
)
from uncertainty.analysis import run as analysis_run  # noqa: E402, F401
from uncertainty.errors import UserError  # noqa: E402
from uncertainty.results import columns, manifest  # noqa: E402

_N = 24
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
_IMPORTS = 6  # seconds, about, before a program that is not forked does a thing


class World:
  """The model, the questions and the workdirs of one session."""

  def __init__(self, root: pathlib.Path, chance: random.Random):
    self.root, self.chance = root, chance
    self.version = 0
    # What of a question may be edited: column → cells.
    self.table = {
        columns.QUESTION: [f'Which of these is {k}?' for k in range(_N)],
        columns.ANSWER: [('sky', 'blood', 'grass')[k % 3] for k in range(_N)],
        'human_counts': [
            '|'.join(map(str, row + 1)) for row in
            np.random.default_rng(0).multinomial(20, [.5, .3, .2], _N)]}
    self.faults: collections.Counter[tuple[str, str]] = collections.Counter()
    self.problems: list[str] = []
    self._fresh: dict[str, tuple[int, pathlib.Path]] = {}
    self._seconds: dict[str, float] = {}
    tiny_checkpoint.write(root / 'tiny')
    self._write_table()

  def _write_table(self) -> None:
    pd.DataFrame({
        columns.ITEM_ID: [f'q{k}' for k in range(_N)],
        columns.CHOICES: 'sky|blood|grass', **self.table,
    }).to_csv(self.root / 'table.csv', index=False)

  def edit(self) -> str:
    """Edits the text, the answer or people's shares of a question."""
    self.version += 1
    place = self.chance.randrange(_N)
    column = self.chance.choice(list(self.table))
    cells = self.table[column]
    if column == columns.QUESTION:
      cells[place] = f'Which is {place}, in version {self.version}?'
    elif column == columns.ANSWER:
      cells[place] = {'sky': 'blood', 'blood': 'grass', 'grass': 'sky'}[
          cells[place]]
    else:
      cells[place] = f'{self.version % 9}|{5 + self.version % 7}|3'
    self._write_table()
    return f'edit {column}'

  def command(self, scenario: str, workdir: pathlib.Path, *,
              more: Sequence[str] = (), stages: str = '') -> list[str]:
    """The flags of one start, `more` of them, with other stages."""
    flags = ['--config=table', f'--config.data.path={self.root / "table.csv"}',
             '--config.prompt.style=completion',
             '--config.prompt.few_shot=False', '--config.score.row_tokens=0',
             '--config.score.batch_tokens=256', '--config.score.top_k=3',
             '--config.analysis.n_bootstrap=10', *more]
    if scenario == 'sweep' and not stages:
      return [sys.executable, str(_ROOT / 'launch' / 'sweep.py'),
              f'--models={self.root / "tiny"}', '--datasets=table',
              '--profiles=clean,paper', '--styles=completion',
              f'--workdir={workdir}', *flags[1:2], *flags[3:]]
    last = list(SCENARIOS.get(scenario, ()))
    if stages:
      last = [flag for flag in last if flag.startswith('--config')] + [
          f'--stages={stages}']
    return ['uncertainty', *flags, f'--workdir={workdir}',
            f'--config.model.source={self.root / "tiny"}',
            f'--config.model.cache_dir={workdir}-cache', *last]

  def start(self, scenario: str, workdir: pathlib.Path, *,
            kill: int = 0, full: bool = False,
            more: Sequence[str] = ()) -> tuple[int, str]:
    """One start of the program; its exit status and what it said.

    Args:
      scenario: a key of `SCENARIOS`.
      workdir: of the run.
      kill: a signal to send at a random moment; 0: none.
      full: whether the disk takes no file beyond some kilobytes.
      more: flags.
    """
    log = self.root / 'log.txt'
    limit = self.chance.randrange(200, 60_000) if full else 0
    began = time.monotonic()
    # Interrupted as it starts, Python itself ends with a traceback.
    whole = (kill not in (0, signal.SIGINT) and scenario != 'two processes'
             and self.chance.random() < .2)
    processes = fault_starts.launch(
        scenario, self.command(scenario, workdir, more=more), limit, log, whole)
    if kill:
      time.sleep(self.chance.random() * (
          self._seconds.get(scenario, 3) + _IMPORTS * whole))
      for process in processes:
        with contextlib.suppress(ProcessLookupError):
          os.killpg(process.pid, kill)
    statuses = [fault_starts.wait(process) for process in processes]
    if not (kill or full or more):
      self._seconds[scenario] = time.monotonic() - began
    said = log.read_text(errors='replace')
    killed = signal.SIGKILL in (kill, -min(statuses))
    if 'Traceback' in said and not killed and scenario != 'two processes':
      self.problems.append(f'{scenario}: a traceback: {said[-1500:]}')
    return max(statuses, key=abs), said

  def verify(self, scenario: str, workdir: pathlib.Path) -> str:
    """What `--stages=verify` finds in a finished workdir; '': nothing."""
    places = {workdir: ()}
    if scenario == 'sweep':
      places = {run: (f'--config.prompt.profile={run.name.partition("-")[0]}',)
                for run in runs(workdir)}
    log = self.root / 'log.txt'
    for place, more in places.items():
      (process,) = fault_starts.launch('verify', self.command(
          scenario, place, more=more, stages='verify'), 0, log)
      if fault_starts.wait(process):
        return log.read_text(errors='replace')[-2000:]
    return ''

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


def runs(workdir: pathlib.Path) -> list[pathlib.Path]:
  """Workdirs of runs at or under a folder, which have a manifest."""
  return sorted(p.parent for p in workdir.rglob('manifest.json')
                if not {'activations', 'aside'} & set(p.parts))


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
  kinds = ['SIGKILL'] * 3 + ['SIGTERM', 'SIGINT', 'full', 'edit', 'model',
                             'settings']
  kind = world.chance.choice(kinds + list(DAMAGES))
  if kind in DAMAGES:
    files = _files(workdir)
    if not files:
      return
    path = world.chance.choice(files)
    DAMAGES[kind](path, world.chance)
  elif kind == 'edit':
    kind = world.edit()
  elif kind == 'model':
    if not list(workdir.glob('**/shards/**/*.parquet')):
      return
    kind = _replace_model(world, scenario, workdir)
  elif kind == 'settings':
    if not _claimed(workdir):
      return
    status, said = world.start(scenario, workdir, more=['--config.seed=7'])
    if not status or 'holds a run with seed=' not in said:
      world.problems.append(
          f'{scenario}: MIXED: another seed was not refused: {said[-800:]}')
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


def _claimed(workdir: pathlib.Path) -> bool:
  """Whether there are runs whose settings their manifests tell."""
  found = runs(workdir)
  try:
    return bool(found) and all(manifest.read(run).get('config')
                               for run in found)
  except UserError:
    return False


def _replace_model(
    world: World, scenario: str, workdir: pathlib.Path) -> str:
  """Other files of the model must be refused, never mixed in."""
  template = world.root / 'tiny' / 'chat_template.jinja'
  tokenizer = world.root / 'tiny' / 'tokenizer.json'
  before = tokenizer.read_text()
  kind = world.chance.choice(['weights', 'template', 'tokenizer'])
  if kind == 'weights':
    tiny_checkpoint.write_weights(world.root / 'tiny', world.chance.randrange(
        1, 10**6))
  elif kind == 'template':
    template.write_text('{{ messages[0].content }}')
  else:
    content = json.loads(before)
    numbers = content['model']['vocab']
    one, other = list(numbers)[40:42]
    numbers[one], numbers[other] = numbers[other], numbers[one]
    tokenizer.write_text(json.dumps(content))
  status, said = world.start(scenario, workdir)
  if not status or not ('changed since' in said or 'of a model with' in said):
    world.problems.append(
        f'{scenario}: MIXED: another model was not refused: {said[-800:]}')
  template.unlink(missing_ok=True)
  tokenizer.write_text(before)
  tiny_checkpoint.write_weights(world.root / 'tiny', 0)
  return kind


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
  found = list(fault_differences.differences(workdir, world.fresh(scenario)))
  if said := world.verify(scenario, workdir):
    found.append(f'not verified: {said}')
  world.problems += [f'{workdir.name}: {each}' for each in found]
  if not found:
    shutil.rmtree(workdir)
    shutil.rmtree(f'{workdir}-cache', ignore_errors=True)


def see_what_is_planted(world: World) -> None:
  """A self-test: whoever sees nothing must not be believed."""
  fresh = world.fresh('analysis')
  for name, workdir, found in fault_differences.planted(
      fresh, world.root / 'planted'):
    differs = world.verify('analysis', workdir)
    if bool(name) != bool(found):
      world.problems.append(f'self-test: of {name or "nothing"}: {found}')
    if bool(name) != bool(differs):
      world.problems.append(
          f'self-test: verify says of {name or "nothing"}: {differs!r}')


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
    os.environ[name.upper()] = str(value)  # for those that are not forked
  world = World(root, random.Random(options.seed))
  see_what_is_planted(world)
  print(*world.problems, sep='\n')
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
