"""Measures of choices on a scale, from what results tables hold already.

They need no further pass: a table's choice probabilities and its choices'
places say all.
"""

from typing import Any

import numpy as np
import pandas as pd

from uncertainty.measures import ordinal, registry
from uncertainty.results import columns


def measured(frame: pd.DataFrame) -> pd.DataFrame:
  """A results table with the measures of a model's choice on the scale.

  Args:
    frame: of `schema.merge_tasks`.

  Returns:
    The same table if no choice stands on a scale or none was asked for; else
    with a column of each measure, NaN for items without.
  """
  if not {columns.CHOICE_SCALE, columns.CHOICE_LOGPROBS} <= set(frame):
    return frame
  logprobs_NC = padded(frame[columns.CHOICE_LOGPROBS], -np.inf)
  scale_NC = padded(frame[columns.CHOICE_SCALE], np.nan)
  width = min(logprobs_NC.shape[1], scale_NC.shape[1])
  logprobs_NC, scale_NC = logprobs_NC[:, :width], scale_NC[:, :width]
  with np.errstate(invalid='ignore'):
    total_N = np.logaddexp.reduce(logprobs_NC, axis=1)
    shares_NC = np.exp(logprobs_NC - total_N[:, None])
  return frame.assign(**{
      registry.column(registry.MC, name): of(shares_NC, scale_NC)
      for name, of in ordinal.MEASURES.items()})


def people(frame: pd.DataFrame) -> pd.DataFrame:
  """An item table with the ordinal entropy of people's shares.

  Args:
    frame: of `schema.item_frame`.

  Returns:
    The same table if no item has both shares and a scale; else with
    `human_ordinal_entropy`, NaN for items without.
  """
  if columns.CHOICE_SCALE not in frame:
    return frame
  has_N = np.array([np.ndim(s) > 0 and np.ndim(x) > 0 and len(s) == len(x)
                    for s, x in zip(frame[columns.HUMAN_SHARES],
                                    frame[columns.CHOICE_SCALE], strict=True)])
  if not has_N.any():
    return frame
  found_N = np.full(len(frame), np.nan)
  found_N[has_N] = ordinal.ordinal_entropy(
      padded(frame.loc[has_N, columns.HUMAN_SHARES], 0.0),
      padded(frame.loc[has_N, columns.CHOICE_SCALE], np.nan))
  return frame.assign(**{columns.HUMAN_ORDINAL_ENTROPY: found_N})


def padded(lists: Any, filling: float) -> np.ndarray:
  """Ragged lists as one array.

  Args:
    lists: N lists of numbers; None counts as empty.
    filling: what stands beyond a list's end.

  Returns:
    [N, C] float64, C of the longest list, at least 1.
  """
  rows = [np.asarray(row, np.float64) if np.ndim(row) else np.empty(0)
          for row in lists]
  size_N = np.array([len(row) for row in rows], int)
  out = np.full((len(rows), size_N.max(initial=1)), filling)
  out[np.arange(out.shape[1]) < size_N[:, None]] = np.concatenate(
      [*rows, np.empty(0)])
  return out
