"""One writer to a bucket's folder, by FOLDER/.lease/00001, 00002 and so on.

A start takes the number after the last one, by writing an object that must not
exist: of all who try, the service lets one. Numbers are never given up, so that
nobody who looked long ago can take one later. While it runs, a start counts in
its object; whoever sees nothing counted for `PATIENCE` seconds of its own clock
takes the next number, and a start that finds the next number taken has lost the
folder and writes no more.

A write that was on its way in that moment may still arrive. It does no harm:
shards and activations carry digests and item ids, by which the next start sorts
them out.
"""

import json
import pathlib
import secrets
import socket
import time
from typing import Any

from absl import logging

from uncertainty.buckets import store
from uncertainty.errors import UserError
from uncertainty.results import manifest

FOLDER = '.lease'
EVERY = 10.0  # seconds between two signs of life
PATIENCE = 60.0  # seconds without one, after which others take over
_POLL = 1.0
_MINE = 'lease'  # in the copy's home: the last lease that was taken from there


class LostError(UserError):
  """Another run has taken the folder."""


class Lease:
  """A folder that is this start's until `release`."""

  def __init__(self, bucket: store.Bucket, home: pathlib.Path):
    """Takes the folder.

    Args:
      bucket: its folder.
      home: of its copy on this machine, which this process has locked: a lease
        that was taken from there belongs to nobody who lives.

    Raises:
      manifest.InUseError: another run holds it.
      UserError: the service does not keep two writers apart.
    """
    self._bucket = bucket
    self._number = _last(bucket) + 1
    if self._number > 1:
      _wait(bucket, self._number - 1, home / _MINE)
    self._said: dict[str, Any] = {
        'token': secrets.token_hex(16), 'host': socket.gethostname(),
        'signs': 0, 'released': False}
    home.mkdir(parents=True, exist_ok=True)
    (home / _MINE).write_text(self._said['token'], encoding='utf-8')
    if not bucket.create(_name(self._number), self._content()):
      raise _in_use(bucket, self._number)
    if bucket.create(_name(self._number), b'{"released": true}'):
      raise UserError(
          f'{bucket.url}: this service writes over an object that must not '
          'exist (If-None-Match: *), so that nothing keeps two runs apart; '
          'choose another --workdir')

  def check(self) -> None:
    """Whether the folder is still this start's.

    Raises:
      LostError: it is not.
      UserError: no answer.
    """
    if self._bucket.about(_name(self._number + 1)):
      raise LostError(
          f'{self._bucket.url}: this run gave no sign of life for '
          f'{PATIENCE:.0f} s, and another one works there now; nothing more is '
          'written')

  def renew(self) -> None:
    """Gives a sign of life.

    Raises:
      LostError: the folder is no longer this start's.
      UserError: no answer.
    """
    self.check()
    self._said['signs'] += 1
    self._bucket.write(_name(self._number), self._content())

  def release(self) -> None:
    """Lets others take the folder at once; else they wait `PATIENCE`."""
    self._said['released'] = True
    try:
      self._bucket.write(_name(self._number), self._content())
    except UserError as error:
      logging.warning('%s', error)

  def _content(self) -> bytes:
    return json.dumps(self._said | {'last': time.time()}).encode()


def living(bucket: store.Bucket) -> bool:
  """Whether a run seems to work on a folder, by both machines' clocks.

  Args:
    bucket: the folder.

  Returns:
    Whether its last start has not ended and gave a sign of life lately.
  """
  number = _last(bucket)
  said = _read(bucket, number) if number else {'released': True}
  return not said['released'] and time.time() - said['last'] < PATIENCE


def _name(number: int) -> str:
  return f'{FOLDER}/{number:05d}'


def _last(bucket: store.Bucket) -> int:
  names = [name.rpartition('/')[2] for name in bucket.list(FOLDER)]
  number = max((int(name) for name in names if name.isdecimal()), default=0)
  while bucket.about(_name(number + 1)):  # the listing may be old
    number += 1
  return number


def _read(bucket: store.Bucket, number: int) -> dict[str, Any]:
  try:
    return json.loads(bucket.read(_name(number)) or b'')
  except ValueError as error:
    raise UserError(
        f'{bucket.url}/{_name(number)} is no JSON; take it away once no run '
        'works there') from error


def _wait(bucket: store.Bucket, number: int, mine: pathlib.Path) -> None:
  """Until the last lease is released, or its holder must be gone."""
  first = _read(bucket, number)
  if first['released'] or (mine.exists() and mine.read_text(
      encoding='utf-8') == first['token']):
    return
  logging.warning(
      '%s: the run on %s did not end properly, or is still there; waiting %d s '
      'for a sign of life', bucket.url, first['host'], PATIENCE)
  until = time.monotonic() + PATIENCE
  while time.monotonic() < until:
    time.sleep(_POLL)
    now = _read(bucket, number)
    if now['released']:
      return
    if now != first:
      raise _in_use(bucket, number)


def _in_use(bucket: store.Bucket, number: int) -> manifest.InUseError:
  return manifest.InUseError(
      f'another run is using {bucket.url}, by its object {_name(number)}; wait '
      'for it to end or choose another --workdir')
