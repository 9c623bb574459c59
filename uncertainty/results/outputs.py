"""The tables and pages of a workdir: which stage wrote them, and of what.

In the manifest, `outputs` has a digest of each, as the stage that wrote it left
it. A stage lists what it wrote itself and nothing else: what was changed in the
meantime stays listed as it was. `made_of` has, for what later stages wrote, a
digest of all tables that the stage read.
"""

import contextlib
import os
import pathlib
from collections.abc import Iterator, Mapping
from typing import Any

from absl import logging

from uncertainty import file_digest, files
from uncertainty.results import digests, manifest, page, schema, shards
from uncertainty.specs import listed
from uncertainty.types import UserError

STAGES = ('score', 'probe', 'steer', 'analyze', 'report')
# Whose tables a stage reads.
_READS: Mapping[str, tuple[str, ...]] = {
    'score': (), 'probe': STAGES[:1], 'steer': STAGES[:1],
    'analyze': STAGES[:3], 'report': STAGES[:4]}
_FOLDERS = ('results', 'tokens', 'steered', 'analysis', 'report')
# What systems drop into folders that they show or share, beside hidden files;
# of those, tables of these kinds count: the stages would read them.
_DROPPED = ('Thumbs.db', 'desktop.ini')
_READ_KINDS = ('.parquet', '.npz', '.json')
_PAGE = 'report'
# Directions of steering stay while their rows and labels do, whatever else the
# results say: `steer` keeps a digest of those.
_KEPT = '.npz'


def standing(workdir: pathlib.Path) -> dict[str, pathlib.Path]:
  """The tables and pages that stand in a workdir.

  Args:
    workdir: of a run.

  Returns:
    Path within the workdir, as `outputs` in the manifest has it → the file;
    without what systems drop anywhere, such as `.DS_Store`.
  """
  # Whole files: a killed write leaves one under another name.
  paths = [p for folder in _FOLDERS for p in (workdir / folder).rglob('*')
           if p.is_file() and p.suffix != shards.TEMPORARY
           and not _dropped(p.relative_to(workdir))]
  return {os.fsencode(p.relative_to(workdir)).decode(
      'utf-8', 'backslashreplace'): p for p in sorted(paths)}


def _dropped(path: pathlib.Path) -> bool:
  return path.suffix not in _READ_KINDS and (
      path.name in _DROPPED or any(part[0] == '.' for part in path.parts))


def digest_of(path: pathlib.Path, *, remembered: bool = False) -> str:
  """What `outputs` says of a file.

  Args:
    path: of the file.
    remembered: as `file_digest.digest` takes it.

  Returns:
    64 hexadecimal digits.

  Raises:
    UserError: it cannot be read.
  """
  with files.malformed(path, 'make it readable, or move it away'):
    return file_digest.digest(path, remembered=remembered)


def writer(name: str) -> str:
  """The stage that writes one of the outputs.

  Args:
    name: path within the workdir, of two parts or more.

  Returns:
    One of `STAGES`.
  """
  path = pathlib.PurePath(name)
  if path.parts[0] == 'analysis':
    return page.stage_of(path.stem)
  return {'steered': 'steer', _PAGE: 'report'}.get(path.parts[0], 'score')


@contextlib.contextmanager
def recorded(workdir: pathlib.Path, stage: str,
             results_dir: str | None = None) -> Iterator[None]:
  """Lists in the manifest what a stage writes; without one, nothing.

  A page of which anything is not as listed is first set aside: the stage keeps
  files that it takes to be up to date.

  Args:
    workdir: of the run.
    stage: one of `STAGES`.
    results_dir: whose results are analysed and reported, if not the workdir's;
      several folders between commas.

  Yields:
    Nothing; the block is the stage. If it raises, nothing is listed.

  Raises:
    UserError: a table that the stage reads is not as the stage that wrote it
      left it, or the manifest cannot be read.
  """
  made_of = digests.of_value(_read_by(stage, workdir, results_dir))
  for by, said in stale(workdir, manifest.read(workdir)):
    if by in _READS[stage] and not results_dir:
      logging.warning('%s; run --stages=%s', said, _from(by, stage))
  if stage == 'report':
    _set_changed_page_aside(workdir)
  before = {name: _state(path) for name, path in standing(workdir).items()}
  yield
  held = manifest.read(workdir)
  if not held:
    return
  mine = {name: path for name, path in standing(workdir).items()
          if writer(name) == stage}
  written = {name: digest_of(path, remembered=True)
             for name, path in mine.items() if before.get(name) != _state(path)}
  # What the stage took away, or makes no more, is no longer missed.
  kept = {name: digest for name, digest in held.get('outputs', {}).items()
          if name in mine or writer(name) != stage} | written
  of = {name: digest for name, digest in held.get('made_of', {}).items()
        if name in kept}
  if _READS[stage]:
    # A page keeps what is up to date.
    now = mine.keys() & kept if stage == 'report' else written
    of |= {name: made_of for name in now if not name.endswith(_KEPT)}
  manifest.write(workdir, held | {'outputs': kept, 'made_of': of})


