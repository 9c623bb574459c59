"""Feeds mutated files to every reader: UserError or success, nothing else.

    python launch/fuzz.py --minutes=20 [--formats=gguf,docx] [--seed=0] \\
        [--keep=DIR]

Each format runs in a process of its own, for --minutes, which the system ends
after 10 s of processor time or a minute for one file (or eight times what the
honest one takes). It and the processes that it starts may grow by 1 GB for one
file, and take those 10 s together; if it does not end when its time is long
over, it is ended too. What a reader fails on is kept in DIR as
FORMAT-DIGEST, for a test. Exits with 1 if anything was kept. Mutations are
hypothesis's: what fails is also made small. They come in rounds, whose seeds
count up from --seed, which is printed at the start; a failure names its round's
seed, from which it is the first round of another run.
"""

import argparse
import contextlib
import hashlib
import json
import math
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import hypothesis
from absl import logging
from hypothesis import strategies as st

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from launch import fuzz_files, fuzz_workdirs
from uncertainty.errors import UserError

FORMATS = fuzz_files.FORMATS | fuzz_workdirs.FORMATS
_STRUCTURED = fuzz_files.STRUCTURED + fuzz_workdirs.STRUCTURED
# Of processor time; on the clock, generously: machines are busy; of memory.
SECONDS, CLOCK_SECONDS, BYTES = 10, 60, 1 << 30
# To write honest files, and to make small what failed.
_LATE = 1200
_ROUND = '.round'  # holds the seed: a process that was ended tells none
# Numbers and texts that readers trip over.
_SPLICES = (
    b'\0', b'\xff' * 8, b'\xff\xff\xff\x7f', b'0', b'-1', b'1e999', b'NaN',
    b'9' * 30, b'9' * 4000, b'1e308', b'null', b'[]', b'{}', b'"', b'[' * 50,
    b'../../x', b'\\ud800', b'[' * 100_000, b'\n', b',', b'|', b'{{', b'%}',
    b'<!DOCTYPE a [<!ENTITY b "c">]>')


def _written(name: str, honest: bytes, mutations) -> bytes:
  if name in _STRUCTURED:
    return json.dumps([
        (kind, share, splice.decode('latin1'), n)
        for kind, share, splice, n in mutations]).encode()
  return mutate(honest, mutations)


# (kind, where as a share of the length, splice, how many bytes).
MUTATIONS = st.lists(st.tuples(
    st.sampled_from(('set', 'insert', 'delete', 'repeat', 'cut')),
    st.floats(0, 1), st.one_of(st.sampled_from(_SPLICES), st.binary(
        min_size=1, max_size=8)), st.integers(1, 64)), min_size=1, max_size=4)


def mutate(content: bytes, mutations) -> bytes:
  for kind, share, splice, n in mutations:
    at = int(share * len(content))
    head, tail = content[:at], content[at:]
    content = {'set': head + splice + tail[len(splice):],
               'insert': head + splice + tail, 'delete': head + tail[n:],
               'repeat': head + tail[:n] * n + tail, 'cut': head}[kind]
  return content


def fuzz(name: str, folder: pathlib.Path, examples: int, seed: int,
         end: float = math.inf) -> dict:
  """Raises what a reader raises; returns how many files it read, refused.

  Past `end` of the monotonic clock no file is tried that did not fail before.
  """
  file_name, write, read = FORMATS[name]
  path = folder / file_name
  write(path)
  honest, counts, failed = path.read_bytes(), {'read': 0, 'refused': 0}, False

  @hypothesis.seed(seed)
  @hypothesis.settings(
      max_examples=examples, database=None, deadline=None,
      suppress_health_check=list(hypothesis.HealthCheck))
  @hypothesis.given(MUTATIONS)
  def run(mutations):
    nonlocal failed
    if time.monotonic() > end and not failed:
      return
    path.write_bytes(_written(name, honest, mutations))
    try:
      read(path)
      counts['read'] += 1
    except UserError:
      counts['refused'] += 1
    except BaseException:
      failed = True  # and is made small
      raise

  run()
  return counts


def _started() -> list[str]:
  """Numbers of the processes that this one started, or they, and that run."""
  found = ['self']
  for process in found:  # which grows
    for path in pathlib.Path('/proc', process, 'task').glob('*/children'):
      with contextlib.suppress(OSError):  # it ended
        found += path.read_text().split()
  return found[1:]


