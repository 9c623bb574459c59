"""Sums over groups of items, and running ones, in every resample at once."""

import dataclasses

import numpy as np
import scipy.sparse

_PART = 1024  # rows that float32 sums run over
_FEW = 8  # columns that no loop over rows pays for


def group_sums(
    group_N: np.ndarray, n_groups: int, values_NR: np.ndarray,
    rows_N: np.ndarray | None = None) -> np.ndarray:
  """Sums of rows that share a group.

  A sparse product adds whole rows outside the interpreter's lock; it takes as
  long as copying them, where `numpy.add.reduceat` takes ten times that.

  Args:
    group_N: number of each row's group, from 0.
    n_groups: G.
    values_NR: what is summed.
    rows_N: which rows of `values_NR` these are; None: all, in their order.

  Returns:
    [G, R] of the values' type; 0 for groups without a row.
  """
  start_G = np.zeros(n_groups + 1, np.int32)
  np.cumsum(np.bincount(group_N, minlength=n_groups), out=start_G[1:])
  place_N = np.argsort(group_N, kind='stable')
  if rows_N is not None:
    place_N = rows_N[place_N]
  member_GN = scipy.sparse.csr_matrix(
      (np.ones(len(group_N), values_NR.dtype), place_N.astype(np.int32),
       start_G), (n_groups, len(values_NR)))
  return np.asarray(member_GN @ values_NR)


def compact(counts_NR: np.ndarray) -> np.ndarray:
  """Resamples in the smallest type that holds their sums over items.

  Sums over thousands of items take as long as reading these from memory.

  Args:
    counts_NR: whole numbers.

  Returns:
    The same, int16 where no resample holds more items than fit, else float32.
  """
  if counts_NR.dtype == np.int16:
    return counts_NR
  small = counts_NR.sum(0, dtype=np.float64).max(initial=0) < 2 ** 15
  return np.ascontiguousarray(counts_NR, np.int16 if small else np.float32)


def exact(counts_NR: np.ndarray) -> type:
  """The type to calculate in with sums of `compact` counts.

  Args:
    counts_NR: resamples.

  Returns:
    float32, or float64 where counts are.
  """
  return np.float64 if counts_NR.dtype == np.float64 else np.float32


@dataclasses.dataclass(frozen=True)
class Alike:
  """Items of equal values taken for one.

  Attributes:
    first_G: an item of each group, in the order of the values.
    counts_GR: how often each resample holds the group, floating-point.
  """

  first_G: np.ndarray
  counts_GR: np.ndarray


def alike(values_N2: np.ndarray, counts_NR: np.ndarray) -> Alike:
  """Groups the items that no statistic of these values tells apart.

  Where a measure has few values, as one that was published with four digits,
  resamples of thousands of items become resamples of hundreds of groups.

  Args:
    values_N2: what is known of each item; the first column leads the order.
    counts_NR: how often each resample holds each item, of `compact`.

  Returns:
    Groups, as many as there are distinct rows.
  """
  order_N = np.lexsort(values_N2.T[::-1])
  sorted_N2 = values_N2[order_N]
  new_N = np.r_[True, (sorted_N2[1:] != sorted_N2[:-1]).any(1)]
  first_G = order_N[new_N]
  if new_N.all():
    counts_GR = np.take(counts_NR, order_N, 0, mode='clip')
    return Alike(first_G, counts_GR.astype(exact(counts_NR), copy=False))
  group_N = np.empty(len(order_N), np.intp)
  group_N[order_N] = np.cumsum(new_N) - 1
  counts_GR = group_sums(group_N, len(first_G), counts_NR)
  return Alike(first_G, counts_GR.astype(exact(counts_NR), copy=False))


