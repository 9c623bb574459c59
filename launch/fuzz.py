"""Feeds mutated files to every reader: UserError or success, nothing else.

    python launch/fuzz.py --minutes=20 [--formats=gguf,docx] [--seed=0] \\
        [--keep=DIR]

Each format runs in a process of its own, for --minutes, which the system ends
after 10 s of processor time for one file (or eight times what the honest one
takes), and which may grow by 1 GB. What a reader fails on is kept in DIR as
FORMAT-DIGEST, for a test. Exits with 1 if anything was kept. Mutations are
hypothesis's: what fails is also made small. They come in rounds, whose seeds
count up from --seed, which is printed at the start; a failure names its round's
seed, from which it is the first round of another run.
"""

import argparse
import hashlib
import json
import math
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
_SECONDS, _BYTES = 10, 1 << 30
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
  began = time.process_time()
  read(folder / file_name)
  seconds = max(_SECONDS, 8 * (time.process_time() - began))

  def timed(path):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
      read(path)
    finally:
      signal.setitimer(signal.ITIMER_PROF, 0)
      grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
      if grown * 1024 > _BYTES:
        raise AssertionError(f'took {grown >> 10} MiB')

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
      done = subprocess.run([
          sys.executable, __file__, f'--minutes={flags.minutes}',
          f'--formats={name}', f'--seed={flags.seed}',
          f'--in_folder={folder}'], check=False)
      if done.returncode:
        failed += 1
        flags.keep.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
        kept = flags.keep / f'{name}-{digest}'
        shutil.copy(path, kept)
        print(f'{name}: FAILED ({done.returncode}) with --seed='
              f'{pathlib.Path(folder, _ROUND).read_text()}, see {kept}',
              flush=True)
  return bool(failed)


if __name__ == '__main__':
  sys.exit(main())
