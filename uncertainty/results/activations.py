"""Activations on disk: DIR/activations/DATASET/MODEL/SITE/.

Each chunk is a plain NumPy file NNNNN.npy, [n, L, D], readable by memory map,
and NNNNN.json with its item ids, the token string that each row stands on, and
a digest of it all. The .json comes second and under its final name by renaming:
a chunk without one was never finished and is ignored. An item that a resumed
run wrote again counts once, with its latest values.
"""

import dataclasses
import json
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from absl import logging

from uncertainty import file_digest, files
from uncertainty.results import shards
from uncertainty.types import UserError

_DTYPES = ('float64', 'float32', 'float16')
_REMEDY = 'run --stages=score again to redo its items'


@dataclasses.dataclass(frozen=True)
class Stored:
  """Activations of one (data set, model, site).

  Attributes:
    item_ids: N ids.
    tokens: the token string that each row stands on; '' where unknown.
    values_NLD: float32 (float64 if stored so). Sites outside blocks have L = 1.
  """

  item_ids: tuple[str, ...]
  tokens: tuple[str, ...]
  values_NLD: np.ndarray


def append(
    folder: pathlib.Path, item_ids: Sequence[str],
    values_NLD: np.ndarray | Sequence[np.ndarray], *,
    tokens: Sequence[str] | None = None, dtype: str | None = None,
) -> None:
  """Writes one chunk; call it before the shard that marks its items done.

  Args:
    folder: of the (data set, model, site).
    item_ids: n ids.
    values_NLD: [n, L, D], or n of [L, D]; [n, D] is taken as one layer.
    tokens: the token string under each row.
    dtype: stored precision; None: the values' own, float32 at least.

  Raises:
    UserError: values that are not finite, another shape than what is stored,
      or a full disk.
  """
  values = np.asarray(values_NLD)
  dtype = dtype or str(np.result_type(np.float32, values))
  if dtype not in _DTYPES:
    raise UserError(
        f'activations cannot be stored as {dtype!r}; choose one of '
        f'{", ".join(_DTYPES)}')
  values = values.astype(dtype, copy=False)
  if values.ndim == 2:
    values = values[:, None, :]
  names = tokens if tokens is not None else [''] * len(item_ids)
  if values.ndim != 3 or not len(item_ids) == len(values) == len(names):
    raise ValueError(
        f'{len(item_ids)} items, {len(names)} tokens and activations of shape '
        f'{values.shape} do not belong together')
  if not np.isfinite(values).all():
    bad = item_ids[int(np.argmin(np.isfinite(values).all((1, 2))))]
    raise UserError(
        f'activations of item {bad!r} for {folder} are not finite; use '
        '--config.model.dtype=float32, and store float32')
  folder.mkdir(parents=True, exist_ok=True)
  _claim(folder, values, dtype)
  number = 1 + max((int(p.stem) for p in _chunks(folder)), default=-1)
  path = folder / f'{number:05d}.npy'
  with files.writing(path):
    try:
      with open(path, 'wb') as file:
        np.save(file, values)
      content = {'item_ids': list(item_ids), 'tokens': list(names)}
      _write_json(path.with_suffix('.json'),
                  content | {'digest': _digest(path, content)})
    except OSError:
      path.unlink(missing_ok=True)
      raise


def site_at(site: str, position: str, positions: Sequence[str]) -> str:
  """The folder of a site's activations, its name in the tables of probes.

  Args:
    site: where in the model.
    position: where in the text.
    positions: all that the run keeps.

  Returns:
    The site; with `@` and the position, where there are several.
  """
  return site if len(positions) == 1 else f'{site}@{position}'


def position_of(folder: str, positions: Sequence[str]) -> str:
  """Where in the text activations were taken.

  Args:
    folder: of `site_at`.
    positions: all that the run keeps.

  Returns:
    The position.
  """
  return folder.partition('@')[2] or positions[0]


