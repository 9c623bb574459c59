"""Which item a tuning trains on, and which it is asked after.

An item's place is drawn from its own digest (or its subject's, or its data
set's, where these are held out as a whole), so that further items move none of
those that were there. What is nearly the same as an item that will be asked is
not trained on.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from uncertainty.errors import hint
from uncertainty.results import columns, digests, split_columns
from uncertainty.tuning import near_duplicates, trained_items
from uncertainty.types import Item, UserError

TRAIN, HELD_OUT, LEFT_OUT, UNUSED = 'train', 'held_out', 'left_out', 'unused'
COLUMNS = (columns.DATASET, columns.ITEM_ID, columns.ITEM_DIGEST,
           split_columns.SPLIT, split_columns.REASON)

# What is held out as a whole: (data set, item) → what its place is drawn by.
UNITS: Mapping[str, Callable[[str, Item], Sequence[str]]] = {
    'item': lambda dataset, item: (dataset, digests.of_item(item)),
    'subject': lambda dataset, item: (dataset, item.group),
    'data': lambda dataset, item: (dataset,),
}


def table(
    items: Mapping[str, Sequence[Item]], *, by: str, held_out: float,
    left_out: Sequence[str] = (), seed: int = 0,
) -> pd.DataFrame:
  """Which item goes where.

  Args:
    items: by data set.
    by: `item`, `subject` or `data`: what is held out as a whole.
    held_out: share of them that is drawn to be asked after.
    left_out: subjects and data sets that are asked after by name.
    seed: of the draw.

  Returns:
    `COLUMNS`, one row an item, in the items' order.

  Raises:
    UserError: a subject that there is not, items without subjects where these
      are held out, or a split that leaves nothing to train on or to ask.
  """
  _check_names(items, by, left_out)
  rows = [(dataset, item.item_id, digests.of_item(item),
           *_place(dataset, item, by, held_out, left_out, seed))
          for dataset, some in items.items() for item in some]
  frame = pd.DataFrame(rows, columns=list(COLUMNS))
  frame = _without_near_duplicates(
      frame, [near_duplicates.text_of(item)
              for some in items.values() for item in some])
  counts = frame[split_columns.SPLIT].value_counts()
  wanted = [TRAIN] + [HELD_OUT] * bool(held_out) + [LEFT_OUT] * bool(left_out)
  for split in wanted:
    if split not in counts:
      raise UserError(
          f'none of {len(frame)} items is in the split {split} '
          f'({held_out:.0%} held out by {by}, left out: '
          f'{", ".join(left_out) or "nothing"}); give more items, or other '
          'config.tune.held_out, config.tune.split_by or config.tune.left_out')
  return frame


def select(frame: pd.DataFrame, items: Mapping[str, Sequence[Item]],
           *splits: str) -> dict[str, list[Item]]:
  """The items of some splits.

  Args:
    frame: as `table` makes it, of these items or more.
    items: by data set.
    *splits: such as `TRAIN`.

  Returns:
    By data set, in the items' order.
  """
  taken = frame[frame[split_columns.SPLIT].isin(splits)]
  keys = set(zip(taken[columns.DATASET], taken[columns.ITEM_ID]))
  return {dataset: [item for item in some if (dataset, item.item_id) in keys]
          for dataset, some in items.items()}


def check(frame: pd.DataFrame, items: Mapping[str, Sequence[Item]]) -> None:
  """Refuses a table by which something asked was trained on.

  Args:
    frame: of any origin, with `COLUMNS`.
    items: by data set.

  Raises:
    UserError: an item that is asked is, by digest, id or text, one that is
      trained on.
  """
  trained = trained_items.table(select(frame, items, TRAIN))
  for dataset, some in select(frame, items, HELD_OUT, LEFT_OUT).items():
    found = trained_items.overlap(trained, dataset, some)
    for item_id, why in found.items():
      raise UserError(
          f'splits: {len(found)} items of {dataset} would be asked after'
          f' training on them ({item_id}: {why}); make the splits anew')


def digest(frame: pd.DataFrame) -> str:
  """What `lineage.json` says of the splits.

  Args:
    frame: as `table` makes it.

  Returns:
    32 hexadecimal digits.
  """
  return digests.of_value(frame[list(COLUMNS)].values.tolist())


def _check_names(items: Mapping[str, Sequence[Item]], by: str,
                 left_out: Sequence[str]) -> None:
  subjects = {item.group for some in items.values() for item in some}
  if by == 'subject' and '' in subjects:
    raise UserError(
        'config.tune.split_by=subject: not all items have a subject; pass '
        '--config.tune.split_by=item')
  known = sorted((subjects | set(items)) - {''})
  for name in left_out:
    if name not in known:
      raise UserError(f'config.tune.left_out names {name!r}, which is no '
                      f'subject or data set of the items; {hint(name, known)}')


def _place(dataset: str, item: Item, by: str, held_out: float,
           left_out: Sequence[str], seed: int) -> tuple[str, str]:
  """An item's split, and why."""
  for name in (dataset, item.group):
    if name in left_out:
      return LEFT_OUT, f'{name} is left out by name'
  unit = UNITS[by](dataset, item)
  value = hashlib.blake2b(digests.of_value([seed, *unit]).encode(),
                          digest_size=8).digest()
  if int.from_bytes(value, 'big') < held_out * 2**64:
    return HELD_OUT, f'drawn by {by}, {held_out:g} of all'
  return TRAIN, 'not held out'


def _without_near_duplicates(
    frame: pd.DataFrame, texts: Sequence[str]) -> pd.DataFrame:
  """Takes out of training what is nearly an item that is asked."""
  is_train = (frame[split_columns.SPLIT] == TRAIN).to_numpy()
  train, asked = np.flatnonzero(is_train), np.flatnonzero(~is_train)
  near = near_duplicates.nearest([texts[int(i)] for i in train],
                                 [texts[int(i)] for i in asked])
  frame = frame.copy()
  for row, index, jaccard in zip(train, near.index, near.jaccard):
    if index >= 0:
      other = frame.iloc[asked[index]]
      frame.loc[row, [split_columns.SPLIT, split_columns.REASON]] = [
          UNUSED, trained_items.near_reason(
              str(other[columns.DATASET]), str(other[columns.ITEM_ID]),
              jaccard)]
  return frame
