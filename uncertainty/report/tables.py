"""What the report reads: the tables that analysis wrote, and the manifest."""

import dataclasses
import pathlib
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from uncertainty.results import manifest
from uncertainty.types import UserError


@dataclasses.dataclass(frozen=True)
class Tables:
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
    """A table, or an empty one where that analysis had nothing to say."""
    return self.frames.get(name, pd.DataFrame())

  def has(self, name: str) -> bool:
    return not self.get(name).empty

  def figures(self) -> pathlib.Path:
    return self.workdir / 'report' / 'figures'


def read(workdir: pathlib.Path) -> Tables:
  """Reads a workdir's analysis.

  Raises:
    UserError: there is none.
  """
  paths = sorted((workdir / 'analysis').glob('*.parquet'))
  if not paths:
    raise UserError(
        f'no analysis in {workdir / "analysis"}; run --stages=analyze first')
  frames = {p.stem: pq.read_table(p).to_pandas() for p in paths}
  return Tables(workdir, frames, manifest.read(workdir))
