"""Where the runs of a sweep stand, read from what they write."""

import datetime
import json
import pathlib
import time
from collections.abc import Mapping
from typing import Any

from uncertainty.errors import UserError
from uncertainty.progress import read_last, spell
from uncertainty.study import PROGRESS


def ended(log: pathlib.Path) -> dict[str, dict]:
  """The last line of each run in a sweep's log."""
  if not log.is_file():
    return {}
  lines = map(json.loads, log.read_text(encoding='utf-8').splitlines())
  return {line['run']: line for line in lines}


def standing(workdir: pathlib.Path, end: Mapping[str, Any] | None) -> str:
  """Where a run stands.

  Args:
    workdir: of the run.
    end: its last line in the sweep's log; None: it has none.

  Returns:
    'not started', 'running, …', 'finished …' or 'FAILED …'.
  """
  last = read_last(workdir / PROGRESS)
  if last and _running(workdir):
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


def overall(workdirs: Mapping[str, pathlib.Path], log: pathlib.Path,
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
  lines = [read_last(workdir / PROGRESS)
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