def _processor_seconds() -> float:
  """Of this process and those that it started, whether they ended or not."""
  ticks = 0
  for process in _started():
    with contextlib.suppress(OSError):
      stat = pathlib.Path('/proc', process, 'stat').read_text()
      # Of its own and of those that it waited for, in user's and system's mode.
      ticks += sum(map(int, stat.rpartition(')')[2].split()[11:15]))
  return sum(os.times()[:4]) + ticks / os.sysconf('SC_CLK_TCK')


def _peaks(*, reset: bool = False) -> dict[str, int]:
  """Process → the most bytes that it had since the last reset."""
  found = {}
  for process in ('self', *_started()):
    folder = pathlib.Path('/proc', process)
    with contextlib.suppress(OSError):
      if reset:
        (folder / 'clear_refs').write_text('5')
      status = (folder / 'status').read_text()
      found[process] = 1024 * int(
          status.partition('VmHWM:')[2].split(maxsplit=1)[0])
  return found


def _ended_peak() -> int:
  """The most bytes that any process had that was started here and ended."""
  return 1024 * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss


def _limited(name: str, folder: pathlib.Path, minutes: float, seed: int,
             ) -> None:
  """One format until its time is over; the system ends what takes too long."""
  end = time.monotonic() + 60 * minutes
  total = {'read': 0, 'refused': 0}
  # What readers warn of would be thousands of lines.
  logging.set_verbosity(logging.ERROR)
  (folder / _ROUND).write_text(str(seed))
  file_name, write, read = FORMATS[name]
  write(folder / file_name)
  began, at = _processor_seconds(), time.monotonic()
  read(folder / file_name)
  seconds = max(SECONDS, 8 * (_processor_seconds() - began))
  clock = max(CLOCK_SECONDS, 8 * (time.monotonic() - at))

  def timed(path):
    peaks, ended = _peaks(reset=True), _ended_peak()
    began = _processor_seconds()
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, clock)
    try:
      read(path)
    finally:
      signal.setitimer(signal.ITIMER_PROF, 0)
      signal.setitimer(signal.ITIMER_REAL, 0)
      grown = sum(max(0, peak - peaks.get(process, 0))
                  for process, peak in _peaks().items())
      if _ended_peak() > ended:
        grown = max(grown, _ended_peak() - peaks['self'])
      if grown > BYTES:
        raise AssertionError(f'took {grown >> 20} MiB')
      if (taken := _processor_seconds() - began) > seconds:
        raise AssertionError(f'took {taken:.0f} s of processor time')

  FORMATS[name] = (file_name, write, timed)
  while time.monotonic() < end:
    for kind, n in fuzz(name, folder, 200, seed, end).items():
      total[kind] += n
    seed += 1
    (folder / _ROUND).write_text(str(seed))
  print(f'{name}: {total["read"]} read, {total["refused"]} refused', flush=True)


def main() -> int:
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument('--minutes', type=float, default=20)
  parser.add_argument('--formats', default=','.join(FORMATS))
  parser.add_argument('--seed', type=int, default=0)
  parser.add_argument('--keep', type=pathlib.Path,
                      default=pathlib.Path('fuzz-failures'))
  parser.add_argument('--in_folder', type=pathlib.Path)  # of the child
  flags = parser.parse_args()
  if flags.in_folder:
    _limited(flags.formats, flags.in_folder, flags.minutes, flags.seed)
    return 0
  print(f'seed {flags.seed}', flush=True)
  failed = 0
  for name in flags.formats.split(','):
    with tempfile.TemporaryDirectory() as folder:
      path = pathlib.Path(folder, FORMATS[name][0])
      try:
        status = subprocess.run([
            sys.executable, __file__, f'--minutes={flags.minutes}',
            f'--formats={name}', f'--seed={flags.seed}',
            f'--in_folder={folder}'], check=False,
            timeout=60 * flags.minutes + _LATE).returncode
      except subprocess.TimeoutExpired:
        status = 'it did not end'
      if status:
        failed += 1
        flags.keep.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
        kept = flags.keep / f'{name}-{digest}'
        shutil.copy(path, kept)
        print(f'{name}: FAILED ({status}) with --seed='
              f'{pathlib.Path(folder, _ROUND).read_text()}, see {kept}',
              flush=True)
  return bool(failed)


if __name__ == '__main__':
  sys.exit(main())
