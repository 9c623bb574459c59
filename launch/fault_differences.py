"""What a finished run has otherwise than one that nothing happened to.

For launch/faults.py, which also plants `PLANTS` and looks whether each is seen.
"""

import json
import pathlib
import re
import shutil
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from uncertainty import verify
from uncertainty.errors import UserError
from uncertainty.results import activations, columns, manifest

NUMBERS = 1e-3  # how far a number may be from the undisturbed run's
# How far the page's length may be: numbers are in it, with their digits.
_LENGTH = .02
# Folders whose files are named otherwise in a run that was interrupted.
_CHUNKS = ('shards', 'activations', 'aside')
_OF_A_START = ('.lock', 'progress.jsonl', 'sweep.jsonl')


def differences(mine: pathlib.Path, fresh: pathlib.Path) -> Iterator[str]:
  """Compares all that a run leaves, to the values in every table.

  Args:
    mine: workdir of the finished run, or of a sweep's.
    fresh: that of the undisturbed one.

  Yields:
    What was lost, doubled or mixed, a line each.
  """
  for path in sorted(p for p in fresh.rglob('*') if p.is_file()):
    name = path.relative_to(fresh)
    if path.name in _OF_A_START or set(_CHUNKS) & set(name.parts):
      continue
    if not (mine / name).is_file():
      yield f'LOST: {name}'
    elif compare := _comparison(path):
      yield from compare(mine / name, path, str(name))
  for folder in sorted(fresh.rglob('activations/*/*/*')):
    if folder.is_dir():
      yield from _activations(mine / folder.relative_to(fresh), folder,
                              str(folder.relative_to(fresh)))


def _comparison(path: pathlib.Path) -> Callable[
    [pathlib.Path, pathlib.Path, str], Iterator[str]] | None:
  """How the content of such a file is compared, if it is."""
  if path.suffix == '.parquet':
    return _rows if path.parts[-3] == 'results' else _cells
  if path.suffix == '.npz':
    return _sums
  if path.name == 'index.html':
    return _page
  if path.name == 'manifest.json':
    return _manifest
  return _json if path.parts[-3] == 'tokens' else None


def _rows(mine: pathlib.Path, fresh: pathlib.Path, where: str,
          ) -> Iterator[str]:
  mine_of, fresh_of = pd.read_parquet(mine), pd.read_parquet(fresh)
  if lost := set(fresh_of[columns.ITEM_ID]) - set(mine_of[columns.ITEM_ID]):
    yield f'LOST: {sorted(lost)} of {where}'
  if mine_of[columns.ITEM_ID].duplicated().any():
    yield f'DOUBLED: rows of {where}'
    return
  mine_of, fresh_of = (
      t.set_index(columns.ITEM_ID) for t in (mine_of, fresh_of))
  for item in fresh_of.index.intersection(mine_of.index):
    wrong = [c for c in fresh_of if c not in mine_of or not verify.alike(
        mine_of.at[item, c], fresh_of.at[item, c], NUMBERS)]
    if wrong:
      yield f'MIXED: {item} of {where}: {", ".join(wrong)}'


def _cells(mine: pathlib.Path, fresh: pathlib.Path, where: str,
           ) -> Iterator[str]:
  mine_of, fresh_of = pd.read_parquet(mine), pd.read_parquet(fresh)
  if len(mine_of) != len(fresh_of):
    kind = 'LOST' if len(mine_of) < len(fresh_of) else 'DOUBLED'
    yield f'{kind}: rows of {where}'
    return
  wrong = [str(c) for c in fresh_of if c not in mine_of or not all(
      verify.alike(a, b, NUMBERS)
      for a, b in zip(mine_of[c], fresh_of[c], strict=True))]
  if wrong:
    yield f'MIXED: {where}: {", ".join(wrong)}'


