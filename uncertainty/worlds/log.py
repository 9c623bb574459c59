"""What simulated studies showed, one line of JSON each, to resume a run from.

A line is written as soon as its study is done; a run that is cut off loses
only the studies it was working on.
"""

import dataclasses
import json
import pathlib
from collections.abc import Collection, Iterator, Sequence

from uncertainty.worlds import scenarios, validity


@dataclasses.dataclass(frozen=True)
class Task:
  """Some claims to be made on one simulated study.

  Attributes:
    world: its name in `scenarios.WORLDS`.
    number: which study of that world.
    seed: of the run.
    draws: bootstrap draws in the study.
    claims: ids.
  """

  world: str
  number: int
  seed: int
  draws: int
  claims: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Entry:
  """A task's scores, and the seconds that they took."""

  task: Task
  seconds: float
  scores: tuple[validity.Score, ...]


def read(path: pathlib.Path) -> list[Entry]:
  """Reads a log.

  Args:
    path: of the file.

  Returns:
    Its entries; none if there is no file. A last line without an end is what
    a cut run was writing: it is dropped.
  """
  if not path.exists():
    return []
  text = path.read_text(encoding='utf-8')
  return [_entry(json.loads(line))
          for line in text[:text.rfind('\n') + 1].splitlines()]


def write(path: pathlib.Path, entries: Sequence[Entry], mode: str) -> None:
  """Writes entries, one line each.

  Args:
    path: of the file; folders on the way are made.
    entries: what to write.
    mode: 'w' puts them in place of what is there, 'a' after it.
  """
  path.parent.mkdir(parents=True, exist_ok=True)
  with path.open(mode, encoding='utf-8') as file:
    for entry in entries:
      file.write(json.dumps(dataclasses.asdict(entry)) + '\n')


def missing(
    entries: Sequence[Entry], claims: Collection[str], n_worlds: int,
    seed: int, draws: int) -> Iterator[Task]:
  """What a log lacks, all worlds' first study before their second.

  Args:
    entries: of `read`; those of another seed or other draws do not count.
    claims: ids.
    n_worlds: studies of each world.
    seed: of the run.
    draws: bootstrap draws in a study.

  Yields:
    Tasks with the claims that are still to be made.
  """
  done = {(e.task.world, e.task.number, claim) for e in entries
          if (e.task.seed, e.task.draws) == (seed, draws)
          for claim in e.task.claims}
  for number in range(n_worlds):
    for world in scenarios.WORLDS:
      wanted = tuple(c for c in validity.claims_of(world, claims)
                     if (world, number, c) not in done)
      if wanted:
        yield Task(world, number, seed, draws, wanted)


def _entry(line: dict) -> Entry:
  task = line['task'] | {'claims': tuple(line['task']['claims'])}
  return Entry(Task(**task), line['seconds'], tuple(
      validity.Score(**score) for score in line['scores']))
