"""Imports the paper's own result files: any subset, any nesting.

A file is `DATASET_MODEL.parquet`, one row per item in the data set's order.
Files differ in which columns they hold: the multiple-choice ones have no human
columns, CamChoice's have `human-ent` but no answers. What a file lacks about
the items comes from a fuller file of the same data set, in the folder or
beside it, and else from the data set itself.
"""

import dataclasses
import pathlib
import re
from collections.abc import Callable

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from uncertainty import files, human, parquet
from uncertainty.measures import registry
from uncertainty.results import columns, derived, schema
from uncertainty.results import published_columns as names
from uncertainty.types import Item, UserError

_KINDS = {'ins': 'instruct', 'instruct': 'instruct', 'chat': 'instruct',
          'base': 'base'}
_REMEDY = 'fetch it again or take it out of the folder'
_DATASET = re.compile(r'^([a-z0-9]+)_(.+)$')
_ITEM_COLUMNS = (
    *dict.fromkeys(names.HUMAN.values()), *names.ITEM.values())


@dataclasses.dataclass(frozen=True)
class Published:
  """What a folder of the paper's files holds.

  Attributes:
    frames: (dataset, model) → one row per item, our columns.
    columns: one row per column of each file: dataset, model, file, column,
      ours, status (mapped | extra | missing | filled in).
    activations: the paper's probe table, as it is; None if there is none.
    item_sources: dataset → where human and item columns came from.
    activation_files: where `activations` was read.
  """

  frames: dict[tuple[str, str], pd.DataFrame]
  columns: pd.DataFrame
  activations: pd.DataFrame | None
  item_sources: dict[str, str]
  activation_files: tuple[pathlib.Path, ...] = ()


@dataclasses.dataclass(frozen=True)
class _File:
  path: pathlib.Path
  dataset: str
  model: str
  raw: pd.DataFrame


def _not_at_hand(dataset: str) -> list[Item]:
  raise UserError(f'nothing was said of where the items of {dataset} are')


def read(
    folder: str | pathlib.Path,
    load_items: Callable[[str], list[Item]] = _not_at_hand,
) -> Published:
  """Reads every result file under a folder.

  Args:
    folder: of the paper's files, however nested.
    load_items: a data set's name → its items, needed when no file holds the
      human columns.

  Returns:
    What the folder holds, in our names and types.

  Raises:
    UserError: no such files; a file that cannot be read; two files of one
      model that disagree; human columns that are nowhere to be found.
  """
  root = pathlib.Path(folder)
  found, probes = _open_all(root)
  if not found and not probes:
    raise UserError(
        f'no result files of the paper under {root}: expected names such as '
        'coane_Mistral_0.1.parquet with columns such as mc_total-ent; point '
        '--config.results_dir at their folder')
  frames, rows, sources = {}, [], {}
  for dataset in dict.fromkeys(f.dataset for f in found):
    group = [f for f in found if f.dataset == dataset]
    with files.malformed(f'{root}, files of {dataset}', _REMEDY):
      items, sources[dataset] = _item_columns(dataset, group, root,
                                                load_items)
    for model in dict.fromkeys(f.model for f in group):
      same = [f for f in group if f.model == model]
      with files.malformed(same[0].path, _REMEDY):
        frame = _complete(_merge(same), items, same[0].path)
        rows += _column_rows(same, frame, sources[dataset])
        frames[dataset, model] = _tidy(frame, dataset, model)
  listed = pd.DataFrame(
      rows, columns=[columns.DATASET, columns.MODEL, derived.FILE,
                     derived.COLUMN, derived.OURS, derived.STATUS])
  activations = (
      pd.concat(probes.values(), ignore_index=True) if probes else None)
  return Published(frames, listed, activations, sources, tuple(probes))


def _open_all(
    root: pathlib.Path,
) -> tuple[list[_File], dict[pathlib.Path, pd.DataFrame]]:
  found, probes = [], {}
  for path in sorted(root.rglob('*.parquet')) if root.is_dir() else []:
    with files.malformed(path, _REMEDY):
      present = pq.read_schema(path).names
    of_probes = {derived.LAYER, 'human_ent_mean_r2'} <= set(present)
    measured = [c for c in present if names.measure(c)]
    table = parquet.read(path, _REMEDY)
    if of_probes:
      probes[path] = table.assign(**{
          columns.DATASET: path.stem.split('_')[0]})
    elif measured:
      with files.malformed(path, _REMEDY):
        dataset, model = _who(path, table)
      found.append(_File(path, dataset, model, table))
  return found, probes