def append_tokens(
    folder: pathlib.Path, item_ids: Sequence[str],
    values: Sequence[np.ndarray], tokens: Sequence[Sequence[str]],
) -> None:
  """As `append`, with a row for each token of an item.

  Args:
    folder: of the (data set, model, site).
    item_ids: n ids.
    values: per item, [T, L, D].
    tokens: per item, the T tokens' texts.

  Raises:
    UserError: what is stored there has another shape or type.
  """
  append(folder,
         [i for i, rows in zip(item_ids, values, strict=True) for _ in rows],
         np.concatenate(list(values)),
         tokens=[token for some in tokens for token in some])


def _digest(path: pathlib.Path, content: Mapping[str, Any]) -> str:
  return file_digest.of_parts([
      file_digest.digest(path), *content['item_ids'], *content['tokens']])


def damaged(folder: pathlib.Path) -> dict[pathlib.Path, str]:
  """Chunks that are not what was written; nothing is changed on disk.

  Args:
    folder: of the (data set, model, site).

  Returns:
    The chunk's .json → what is wrong with it.
  """
  found = {}
  for path in _chunks(folder):
    try:
      content, _ = _chunk(path)
      if content.get('digest') not in (
          None, _digest(path.with_suffix('.npy'), content)):
        found[path] = 'not what was written'
    except UserError as error:
      found[path] = str(error)
  return found


def sort_out(folder: pathlib.Path) -> frozenset[str]:
  """Sets aside chunks that are not what was written, naming them.

  Args:
    folder: of the (data set, model, site).

  Returns:
    Ids of the items whose chunks are whole.
  """
  for path, problem in damaged(folder).items():
    logging.warning(
        'the activations %s are damaged (%s); set aside as %s, their items are '
        'asked again', path.with_suffix('.npy'), problem,
        shards.set_aside(path))
  _restore_claim(folder)
  return frozenset(
      item for path in _chunks(folder) for item in _rows(path)['item_ids'])


def _restore_claim(folder: pathlib.Path) -> None:
  """Writes the folder's own manifest again if it cannot be read."""
  path = folder / 'manifest.json'
  try:
    if path.exists():
      files.read_json(path, _REMEDY)
      return
  except UserError:
    logging.warning('%s is damaged; set aside as %s', path,
                    shards.set_aside(path))
  for chunk in _chunks(folder)[:1]:
    values = _open(chunk)
    _claim(folder, values, str(values.dtype))


def _claim(folder: pathlib.Path, values: np.ndarray, dtype: str) -> None:
  path = folder / 'manifest.json'
  mine = {'n_layers': values.shape[1], 'width': values.shape[2],
          'dtype': dtype}
  if not path.exists():
    _write_json(path, mine)
    return
  held = files.read_json(path, _REMEDY)
  if held != mine:
    raise UserError(
        f'{folder} holds activations with {held}, this run makes {mine}; '
        'choose another --workdir')


def _write_json(path: pathlib.Path, content: Mapping[str, Any]) -> None:
  with shards.replacing(path) as file:
    file.write(json.dumps(content).encode())


def sites(workdir: pathlib.Path) -> list[tuple[str, str, str]]:
  """What activations a workdir holds.

  Args:
    workdir: of a run.

  Returns:
    (data set, model, site) triples in alphabetical order.
  """
  found = sorted((workdir / 'activations').glob('*/*/*/manifest.json'))
  return [(p.parts[-4], p.parts[-3], p.parts[-2]) for p in found]


