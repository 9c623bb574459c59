"""How far a run is: lines of a log, and DIR/progress.jsonl for programs.

Each line of the file is a JSON object with `time` (UTC), `stage`, `model`,
`dataset`, `task`, `done`, `total` (items; null where a stage does not count)
and `rate` (items a second of this start; null before the first).
"""

import contextlib
import datetime
import json
import pathlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import tqdm
from absl import logging

from uncertainty import paths

_EVERY = 30.0  # seconds between two lines of the log
_FILE_EVERY = 1.0  # seconds between two lines of the file, at least


class Progress:
  """Of one stage, or of one model's items in one way of asking."""

  def __init__(self, path: pathlib.Path | None, *, stage: str, model: str = '',
               dataset: str = '', task: str = '', total: int | None = None,
               done: int = 0, clock: Callable[[], float] = time.monotonic):
    """Nothing is written yet.

    Args:
      path: of the file, which lines are added to; None: no file.
      stage: of the run.
      model: the model asked; '' for a stage without one.
      dataset: whose items.
      task: the way of asking.
      total: items; None where a stage does not count.
      done: items that an earlier start finished.
      clock: seconds from anywhere.
    """
    self._path, self._clock = path, clock
    self._about = {'stage': stage, 'model': model, 'dataset': dataset,
                   'task': task}
    self._total, self._before, self._done = total, done, done
    self._began, self._written = clock(), -_FILE_EVERY

  def add(self, n: int) -> None:
    """Counts items as done.

    Args:
      n: how many more there are.
    """
    self._done += n
    if self._clock() - self._written >= _FILE_EVERY:
      self.write()

  @property
  def rate(self) -> float | None:
    """Items a second since the beginning; None before the first."""
    seconds = self._clock() - self._began
    fresh = self._done - self._before
    return fresh / seconds if fresh and seconds > 0 else None

  def write(self) -> None:
    """Adds a line to the file."""
    self._written = self._clock()
    if self._path is None:
      return
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec='seconds')
    line = {'time': now, **self._about, 'done': self._done,
            'total': self._total, 'rate': self.rate}
    try:
      with open(self._path, 'a', encoding='utf-8',
                opener=paths.no_link) as file:
        file.write(json.dumps(line) + '\n')
    except OSError as error:  # no reason to lose a run
      logging.warning('%s: cannot be written (%s)', self._path, error)
      self._path = None

  def line(self) -> str:
    """What the log says.

    Returns:
      Such as `score vader/tiny text: 120 of 400, 3.2 a second, 1 min 28 s
      left`; of a stage that does not count, for how long it has been running.
    """
    about = self._about
    where = '/'.join(filter(None, (about['dataset'], about['model'])))
    name = ' '.join(filter(None, (about['stage'], where, about['task'])))
    if self._total is None:
      return f'{name}: running for {spell(self._clock() - self._began)}'
    said = f'{name}: {self._done} of {self._total}'
    if rate := self.rate:
      left = (self._total - self._done) / rate
      said += f', {rate:.2g} a second, {spell(left)} left'
    return said


def spell(seconds: float) -> str:
  """A time for people.

  Args:
    seconds: of it.

  Returns:
    Such as `2 min 20 s`.
  """
  minutes, rest = divmod(round(seconds), 60)
  hours, minutes = divmod(minutes, 60)
  if hours:
    return f'{hours} h {minutes} min'
  return f'{minutes} min {rest} s' if minutes else f'{rest} s'


def read_last(path: pathlib.Path) -> dict[str, Any] | None:
  """The last whole line of a progress file.

  Args:
    path: of the file.

  Returns:
    Its fields, as the module says; None where there is no line.
  """
  return last_of(path.read_text(encoding='utf-8')) if path.is_file() else None


def last_of(text: str) -> dict[str, Any] | None:
  """The last whole line of a progress file's text.

  Args:
    text: all of it.

  Returns:
    As `read_last`.
  """
  # Lines end with '}': a run that was killed may have left the half of one.
  lines = [line for line in text.splitlines() if line.endswith('}')]
  return json.loads(lines[-1]) if lines else None


@contextlib.contextmanager
def shown(progress: Progress, every: float = _EVERY) -> Iterator[Progress]:
  """Shows the progress of a block.

  The file gets a line at the beginning and at the end; the log one whenever
  `every` seconds have passed, whatever the block is waiting for.

  Args:
    progress: what the block counts in.
    every: seconds.

  Yields:
    The progress.
  """
  progress.write()
  over = threading.Event()

  def repeat() -> None:
    while not over.wait(every):
      # Bars of other code are left alone by lines that go round them.
      with tqdm.tqdm.external_write_mode():
        logging.info('%s', progress.line())

  thread = threading.Thread(target=repeat, daemon=True, name='progress')
  thread.start()
  try:
    yield progress
  finally:
    over.set()
    thread.join()
    progress.write()
