"""Items that a tuned model was trained on are not evaluated.

They lie beside its weights, `trained_items.parquet`, with those of the models
that it was tuned from, so that wherever the folder goes a run knows them: by
digest, by id, and by text that is nearly the same.
"""

import dataclasses
import pathlib
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from absl import logging

from uncertainty import parquet
from uncertainty.results import columns, digests, shards, split_columns
from uncertainty.tuning import near_duplicates
from uncertainty.types import Item, UserError

FILE = 'trained_items.parquet'
COLUMNS = (columns.DATASET, columns.ITEM_ID, columns.ITEM_DIGEST,
           split_columns.TEXT)
_SHOWN = 3  # items that a message names


@dataclasses.dataclass(frozen=True)
class UntrainedItems:
  """What is left to ask.

  Attributes:
    items: that no model of the run was trained on.
    left_out: item id → why, of the others.
  """

  items: list[Item]
  left_out: Mapping[str, str]


def table(items: Mapping[str, Sequence[Item]],
          earlier: pd.DataFrame | None = None) -> pd.DataFrame:
  """The table of items that a model is trained on.

  Args:
    items: by data set.
    earlier: the table of the model that tuning starts from, if it has one.

  Returns:
    `COLUMNS`, one row an item.
  """
  rows = [(dataset, item.item_id, digests.of_item(item),
           near_duplicates.text_of(item))
          for dataset, some in items.items() for item in some]
  frame = pd.DataFrame(rows, columns=list(COLUMNS))
  if earlier is not None:
    frame = pd.concat([earlier[list(COLUMNS)], frame])
  return frame.drop_duplicates(ignore_index=True)


def write(directory: pathlib.Path, frame: pd.DataFrame) -> None:
  """Puts the table beside a model's weights.

  Args:
    directory: of the model.
    frame: as `table` makes it.

  Raises:
    UserError: the disk is full, or the folder may not be written to.
  """
  shards.write_table(frame, directory / FILE)


def read(directory: pathlib.Path) -> pd.DataFrame:
  """The table beside a tuned model's weights.

  Args:
    directory: of the model.

  Returns:
    `COLUMNS`, one row an item.

  Raises:
    UserError: it is not there, or cannot be read.
  """
  path = directory / FILE
  remedy = 'copy the whole folder that tuning left, this file included'
  if not path.is_file():
    raise UserError(
        f'{path}: is missing, so that nobody knows which items this tuned'
        f' model was trained on; {remedy}')
  return parquet.read(path, remedy, COLUMNS)


def overlap(trained: pd.DataFrame, dataset: str, items: Sequence[Item]
            ) -> dict[str, str]:
  """Items that were trained on, and why that is known.

  Args:
    trained: as `table` makes it.
    dataset: that the items are of.
    items: that would be evaluated.

  Returns:
    Item id → the reason, for those that were, in the items' order.
  """
  held = set(trained[columns.ITEM_DIGEST])
  ids = set(trained[columns.ITEM_ID][trained[columns.DATASET] == dataset])
  near = near_duplicates.nearest(
      [near_duplicates.text_of(item) for item in items],
      trained[split_columns.TEXT].tolist())
  found = {}
  for item, index, jaccard in zip(items, near.index, near.jaccard):
    if digests.of_item(item) in held:
      found[item.item_id] = 'it was trained on'
    elif item.item_id in ids:
      found[item.item_id] = 'it was trained on, before it was edited'
    elif index >= 0:
      row = trained.iloc[int(index)]
      found[item.item_id] = near_reason(
          row[columns.DATASET], row[columns.ITEM_ID], jaccard)
  return found


def near_reason(dataset: str, item_id: str, jaccard: float) -> str:
  """Why an item counts as another one.

  Args:
    dataset: of the other.
    item_id: of the other.
    jaccard: of the two texts.

  Returns:
    A sentence's part.
  """
  percent = int(np.floor(100 * jaccard))
  return f'{percent} % of its text is that of {dataset}/{item_id}'


def exclude(
    items: Sequence[Item], dataset: str,
    folders: Mapping[str, pathlib.Path], policy: str,
) -> UntrainedItems:
  """What a run may ask its tuned models.

  Args:
    items: of the run.
    dataset: that they are of.
    folders: name of each tuned model → the folder of its weights.
    policy: `refuse` items that one of them was trained on, or `leave_out`.

  Returns:
    The items that none of them was trained on.

  Raises:
    UserError: there is an item that was trained on, and the policy is to
      refuse; none is left; or a model does not say what it was trained on.
  """
  left_out: dict[str, str] = {}
  for name, folder in folders.items():
    found = overlap(read(folder), dataset, items)
    if found and policy == 'refuse':
      shown = '; '.join(f'{item_id}: {why}' for item_id, why
                        in list(found.items())[:_SHOWN])
      raise UserError(
          f'{name} was trained on {len(found)} of the {len(items)} items of'
          f' {dataset} ({shown}); pass --config.data.trained_items=leave_out'
          ' to ask the others only')
    if found:
      logging.info('%s was trained on %d of %d items of %s, which are left'
                   ' out for all models', name, len(found), len(items),
                   dataset)
    left_out = found | left_out
  kept = [item for item in items if item.item_id not in left_out]
  if not kept:
    raise UserError(
        f'{" and ".join(folders)}: all {len(items)} items of {dataset} were'
        ' trained on; choose another data set or subset')
  return UntrainedItems(kept, left_out)
