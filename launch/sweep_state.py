"""Where the runs of a sweep stand, read from what they write."""

import datetime
import json
import pathlib
import time
from collections.abc import Mapping
from typing import Any

from uncertainty import paths
from uncertainty.errors import UserError
from uncertainty.progress import last_of, spell
from uncertainty.specs import StudySpec
from uncertainty.study import PROGRESS

Place = pathlib.Path | str  # text: `s3://…`, `gs://…`


def under(folder: Place, name: Place) -> Place:
  """A place in a folder.

  Args:
    folder: on this machine or in a bucket.
    name: relative to it.

  Returns:
    The place.
  """
  return f'{folder}/{name}' if isinstance(folder, str) else folder / name


def _text(place: Place) -> str:
  """What a file or an object holds; '' where there is none."""
  if isinstance(place, str):
    from uncertainty.buckets import store

    folder, _, name = place.rpartition('/')
    return (store.Bucket(folder).read(name) or b'').decode()
  return place.read_text(encoding='utf-8') if place.is_file() else ''


def unusable(workdir: Place, spec: StudySpec) -> list[str]:
  """What is wrong with a sweep's folder.

  Args:
    workdir: of the sweep; need not exist.
    spec: of the report over it.

  Returns:
    One line, or none.
  """
  try:
    if not paths.in_bucket(workdir):
      paths.check(spec, pathlib.Path(workdir), writes=True, loads=True)
  except UserError as error:
    return [' '.join(str(error).split())]
  said = (f'--workdir={workdir} holds a run of its own, which the report would '
          'count in; choose another')
  return [said] if _holds_run(workdir) else []


def _holds_run(workdir: Place) -> bool:
  """Whether a folder has a manifest, or results."""
  if isinstance(workdir, str):
    return bool(_text(under(workdir, 'manifest.json')))
  return any((workdir / name).exists() for name in ('manifest.json', 'results'))


def note(log: Place, line: Mapping[str, Any]) -> None:
  """Adds a line to a sweep's log.

  Args:
    log: of the sweep.
    line: of a run that ended.
  """
  text = json.dumps(line) + '\n'
  if isinstance(log, str):
    from uncertainty.buckets import store

    folder, _, name = log.rpartition('/')
    store.Bucket(folder).write(name, (_text(log) + text).encode())
    return
  log.parent.mkdir(parents=True, exist_ok=True)
  with log.open('a', encoding='utf-8') as file:
    file.write(text)


def ended(log: Place) -> dict[str, dict]:
  """The last line of each run in a sweep's log."""
  # Lines end with '}': one that was killed may have left the half of one.
  lines = [json.loads(line) for line in _text(log).splitlines()
           if line.endswith('}')]
  return {line['run']: line for line in lines}


def standing(workdir: Place, end: Mapping[str, Any] | None) -> str:
  """Where a run stands.

  Args:
    workdir: of the run.
    end: its last line in the sweep's log; None: it has none.

  Returns:
    'not started', 'running, …', 'finished …' or 'FAILED …'.
  """
  last = last_of(_text(under(workdir, PROGRESS)))
  if last and _running(workdir):
    return f'running, {_counted(last)}'
  if end is None:
    return 'not started' if last is None else f'stopped, {_counted(last)}'
  after = f'after {spell(end["seconds"])}'
  if end['status'] == 0:
    return f'finished {after}'
  return f'FAILED with status {end["status"]} {after}' + (
      f', {_counted(last)}' if last else '')


def _running(workdir: Place) -> bool:
  if paths.in_bucket(workdir):
    from uncertainty.buckets import lease, store

    return lease.living(store.Bucket(str(workdir)))
  from uncertainty.results import manifest

  try:
    with manifest.lock(pathlib.Path(workdir)):
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


def overall(workdirs: Mapping[str, Place], log: Place,
            began: float) -> str:
  """Where a whole sweep stands, in one line.

  Args:
    workdirs: name of a run → where it works.
    log: of the sweep.
    began: when this start of it did; seconds since the epoch.

  Returns:
    Such as `sweep: 3 of 12 runs ended, 1 FAILED, 2 running (40 of 90 items, 3
    a second), after 2 min 3 s`.
  """
  now = {name: end for name, end in ended(log).items() if end['time'] >= began}
  failed = sum(end['status'] != 0 for end in now.values())
  lines = [last_of(_text(under(workdir, PROGRESS)))
           for name, workdir in workdirs.items() if name not in now]
  live = [line for line in lines if line and datetime.datetime.fromisoformat(
      line['time']).timestamp() >= began - 1]
  said = f'sweep: {len(now)} of {len(workdirs)} runs ended'
  if failed:
    said += f', {failed} FAILED'
  said += f', {len(live)} running'
  counted = [line for line in live if line['total'] is not None]
  if counted:
    said += (f' ({sum(line["done"] for line in counted)} of '
             f'{sum(line["total"] for line in counted)} items, '
             f'{sum(line["rate"] or 0 for line in counted):.2g} a second)')
  return f'{said}, after {spell(time.time() - began)}'
