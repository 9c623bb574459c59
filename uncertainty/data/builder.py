"""The TFDS builder that every data set shares, and how it is read back.

Prepared data is array_record files read with `as_data_source`; nothing here
needs or imports TensorFlow.
"""

import abc
import contextlib
import dataclasses
import hashlib
import io
import json
import os
import pathlib
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

import numpy as np
import tensorflow_datasets as tfds

from uncertainty import files, human
from uncertainty.data import ratings, sources
from uncertainty.results import columns
from uncertainty.specs import DataSpec
from uncertainty.types import Item, UserError

Paths = Mapping[str, pathlib.Path]


class ItemBuilder(tfds.core.GeneratorBasedBuilder, skip_registration=True):
  """Items out of source files. Subclasses say which files and how to read."""

  VERSION = tfds.core.Version('1.0.0')
  # Items of this subset are taken when the config names none; None: all.
  DEFAULT_SUBSET: ClassVar[str | None] = None
  # What it is made from.
  SOURCES: ClassVar[tuple[sources.Source, ...]] = ()

  def __init__(self, *, paths: Paths, data_dir: str):
    """Makes a builder of located sources.

    Args:
      paths: source files by name, as `locate` returns them.
      data_dir: where prepared data goes.
    """
    self._paths = paths
    super().__init__(data_dir=data_dir, file_format='array_record')

  @classmethod
  def locate(cls, spec: DataSpec, download_dir: pathlib.Path) -> Paths:
    """`SOURCES` by name, found or downloaded.

    Args:
      spec: `manual_dir` is looked through first.
      download_dir: where downloads go.

    Returns:
      Paths by name.

    Raises:
      UserError: a file is neither at hand nor downloadable.
    """
    return sources.locate(cls.name, cls.SOURCES, manual_dir=spec.manual_dir,
                          download_dir=download_dir)

  @classmethod
  @abc.abstractmethod
  def read(cls, paths: Paths) -> Iterator[Item]:
    """Items out of the source files, in their order.

    Args:
      paths: as `locate` returns them.

    Yields:
      Items, unchecked.

    Raises:
      UserError: a file that is not what its authors publish.
    """

  @classmethod
  def read_examples(cls, paths: Paths) -> Iterator[Item]:
    """Worked examples for few-shot prompts, grouped like the items.

    Args:
      paths: as `locate` returns them.

    Yields:
      Items; none unless a data set has some.
    """
    del paths
    return iter(())

  def _info(self) -> tfds.core.DatasetInfo:
    text = tfds.features.Text()
    return tfds.core.DatasetInfo(
        builder=self,
        description=type(self).__doc__,
        features=tfds.features.FeaturesDict({
            columns.ITEM_ID: text,
            'question': text,
            'choices': tfds.features.Sequence(text),
            'answer': np.int64,  # -1: none
            'group': text,
            # TFDS keeps floats in float32; as JSON they stay exact.
            'details': text,
        }),
        disable_shuffling=True,
    )

  def _split_generators(self, dl_manager):
    del dl_manager  # sources are located before TFDS starts
    # Read here rather than in the generator, where TFDS would wrap errors.
    return {split: self._generate_examples(items)
            for split, items in self.checked(self._paths).items() if items}

  @classmethod
  def checked(cls, paths: Paths) -> dict[str, list[Item]]:
    """All that the source files hold, each item held to be usable.

    Args:
      paths: as `locate` returns them.

    Returns:
      Split → items.

    Raises:
      UserError: a file that is not what its authors publish.
    """
    where = ', '.join(sorted({str(p.parent) for p in paths.values()}))
    where = f'{cls.name} ({where})'
    with files.malformed(where, 'use the files as their authors publish them'):
      splits = {'items': cls.read(paths), 'examples': cls.read_examples(paths)}
      found = {split: [human.check(item, source=where) for item in items]
               for split, items in splits.items()}
    if not found['items']:
      raise UserError(f'{where}: there are no items; use the files as their'
                      ' authors publish them')
    return found

  def _generate_examples(self, items: Iterable[Item]):
    for key, item in enumerate(items):
      yield key, _to_record(item)


def load(builder: type[ItemBuilder], spec: DataSpec) -> Iterator[Item]:
  """Locates, prepares (once) and reads a data set; all its items, as needed.

  Prepared data lies under `spec.data_dir` (or the user's cache), in a folder
  named by a hash of the source files, so that changed sources are prepared
  anew.

  Args:
    builder: the data set's.
    spec: folders to look through; subset and limit are not applied here.

  Yields:
    Items in the order of their sources, worked examples in `extra`.

  Raises:
    UserError: sources that cannot be had or read, or a folder that cannot be
      written.
  """
  paths = located(builder, spec)
  folder = _root(spec) / 'prepared' / _fingerprint(builder, paths)
  if not folder.is_dir():
    prepare(builder, paths, folder)
  prepared = builder(paths=paths, data_dir=str(folder))
  examples: dict[str, list[Item]] = {}
  for item in _read(prepared, 'examples'):
    examples.setdefault(item.group, []).append(item)
  for item in _read(prepared, 'items'):
    yield _with_examples(item, examples)


