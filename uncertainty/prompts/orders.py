"""Other orders of an item's choices, against position bias."""

import dataclasses
import hashlib
from collections.abc import Sequence

import numpy as np

from uncertainty.types import Item, UserError


def permute(item: Item, order: Sequence[int]) -> Item:
  """The item with choice `order[i]` at place i; answer and shares follow.

  Args:
    item: a closed question.
    order: C indices of its choices.

  Returns:
    The reordered item; its scale and its ratings' choices follow too.

  Raises:
    UserError: `order` is not a permutation of the item's choices.
  """
  if sorted(order) != list(range(len(item.choices))):
    raise UserError(f'item {item.item_id}: {list(order)} is no order of its'
                    f' {len(item.choices)} choices')
  answer = None if item.answer is None else list(order).index(item.answer)
  shares = item.human_shares and tuple(item.human_shares[i] for i in order)
  return dataclasses.replace(
      item, choices=tuple(item.choices[i] for i in order), answer=answer,
      human_shares=shares,
      scale=item.scale and tuple(item.scale[i] for i in order),
      ratings=tuple(
          rating if rating.choice is None else dataclasses.replace(
              rating, choice=list(order).index(rating.choice))
          for rating in item.ratings))


def shuffled(item: Item, *, seed: int = 0) -> Item:
  """The item with its choices in an order drawn from seed and item.

  Args:
    item: a closed question.
    seed: of the run.

  Returns:
    The reordered item; the same for the same seed and `item_id`.
  """
  rng = _random(f'shuffle {seed} {item.item_id}')
  return permute(item, rng.permutation(len(item.choices)).tolist())


def _random(key: str) -> np.random.Generator:
  digest = hashlib.sha256(key.encode()).digest()
  return np.random.default_rng(int.from_bytes(digest[:8], 'big'))


def orders(item: Item, n_orders: int, *, seed: int = 0
           ) -> list[tuple[int, ...]]:
  """The item's own order first, then distinct random ones.

  They depend on the seed and the item only, not on its neighbours. Fewer come
  back if the item has fewer orders than asked for.

  Args:
    item: a closed question of C choices.
    n_orders: how many are wanted.
    seed: of the run.

  Returns:
    At most min(n_orders, C!) orders of C indices each.
  """
  n_choices = len(item.choices)
  rng = _random(f'{seed} {item.item_id}')
  chosen = [tuple(range(n_choices))]
  possible = 1
  for n in range(2, n_choices + 1):
    possible *= n
    if possible > n_orders:
      break
  while len(chosen) < min(n_orders, possible):
    order = tuple(int(i) for i in rng.permutation(n_choices))
    if order not in chosen:
      chosen.append(order)
  return chosen