def runs(order_N: np.ndarray, below_N: np.ndarray) -> np.ndarray:
  """Number of each item's run of ties, from the lowest value's.

  Args:
    order_N: items from the lowest value to the highest.
    below_N: how many values are lower than each item's.

  Returns:
    [N], from 0.
  """
  start_N = below_N[order_N]
  run_N = np.empty(len(order_N), np.intp)
  run_N[order_N] = np.cumsum(np.diff(start_N, prepend=0) > 0)
  return run_N


def running(
    values_GR: np.ndarray, first_R: np.ndarray | float = 0) -> np.ndarray:
  """Sums of all rows before each place.

  A loop over contiguous rows: along this axis `numpy.cumsum` strides, and
  takes four times as long.

  Args:
    values_GR: what is summed.
    first_R: what the sums start from.

  Returns:
    [G + 1, R] of the values' type.
  """
  total = np.empty((len(values_GR) + 1, values_GR.shape[1]), values_GR.dtype)
  total[0] = first_R
  total[1:] = values_GR
  if values_GR.shape[1] < _FEW:
    return np.cumsum(total, 0, out=total)
  last_R, add = total[0], np.add
  for row_R in total[1:]:
    add(last_R, row_R, row_R)
    last_R = row_R
  return total


def dot(x_NR: np.ndarray, y_NR: np.ndarray) -> np.ndarray:
  """Sums of products; of many rows by parts, since float32 sums drift.

  Args:
    x_NR: one side.
    y_NR: the other.

  Returns:
    [R] Σ x y, float64.
  """
  total_R = np.zeros(x_NR.shape[1])
  for i in range(0, len(x_NR), _PART):
    total_R += np.einsum('nr,nr->r', x_NR[i:i + _PART], y_NR[i:i + _PART])
  return total_R


@dataclasses.dataclass(frozen=True)
class Distinct:
  """Rows without their repetitions.

  Attributes:
    first_U: the first of each kind.
    kind_M: of each row.
  """

  first_U: np.ndarray
  kind_M: np.ndarray


def effective_number(labels_n: np.ndarray) -> float:
  """How many clusters of equal size know as much as these.

  Args:
    labels_n: each item's cluster.

  Returns:
    1 / Σ (share of the items)²: their number where all are equal.

  Source: Kish 1965, Survey Sampling.
  """
  size_G = np.bincount(np.unique(labels_n, return_inverse=True)[1])
  return float(size_G.sum() ** 2 / (size_G ** 2).sum()) if len(size_G) else 0.0


def independent_items(
    value_n: np.ndarray, label_n: np.ndarray | None) -> float:
  """How many items, each alone, would know a mean as well as these.

  Args:
    value_n: items' values.
    label_n: each item's cluster; None where each stands alone.

  Returns:
    n over the design effect, the variance of the mean by clusters over that by
    items, where this is above 1; of values that are all alike,
    `effective_number`.

  Source: Kish 1965; for intervals of shares Korn & Graubard 1998.
  """
  n = len(value_n)
  if label_n is None:
    return float(n)
  rest_n = value_n - value_n.mean()
  if not rest_n.any():
    return effective_number(label_n)
  sums_G = np.bincount(np.unique(label_n, return_inverse=True)[1], rest_n)
  effect = (sums_G ** 2).sum() / (rest_n ** 2).sum()
  return float(n / max(effect, 1.0))


def distinct_rows(*values_MN: np.ndarray) -> Distinct:
  """Rows that are equal in all of some arrays.

  Two ways of asking that begin alike have equal measures there, and all that
  follows from these need only be found once.

  Args:
    *values_MN: arrays of as many rows.

  Returns:
    The distinct ones.
  """
  kinds: dict[tuple[bytes, ...], int] = {}
  first, kind = [], []
  for m, rows in enumerate(zip(*values_MN, strict=True)):
    key = tuple(row.tobytes() for row in rows)
    if key not in kinds:
      kinds[key] = len(first)
      first.append(m)
    kind.append(kinds[key])
  return Distinct(np.array(first, np.intp), np.array(kind, np.intp))
