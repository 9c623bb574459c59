"""What the report reads: the tables that analysis wrote, and the manifest."""

import dataclasses
import pathlib
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from uncertainty.results import manifest
from uncertainty.types import UserError


@dataclasses.dataclass(frozen=True)
class AnalysisTables:
  """The analysis of one workdir.

  Attributes:
    workdir: where it lies.
    frames: table name → table, as in `DIR/analysis/NAME.parquet`.
    manifest: what ran; {} for results that came from elsewhere.
  """

  workdir: pathlib.Path
  frames: dict[str, pd.DataFrame]
  manifest: dict[str, Any]

  def get(self, name: str) -> pd.DataFrame:
    """A table.

    Args:
      name: of `DIR/analysis/NAME.parquet`.

    Returns:
      The table, or an empty one where that analysis had nothing to say.
    """
    return self.frames.get(name, pd.DataFrame())

  def has(self, name: str) -> bool:
    """Whether a table has rows.

    Args:
      name: as in `get`.

    Returns:
      False for tables that are empty or absent.
    """
    return not self.get(name).empty

  def figures(self) -> pathlib.Path:
    """The folder that pictures are kept in.

    Returns:
      `DIR/report/figures`, which need not be there yet.
    """
    return self.workdir / 'report' / 'figures'


def read(workdir: pathlib.Path) -> AnalysisTables:
  """Reads a workdir's analysis.

  Args:
    workdir: of the run.

  Returns:
    Every table, and the manifest.

  Raises:
    UserError: there is none.
  """
  paths = sorted((workdir / 'analysis').glob('*.parquet'))
  if not paths:
    raise UserError(
        f'no analysis in {workdir / "analysis"}; run --stages=analyze first')
  frames = {p.stem: pq.read_table(p).to_pandas() for p in paths}
  return AnalysisTables(workdir, frames, manifest.read(workdir))
