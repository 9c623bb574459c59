"""What a probe is asked to read out: columns of the results table."""

import dataclasses
from collections.abc import Mapping

import numpy as np
import pandas as pd

from uncertainty.results import columns


@dataclasses.dataclass(frozen=True)
class Target:
  """A number per item.

  Attributes:
    column: of the results table.
    log: natural logarithm of it (response times are right-skewed).
    unit: of the values, for axes.
  """

  column: str
  log: bool = False
  unit: str = ''


TARGETS: Mapping[str, Target] = {
    columns.HUMAN_ENTROPY: Target(columns.HUMAN_ENTROPY, unit='of ln K'),
    'rt_correct': Target(columns.HUMAN_MC_RT_CORRECT, unit='ms'),
    'rt_combined': Target(columns.HUMAN_MC_RT_COMBINED, unit='ms'),
    'log_rt_correct': Target(
        columns.HUMAN_MC_RT_CORRECT, log=True, unit='ln ms'),
    'log_rt_combined': Target(
        columns.HUMAN_MC_RT_COMBINED, log=True, unit='ln ms'),
    'mc_prop_correct': Target(columns.HUMAN_MC_PROP_CORRECT, unit='share'),
    'fr_prop_correct': Target(columns.HUMAN_FR_PROP_CORRECT, unit='share'),
    'model_correct': Target(columns.CORRECT, unit='0 or 1'),
    'model_entropy': Target(columns.CHOICE_ENTROPY, unit='of ln K'),
}

# method.md section 5. The paper drops an item that lacks any of them.
PAPER_TARGETS = (columns.HUMAN_ENTROPY, 'rt_correct', 'rt_combined')


def values(
    frame: pd.DataFrame, names: tuple[str, ...] | None = None,
) -> pd.DataFrame:
  """Targets as float64 columns, one row per item, NaN where missing.

  Args:
    frame: a results table.
    names: which ones; those whose column the table lacks, or that hold fewer
      than three items or only one value, are left out.

  Returns:
    A column a target, with the frame's index.
  """
  found = {}
  for name in names or tuple(TARGETS):
    target = TARGETS[name]
    if target.column not in frame:
      continue
    column = frame[target.column].to_numpy(np.float64, copy=True)
    column[~np.isfinite(column)] = np.nan
    if target.log:
      column[column <= 0] = np.nan
      column = np.log(column)
    known = column[np.isfinite(column)]
    if len(known) >= 3 and np.ptp(known) > 0:
      found[name] = column
  return pd.DataFrame(found, index=frame.index)


def by_missingness(
    targets: pd.DataFrame) -> list[tuple[np.ndarray, list[str]]]:
  """Groups targets that know the same items: (mask [N], names).

  Args:
    targets: of `values`.

  Returns:
    A pair a group, in the order of the columns.
  """
  groups: dict[bytes, tuple[np.ndarray, list[str]]] = {}
  for name in map(str, targets):
    known_N = targets[name].notna().to_numpy()
    groups.setdefault(known_N.tobytes(), (known_N, []))[1].append(name)
  return list(groups.values())