def _sums(mine: pathlib.Path, fresh: pathlib.Path, where: str,
          ) -> Iterator[str]:
  both = [np.load(p) for p in (mine, fresh)]
  if 'sums_FLEE' in both[1] and not np.allclose(
      *(b['sums_FLEE'] for b in both), rtol=1e-4, atol=NUMBERS):
    yield f'MIXED: {where}'


def _page(mine: pathlib.Path, fresh: pathlib.Path, where: str,
          ) -> Iterator[str]:
  texts = [p.read_text(encoding='utf-8') for p in (mine, fresh)]
  headings = [re.findall(r'<h[1-4][^>]*>(.*?)</h', t, re.S) for t in texts]
  if headings[0] != headings[1] or '</html>' not in texts[0][-200:] or abs(
      len(texts[0]) - len(texts[1])) > _LENGTH * len(texts[1]):
    yield f'LOST: parts of {where}'


def _manifest(mine: pathlib.Path, fresh: pathlib.Path, where: str,
              ) -> Iterator[str]:
  try:
    both = [manifest.read(p.parent) for p in (mine, fresh)]
  except UserError as error:
    yield f'LOST: {error}'
    return
  for field in ('config', 'models', 'data'):
    mine_of, fresh_of = (_but_places(b.get(field)) for b in both)
    if mine_of != fresh_of:
      yield f'MIXED: {where}: {field}'


def _but_places(field):
  """Without what names the workdir's own cache."""
  if isinstance(field, dict):
    return {name: _but_places(value) for name, value in field.items()
            if name not in ('cache_dir', 'results_dir')}
  return field


def _json(mine: pathlib.Path, fresh: pathlib.Path, where: str,
          ) -> Iterator[str]:
  if json.loads(mine.read_bytes()) != json.loads(fresh.read_bytes()):
    yield f'MIXED: {where}'


def _activations(mine: pathlib.Path, fresh: pathlib.Path, where: str,
                 ) -> Iterator[str]:
  items = {item for path in fresh.glob('[0-9]*.json')
           for item in json.loads(path.read_bytes())['item_ids']}
  for item in sorted(items):
    try:
      both = [activations.read_tokens(p, item).values_NLD
              for p in (mine, fresh)]
    except (OSError, UserError) as error:
      yield f'LOST: {where} {item}: {error}'
      continue
    if both[0].shape != both[1].shape or not np.allclose(
        *both, atol=NUMBERS):
      yield f'MIXED: {where} {item}'


def _another_rho(workdir: pathlib.Path) -> None:
  path = workdir / 'analysis' / 'alignment.parquet'
  table = pd.read_parquet(path)
  rho = table[columns.RHO].fillna(0)
  table.assign(**{columns.RHO: rho.mask(rho.index == 0, rho - .1)}
               ).to_parquet(path)


# What is done to a finished workdir that has an analysis and a page.
PLANTS: dict[str, Callable[[pathlib.Path], object]] = {
    'a changed rho': _another_rho,
    'a gutted page': lambda workdir: (
        workdir / 'report' / 'index.html').write_text('nothing</html>'),
    'a deleted manifest': lambda workdir: manifest.path_of(workdir).unlink(),
    'deleted texts of tokens': lambda workdir: shutil.rmtree(
        workdir / 'tokens'),
    'a deleted figure': lambda workdir: next(
        (workdir / 'report' / 'figures').iterdir()).unlink(),
}


def planted(fresh: pathlib.Path, scratch: pathlib.Path,
            ) -> Iterator[tuple[str, pathlib.Path, list[str]]]:
  """Plants each of `PLANTS` in a copy of a finished workdir.

  Args:
    fresh: workdir of an undisturbed run.
    scratch: of the copies; each is removed when the next one is asked for.

  Yields:
    What was planted ('' first: nothing), where, and what `differences` says.
  """
  for name, plant in {'': lambda _: None, **PLANTS}.items():
    shutil.copytree(fresh, scratch)
    plant(scratch)
    yield name, scratch, list(differences(scratch, fresh))
    shutil.rmtree(scratch)
