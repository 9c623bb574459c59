"""Who the models of a study are: what the page sorts, groups and filters by."""

import dataclasses

import pandas as pd

from uncertainty.report.tables import AnalysisTables
from uncertainty.results import columns as cols
from uncertainty.results import derived


@dataclasses.dataclass(frozen=True)
class Lineage:
  """One model.

  Attributes:
    kind: `instruct` or `base`; '' where unknown.
    family: the series it belongs to; '' where unknown.
    size: billions of parameters; None where unknown.
    base: the model of this study that it was tuned from; '' if none is.
  """

  kind: str = ''
  family: str = ''
  size: float | None = None
  base: str = ''


def known(tables: AnalysisTables) -> dict[str, Lineage]:
  """What analysis found out of each model.

  Args:
    tables: the analysis; `scores` and `effects_pairs` are read.

  Returns:
    Model → what is known of it, for models that were scored.
  """
  scores, pairs = tables.get('scores'), tables.get('effects_pairs')
  bases = {}
  if len(pairs):
    bases = dict(zip(pairs[derived.INSTRUCT].astype(str),
                     pairs[cols.BASE].astype(str)))
  if scores.empty:
    return {}
  out = {}
  for model, rows in scores.groupby(cols.MODEL, sort=False):
    first = rows.iloc[0]
    size = first.get(cols.SIZE)
    out[str(model)] = Lineage(
        kind=_text(first.get(cols.KIND)), family=_text(first.get(cols.FAMILY)),
        size=None if size is None or pd.isna(size) else float(size),
        base=bases.get(str(model), ''))
  return out


def _text(value: object) -> str:
  return value if isinstance(value, str) else ''