def _state(path: pathlib.Path) -> tuple[int, ...]:
  about = path.stat()
  return about.st_size, about.st_ino, about.st_mtime_ns, about.st_ctime_ns


def _read_by(stage: str, workdir: pathlib.Path, results_dir: str | None,
             ) -> dict[str, str]:
  """Digests of the tables that a stage reads, which are as listed."""
  places = [workdir]
  if results_dir and stage in ('analyze', 'report'):
    places = [*dict.fromkeys(
        path.parents[2] for root in listed(results_dir)
        for path in schema.result_files(root).values())]
    if stage == 'report':
      places.append(workdir)
  found = {}
  for place in places:
    known = manifest.read(place).get('outputs', {}) if _READS[stage] else {}
    here = os.path.relpath(place, workdir)
    for name, path in standing(place).items():
      by = writer(name)
      if by not in _READS[stage] or (by == 'analyze' and here != os.curdir):
        continue
      digest = digest_of(path, remembered=True)
      if known.get(name, digest) != digest:
        raise UserError(
            f'{path} is not as the stage {by} left it: it was changed, or '
            'written by a run that was stopped; run '
            f'--stages={_from(by, stage)}, or put the old file back')
      found[os.path.normpath(os.path.join(here, name))] = digest
  return found


def _from(first: str, last: str) -> str:
  return ','.join(STAGES[STAGES.index(first):STAGES.index(last) + 1])


def _set_changed_page_aside(workdir: pathlib.Path) -> None:
  mine = {name: path for name, path in standing(workdir).items()
          if writer(name) == 'report'}
  known = {name: digest for name, digest
           in manifest.read(workdir).get('outputs', {}).items()
           if writer(name) == 'report'}
  if mine and manifest.read(workdir) and (mine.keys() != known.keys() or any(
      digest_of(path, remembered=True) != known[name]
      for name, path in mine.items())):
    logging.warning(
        'a file of the page is not as the stage report left it: the old page '
        'is set aside as %s', shards.set_aside(workdir / _PAGE))


def stale(workdir: pathlib.Path, held: Mapping[str, Any],
          ) -> Iterator[tuple[str, str]]:
  """What was made of other tables than those that are listed now.

  A table that no list has counts as it stands there: a run that was stopped
  wrote it before its stage could list it, or it is a stranger's.

  Args:
    workdir: of the run.
    held: its manifest.

  Yields:
    The stage that wrote it, and what to say of it; once for each stage.

  Raises:
    UserError: a table that no list has cannot be read.
  """
  outputs, made_of = held.get('outputs', {}), held.get('made_of', {})
  if not made_of:
    return
  tables = outputs | {
      name: digest_of(path, remembered=True)
      for name, path in standing(workdir).items()
      if name not in outputs and writer(name) != _PAGE}
  for stage, reads in _READS.items():
    now = digests.of_value({
        name: digest for name, digest in tables.items()
        if writer(name) in reads})
    old = sorted(name for name in outputs.keys() & made_of.keys()
                 if writer(name) == stage and made_of[name] != now)
    if old:
      more = f' and {len(old) - 1} more of its files' if old[1:] else ''
      yield stage, (
          f'{workdir / old[0]}{more}: the tables that the stage {stage} read '
          'are not those that stand there now (what it writes no more, move '
          'away)')
