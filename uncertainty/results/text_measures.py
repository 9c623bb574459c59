"""Measures of what a model wrote, from the texts that results tables hold."""

import pandas as pd

from uncertainty.measures import hedges, registry
from uncertainty.results import columns


def measured(frame: pd.DataFrame) -> pd.DataFrame:
  """A results table with the share of hedges in written answers.

  Args:
    frame: of `schema.merge_tasks`.

  Returns:
    The same table if no answer was written; else with `fr_hedges`, of the
    whole generation, NaN where it has no words.
  """
  if columns.FR_TOKENS not in frame:
    return frame
  return frame.assign(**{registry.column(registry.FR, registry.HEDGES): [
      hedges.hedges(''.join(tokens)) for tokens in frame[columns.FR_TOKENS]]})