def _who(path: pathlib.Path, raw: pd.DataFrame) -> tuple[str, str]:
  """Data set and model, from the column `model` or else the file's name."""
  stem, parent = path.stem, path.parent.name.split('_')[0]
  if columns.MODEL in raw and len(raw) and raw[columns.MODEL].nunique() == 1:
    model = str(raw[columns.MODEL].iloc[0])
    if stem.endswith('_' + model):
      return stem[:-len(model) - 1].split('_')[0], model
    if stem == model:
      return parent, model
  match = _DATASET.match(stem)
  if not match:
    raise UserError(
        f'{path} does not say its data set; name it DATASET_MODEL.parquet')
  return match[1], match[2]


def _merge(same: list[_File]) -> pd.DataFrame:
  """One model's files as one: the fullest, completed by the others."""
  same = sorted(same, key=lambda f: -f.raw.shape[1])
  merged = same[0].raw
  for other in same[1:]:
    if len(other.raw) != len(merged):
      raise UserError(
          f'{same[0].path} has {len(merged)} items but {other.path} has '
          f'{len(other.raw)}; keep one of them')
    shared = [c for c in map(str, other.raw)
              if c in merged and (ours := names.measure(c))
              and registry.parse(ours)[0] == registry.MC]
    for column in shared:
      a, b = (f[column].to_numpy(float) for f in (merged, other.raw))
      if not np.array_equal(a, b, equal_nan=True):
        raise UserError(
            f'{same[0].path} and {other.path} disagree in {column!r}; they '
            'are different runs: keep one of them')
    new = [c for c in other.raw if c not in merged]
    merged = merged.join(other.raw[new])
  return merged


def _has_people(raw: pd.DataFrame) -> bool:
  return 'human-ent' in raw or 'Answer_Ratios' in raw


def _item_columns(
    dataset: str, group: list[_File], root: pathlib.Path,
    load_items: Callable[[str], list[Item]],
) -> tuple[pd.DataFrame | None, str]:
  """Item and human columns in our names, and where they were found."""
  lengths = {len(f.raw) for f in group}
  own = max(group, key=lambda f: _n_known(f.raw))
  if all(_has_people(f.raw) for f in group):
    return _renamed_items(own.raw), 'in the result files'
  if _has_people(own.raw):
    return _renamed_items(own.raw), str(own.path)
  beside = sorted(root.resolve().parent.glob(f'*/{dataset}_*.parquet'))
  for path in beside:
    schema_names = set(pq.read_schema(path).names)
    if 'human-ent' in schema_names or 'Answer_Ratios' in schema_names:
      raw = parquet.read(path, _REMEDY)
      if {len(raw)} == lengths:
        return _renamed_items(raw), str(path)
  if dataset == 'mmlu' or 'Correct_Answer' in own.raw:
    return _renamed_items(own.raw), 'nowhere: no human answers are published'
  return _from_data(dataset, group[0], load_items)


def _n_known(raw: pd.DataFrame) -> int:
  return sum(c in names.HUMAN or c in names.ITEM for c in raw)


def _renamed_items(raw: pd.DataFrame) -> pd.DataFrame:
  known = {c: o for c, o in (names.HUMAN | names.ITEM).items() if c in raw}
  return raw[list(known)].rename(columns=known)


def _from_data(
    dataset: str, file: _File, load_items: Callable[[str], list[Item]],
) -> tuple[pd.DataFrame, str]:
  try:
    items = load_items(dataset)
  except UserError as error:
    raise UserError(
        f'{file.path} has no human columns, no fuller file of {dataset!r} is '
        f'beside it, and the data set could not be loaded ({error}); pass '
        f'--config.data.manual_dir=FOLDER with the source files of {dataset}'
    ) from error
  if len(items) != len(file.raw):
    raise UserError(
        f'{file.path} has {len(file.raw)} items but the data set {dataset!r} '
        f'has {len(items)}; the rows cannot be matched')
  frame = schema.item_frame(items)
  frame[columns.ANSWER] = [
      '' if np.isnan(a) else chr(ord('A') + int(a))
      for a in frame[columns.ANSWER]]
  described = [c for c in frame if c in _ITEM_COLUMNS or c == columns.ITEM_ID]
  return frame[described], f'data set {dataset}'


