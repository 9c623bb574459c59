"""What single people answered: kept compactly, binned, counted."""

import bisect
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from uncertainty.types import Rating


def to_record(ratings: Sequence[Rating]) -> dict[str, list[Any]]:
  """Ratings as one list a field, without fields that no rating has.

  Args:
    ratings: of one item.

  Returns:
    Field → its values in the ratings' order, for JSON; what `from_record`
    reads.
  """
  unused = Rating()
  record = {}
  for field in ('choice', 'value', 'text', 'rater', 'time_ms', 'groups'):
    values = [getattr(rating, field) for rating in ratings]
    if any(value != getattr(unused, field) for value in values):
      record[field] = values
  # Of no rating nothing is kept; of ratings that say nothing, their number.
  return record if record or not ratings else {'choice': [None] * len(ratings)}


def from_record(record: Mapping[str, Sequence[Any]]) -> tuple[Rating, ...]:
  """The ratings behind `to_record`.

  Args:
    record: field → values of all ratings.

  Returns:
    The ratings, in order.
  """
  n = len(next(iter(record.values()), ()))
  return tuple(
      Rating(**{field: values[i] for field, values in record.items()})
      for i in range(n))


def binned(value: float, upper_edges: Sequence[float]) -> int:
  """The bin that a rating falls in.

  Args:
    value: the rating.
    upper_edges: each bin's largest rating but the last's, ascending.

  Returns:
    Index of the bin, from 0.
  """
  return bisect.bisect_left(upper_edges, value)


def shares(ratings: Sequence[Rating], n_choices: int
           ) -> tuple[float, ...] | None:
  """Share of ratings behind each choice.

  Args:
    ratings: of one item; those without a choice do not count.
    n_choices: of the item.

  Returns:
    [C] shares that sum to 1; None where no rating has a choice.
  """
  counts = [0] * n_choices
  for rating in ratings:
    if rating.choice is not None:
      counts[rating.choice] += 1
  total = sum(counts)
  return tuple(n / total for n in counts) if total else None


def spread(values: Sequence[float]) -> float:
  """Standard deviation of ratings, of a sample.

  Args:
    values: ratings, at least one.

  Returns:
    The deviation with n − 1 in its denominator; NaN of one rating.
  """
  return statistics.stdev(values) if len(values) > 1 else float('nan')