def located(builder: type[ItemBuilder], spec: DataSpec) -> Paths:
  """A data set's source files, found or downloaded.

  Args:
    builder: the data set's.
    spec: folders to look through.

  Returns:
    Paths by name.

  Raises:
    UserError: a file is neither at hand nor downloadable.
  """
  return builder.locate(spec, _root(spec) / 'downloads' / builder.name)


def _root(spec: DataSpec) -> pathlib.Path:
  if spec.data_dir:
    return pathlib.Path(spec.data_dir).expanduser()
  return files.cache_dir() / 'data'


def _with_examples(item: Item, examples: Mapping[str, list[Item]]) -> Item:
  if item.group not in examples:
    return item
  extra = {**item.extra, 'examples': tuple(examples[item.group])}
  return dataclasses.replace(item, extra=extra)


def _fingerprint(builder: type[ItemBuilder], paths: Paths) -> str:
  hasher = hashlib.sha256(f'{builder.name} {builder.VERSION}'.encode())
  for name, path in sorted(paths.items()):
    hasher.update(f'{name} {sources.digest_of(path)}'.encode())
  return f'{builder.name}-{hasher.hexdigest()[:16]}'


def prepare(builder: type[ItemBuilder], paths: Paths,
             folder: pathlib.Path) -> None:
  """Prepares beside `folder` and renames, so that two runs do not collide.

  Args:
    builder: the data set's.
    paths: its source files.
    folder: where the prepared data goes; one that another run has made in the
      meantime stays.

  Raises:
    UserError: the folder cannot be written, or the sources are not usable.
  """
  try:
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = tempfile.mkdtemp(dir=folder.parent, prefix='.preparing-')
  except OSError as error:
    raise UserError(f'cannot write prepared data to {folder.parent} ({error});'
                    ' choose another folder with --config.data.data_dir'
                    ) from error
  try:
    with _quiet():
      builder(paths=paths, data_dir=temporary).download_and_prepare(
          file_format='array_record')
    with contextlib.suppress(FileExistsError):
      # Someone else may have been faster, with the same content.
      if not folder.is_dir():
        os.rename(temporary, folder)
  finally:
    shutil.rmtree(temporary, ignore_errors=True)


@contextlib.contextmanager
def _quiet():
  """TFDS prints as it prepares; a second's work needs no report."""
  tfds.disable_progress_bar()
  with contextlib.redirect_stdout(io.StringIO()):
    yield


def _read(prepared: ItemBuilder, split: str) -> Iterator[Item]:
  if split not in prepared.info.splits:
    return
  # TFDS decorates its methods in a way that hides their parameters.
  as_data_source: Any = prepared.as_data_source
  source = as_data_source(split=split)
  for i in range(len(source)):
    yield _from_record(source[i])


def _to_record(item: Item) -> dict[str, Any]:
  return {
      columns.ITEM_ID: item.item_id,
      'question': item.question,
      'choices': list(item.choices),
      'answer': -1 if item.answer is None else item.answer,
      'group': item.group,
      'details': json.dumps({
          columns.ANSWER_TEXT: item.answer_text,
          'aliases': item.aliases,
          columns.HUMAN_SHARES: item.human_shares,
          columns.HUMAN_COUNT: item.human_count,
          'ratings': ratings.to_record(item.ratings),
          'scale': item.scale,
          'human': item.human,
          'cluster': item.cluster,
          'extra': item.extra,
      }),
  }


def _from_record(record: Mapping[str, Any]) -> Item:
  details = json.loads(record['details'])
  shares = details[columns.HUMAN_SHARES]
  answer = int(record['answer'])
  return Item(
      item_id=record[columns.ITEM_ID].decode(),
      question=record['question'].decode(),
      choices=tuple(choice.decode() for choice in record['choices']),
      answer=None if answer < 0 else answer,
      answer_text=details[columns.ANSWER_TEXT],
      aliases=tuple(details['aliases']),
      human_shares=None if shares is None else tuple(shares),
      human_count=details[columns.HUMAN_COUNT],
      # Data of an older version's form have neither.
      ratings=ratings.from_record(details.get('ratings', {})),
      scale=tuple(details.get('scale', ())),
      human=details['human'],
      group=record['group'].decode(),
      cluster=details['cluster'],
      extra=details['extra'],
  )