def read(
    folder: pathlib.Path, item_ids: Sequence[str] | None = None,
) -> Stored:
  """Reads all chunks.

  Args:
    folder: of the (data set, model, site).
    item_ids: N ids, in the order wanted; None: all, as written.

  Returns:
    One row an item.

  Raises:
    UserError: nothing stored, a wanted item missing, several rows an item, or
      a broken chunk: one that cannot be read, of another shape than the
      others, or with values that are not finite.
  """
  places: dict[str, tuple[int, int]] = {}
  token_of: dict[str, str] = {}
  arrays, paths = [], _chunks(folder)
  for path in paths:
    content, values = _chunk(path)
    arrays.append(values)
    if values.shape[1:] != arrays[0].shape[1:]:
      raise UserError(
          f'{path.with_suffix(".npy")} holds activations {values.shape[1:]} of '
          f'an item, chunks before it {arrays[0].shape[1:]}; {_REMEDY}')
    if len(set(content['item_ids'])) < len(content['item_ids']):
      raise UserError(
          f'{folder} holds a row for each token (probe.positions=all), and '
          'probes take one an item; read them with activations.read_tokens, '
          'or score with other positions')
    for row, (item, token) in enumerate(
        zip(content['item_ids'], content['tokens'], strict=True)):
      places[item] = (len(arrays) - 1, row)
      token_of[item] = token
  if not arrays:
    raise UserError(
        f'no activations under {folder}; run --stages=score with '
        '--config.probe.sites=residual')
  wanted = list(places if item_ids is None else item_ids)
  missing = [i for i in wanted if i not in places]
  if missing:
    raise UserError(
        f'{folder} lacks activations of {len(missing)} of {len(wanted)} items,'
        f' such as {missing[0]!r}; run --stages=score again in a new --workdir')
  values = np.empty((len(wanted), *arrays[0].shape[1:]),
                    np.result_type(np.float32, arrays[0]))
  chunk_of = np.array([places[i][0] for i in wanted])
  row_of = np.array([places[i][1] for i in wanted])
  for chunk, array in enumerate(arrays):
    here = chunk_of == chunk
    values[here] = array[row_of[here]]
    if not np.isfinite(array).all():
      raise UserError(
          f'{paths[chunk].with_suffix(".npy")} holds activations that are not '
          f'finite; delete it and {_REMEDY}')
  return Stored(tuple(wanted), tuple(token_of[i] for i in wanted), values)


def read_tokens(folder: pathlib.Path, item_id: str) -> Stored:
  """All rows of one item: its tokens in order, where all were kept.

  Args:
    folder: of the (data set, model, site).
    item_id: the item's.

  Returns:
    T rows.

  Raises:
    UserError: the item is not there, or a broken chunk.
  """
  for path in reversed(_chunks(folder)):
    content, values = _chunk(path)
    rows = [n for n, i in enumerate(content['item_ids']) if i == item_id]
    if rows:
      return Stored((item_id,) * len(rows),
                    tuple(content['tokens'][n] for n in rows),
                    values[rows])
  raise UserError(f'{folder} lacks activations of item {item_id!r}; run '
                  '--stages=score again')


def _chunks(folder: pathlib.Path) -> list[pathlib.Path]:
  """Each whole chunk's .json, in the order in which they were written."""
  return sorted(p for p in folder.glob('[0-9]*.json') if p.stem.isdecimal())


def _chunk(path: pathlib.Path) -> tuple[dict[str, Any], np.ndarray]:
  """A chunk's ids and tokens, and its values by memory map [n, L, D]."""
  content, values = _rows(path), _open(path)
  if not len(values) == len(content['item_ids']):
    raise UserError(
        f'{path} names {len(content["item_ids"])} rows and its .npy holds '
        f'{len(values)}; {_REMEDY}')
  return content, values


def _rows(path: pathlib.Path) -> dict[str, Any]:
  content = files.read_json(path, _REMEDY)
  lists = [content.get('item_ids'), content.get('tokens')]
  texts = [some for some in lists if isinstance(some, list)
           and all(isinstance(value, str) for value in some)]
  if len(texts) < 2 or len(texts[0]) != len(texts[1]):
    raise UserError(
        f'{path} does not name an item and a token for each row; {_REMEDY}')
  return content


def _open(path: pathlib.Path) -> np.ndarray:
  chunk = path.with_suffix('.npy')
  with files.malformed(chunk, _REMEDY):
    files.plain_size(chunk)  # which no pipe has
    # Not `np.load`, which takes archives and leaves them open.
    values = np.lib.format.open_memmap(chunk, mode='r')
  if (values.ndim != 3 or str(values.dtype) not in _DTYPES
      or 0 in values.shape[1:]):
    raise UserError(
        f'{chunk} holds {values.dtype} of shape {values.shape}, not '
        f'activations; {_REMEDY}')
  return values
