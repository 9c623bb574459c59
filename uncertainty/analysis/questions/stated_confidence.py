"""What a model's words say of its confidence against what it has.

Steyvers et al. 2025 (Nature Machine Intelligence 7): people trust an answer by
the words around it, and those convey another confidence than the model's
probabilities. Here, per model: how often stated confidence could be read, its
mean against accuracy and against the mean probability, and whether the two
rank items alike.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from uncertainty.analysis.statistics import ranking
from uncertainty.measures import registry
from uncertainty.results import answer_columns, columns, derived

COLUMNS = (
    columns.MODEL, columns.DATASET, derived.WORDING, derived.INTERNAL,
    derived.PARSE_RATE, columns.ACCURACY, columns.N, derived.MEAN_STATED,
    derived.MEAN_INTERNAL, derived.GAP, columns.RHO, columns.P_VALUE,
    derived.OVER)

# Internal confidence of the same item: column → how to read it as one.
_INTERNAL = {
    columns.CHOICE_LOGPROB: np.exp,
    columns.BRACKET_PERPLEXITY: lambda x: 1 / x,
    registry.P_TRUE: lambda x: x,
}


def stated_against_internal(
    results: Mapping[tuple[str, str], pd.DataFrame]) -> pd.DataFrame:
  """The gap between stated and internal confidence.

  Args:
    results: (dataset, model) → its results.

  Returns:
    One row per model, data set, wording (column) and internal signal: n
    (items with both), parse_rate (of all items), mean_stated, mean_internal,
    gap (stated − internal), accuracy (of the answers stated with it), over
    (stated − accuracy), rho and p_value (Spearman; NaN if either is
    constant). Without rows where no confidence was asked for.
  """
  rows = []
  for (dataset, model), frame in results.items():
    for column in filter(registry.is_stated, map(str, frame)):
      stated = frame[column].to_numpy(float)
      graded = registry.subject(column).grade
      accuracy = _mean(frame[graded].to_numpy(float)[~np.isnan(stated)]
                       ) if graded in frame else np.nan
      for signal, reading in _INTERNAL.items():
        if signal not in frame:
          continue
        internal = reading(frame[signal].to_numpy(float))
        rows.append({
            columns.MODEL: model, columns.DATASET: dataset,
            derived.WORDING: column, derived.INTERNAL: signal,
            derived.PARSE_RATE: float(np.mean(~np.isnan(stated))),
            columns.ACCURACY: accuracy,
        } | _compare(stated, internal))
  out = pd.DataFrame(rows, columns=list(COLUMNS))
  out[derived.OVER] = out[derived.MEAN_STATED] - out[columns.ACCURACY]
  return out


def _compare(stated: np.ndarray, internal: np.ndarray) -> dict[str, float]:
  both = ~(np.isnan(stated) | np.isnan(internal))
  x, y = stated[both], internal[both]
  found = ranking.spearman(x[None], y[None])
  return {columns.N: int(both.sum()), derived.MEAN_STATED: _mean(x),
          derived.MEAN_INTERNAL: _mean(y), derived.GAP: _mean(x) - _mean(y),
          columns.RHO: float(found.rho_MS[0, 0]),
          columns.P_VALUE: float(found.p_value_MS[0, 0])}


def _mean(values: np.ndarray) -> float:
  known = values[~np.isnan(values)]
  return float(known.mean()) if len(known) else np.nan


def unread(results: Mapping[tuple[str, str], pd.DataFrame]) -> pd.DataFrame:
  """Why stated confidences could not be read.

  Args:
    results: (dataset, model) → its results.

  Returns:
    model, dataset, wording, reason, count; only reasons that occur.
  """
  rows = []
  for (dataset, model), frame in results.items():
    for column in filter(registry.is_stated, map(str, frame)):
      name = answer_columns.beside(column, answer_columns.VERBAL_REASON)
      if name in frame:
        counts = frame[name][frame[name] != ''].value_counts()
        rows += [{columns.MODEL: model, columns.DATASET: dataset,
                  derived.WORDING: column,
                  derived.REASON: reason, derived.COUNT: int(count)}
                 for reason, count in counts.items()]
  return pd.DataFrame(
      rows, columns=[columns.MODEL, columns.DATASET, derived.WORDING,
                     derived.REASON, derived.COUNT])