def _complete(
    raw: pd.DataFrame, items: pd.DataFrame | None, path: pathlib.Path,
) -> pd.DataFrame:
  """The file's columns in our names, with what it lacks about the items."""
  renamed = {c: o for c in map(str, raw) if (o := names.ours(c))}
  frame = raw[list(renamed)].rename(columns=renamed)
  frame = frame.loc[:, ~frame.columns.duplicated()]
  if items is None:
    return frame
  if len(items) != len(frame):
    raise UserError(
        f'{path} has {len(frame)} items, other files of its data set have '
        f'{len(items)}; keep files of one version of the data')
  if columns.QUESTION in frame and columns.QUESTION in items:
    differs = (frame[columns.QUESTION].to_numpy()
               != items[columns.QUESTION].to_numpy())
    if differs.any():
      raise UserError(
          f'{path}, row {int(np.argmax(differs))}, asks another question '
          'than the other files of its data set; restore the rows\' order')
  return frame.join(items[[c for c in items if c not in frame]])


def _column_rows(
    same: list[_File], frame: pd.DataFrame, source: str) -> list[tuple]:
  rows, seen = [], set()
  head = (same[0].dataset, same[0].model)
  for file in same:
    for column in map(str, file.raw):
      ours = names.ours(column)
      seen.add(ours or column)
      status = 'mapped' if ours else 'extra'
      rows.append((*head, str(file.path.name), column, ours or '', status))
  for column in names.EXPECTED:
    if names.ours(column) not in seen:
      rows.append((*head, '', column, names.ours(column), 'missing'))
  rows += [(*head, source, c, c, 'filled in') for c in frame if c not in seen]
  return rows


def _letter_index(letters: pd.Series) -> np.ndarray:
  """'A' → 0., 'b' → 1.; anything else → NaN."""
  place_N, found = pd.factorize(letters)
  text = pd.Series(found).astype('string').str.strip().str.upper()
  one = text.str.fullmatch('[A-Z]').fillna(False).to_numpy(bool)
  codes = [ord(t) - ord('A') if ok else np.nan for t, ok in zip(text, one)]
  return np.array([*codes, np.nan])[place_N]  # a missing one has place −1


def _tidy(frame: pd.DataFrame, dataset: str, model: str) -> pd.DataFrame:
  """Our types and derived columns."""
  frame = frame.copy()
  n_items = len(frame)
  unknown = pd.Series(np.full(n_items, np.nan))
  if columns.ITEM_ID not in frame:
    frame.insert(0, columns.ITEM_ID,
                 [f'{dataset}-{i:03d}' for i in range(n_items)])
  for column in (columns.PREDICTION, columns.ANSWER):
    if column in frame:
      frame[column] = _letter_index(frame[column])
  prediction = frame.get(columns.PREDICTION, unknown)
  answer = frame.get(columns.ANSWER, unknown)
  known = prediction.notna() & answer.notna()
  frame[columns.CORRECT] = np.where(known, prediction == answer, np.nan)
  favourite = unknown
  if columns.HUMAN_SHARES in frame:
    favourite = pd.Series([
        np.nan if s is None or len(s) == 0 else float(np.argmax(s))
        for s in frame[columns.HUMAN_SHARES]])
  known = prediction.notna() & favourite.notna()
  frame[columns.AGREES] = np.where(known, prediction == favourite, np.nan)
  if columns.FR_GRADE in frame:
    frame[columns.FR_CORRECT] = frame[columns.FR_GRADE].map(
        {'Y': 1.0, 'N': 0.0})
  if columns.CHOICES in frame:
    frame[columns.N_CHOICES] = frame[columns.CHOICES].map(len)
  elif columns.CHOICE_LOGPROBS in frame:
    frame[columns.N_CHOICES] = frame[columns.CHOICE_LOGPROBS].map(len)
  if columns.CLUSTER not in frame and columns.QUESTION in frame:
    frame[columns.CLUSTER] = frame[columns.QUESTION].map(human.question_cluster)
  kinds = frame.get(columns.KIND)
  kind = str(kinds.iloc[0]).lower() if kinds is not None and n_items else ''
  guess = 'ins' if re.search(r'(_Ins|_Chat)$', model) else 'base'
  return frame.assign(**{
      columns.DATASET: dataset, columns.MODEL: model,
      columns.ANSWER_FORMAT: 'letters',
      columns.KIND: _KINDS.get(kind, _KINDS[guess])}).copy()
