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
import scipy.stats

_STATED = 'verbal_confidence'
# Internal confidence of the same item: column → how to read it as one.
_INTERNAL = {
    'mc_choice_logprob': np.exp,
    'bracket_perplexity': lambda x: 1 / x,
    'p_true': lambda x: x,
}


def stated_against_internal(
    results: Mapping[tuple[str, str], pd.DataFrame]) -> pd.DataFrame:
  """The gap between stated and internal confidence.

  Returns:
    One row per model, data set, wording (column) and internal signal: n
    (items with both), parse_rate (of all items), mean_stated, mean_internal,
    gap (stated − internal), accuracy (of the answers stated with it), over
    (stated − accuracy), rho and p_value (Spearman; NaN if either is
    constant). Empty where no confidence was asked for.
  """
  rows = []
  for (dataset, model), frame in results.items():
    stated_columns = [c for c in frame if c == _STATED or (
        c.startswith('verbal_') and c.endswith('_confidence'))]
    for column in stated_columns:
      stated = frame[column].to_numpy(float)
      graded = column.removesuffix('confidence') + 'correct'
      accuracy = _mean(frame[graded].to_numpy(float)[~np.isnan(stated)]
                       ) if graded in frame else np.nan
      for signal, reading in _INTERNAL.items():
        if signal not in frame:
          continue
        internal = reading(frame[signal].to_numpy(float))
        rows.append({
            'model': model, 'dataset': dataset, 'wording': column,
            'internal': signal, 'parse_rate': float(np.mean(
                ~np.isnan(stated))), 'accuracy': accuracy,
        } | _compare(stated, internal))
  out = pd.DataFrame(rows)
  if len(out):
    out['over'] = out['mean_stated'] - out['accuracy']
  return out


def _compare(stated: np.ndarray, internal: np.ndarray) -> dict[str, float]:
  both = ~(np.isnan(stated) | np.isnan(internal))
  x, y = stated[both], internal[both]
  out = {'n': int(both.sum()), 'mean_stated': _mean(x),
         'mean_internal': _mean(y), 'gap': _mean(x) - _mean(y),
         'rho': np.nan, 'p_value': np.nan}
  if len(x) > 2 and np.ptp(x) > 0 and np.ptp(y) > 0:
    found = scipy.stats.spearmanr(x, y)
    out |= {'rho': float(found.statistic), 'p_value': float(found.pvalue)}
  return out


def _mean(values: np.ndarray) -> float:
  known = values[~np.isnan(values)]
  return float(known.mean()) if len(known) else np.nan


def unread(results: Mapping[tuple[str, str], pd.DataFrame]) -> pd.DataFrame:
  """Why stated confidences could not be read.

  Returns:
    model, dataset, wording, reason, count; only reasons that occur.
  """
  rows = []
  for (dataset, model), frame in results.items():
    for column in frame:
      if column.startswith('verbal_') and column.endswith('_reason') and (
          column.removesuffix('reason') + 'confidence' in frame):
        counts = frame[column][frame[column] != ''].value_counts()
        rows += [{'model': model, 'dataset': dataset,
                  'wording': column.removesuffix('reason') + 'confidence',
                  'reason': reason, 'count': int(count)}
                 for reason, count in counts.items()]
  return pd.DataFrame(
      rows, columns=['model', 'dataset', 'wording', 'reason', 'count'])
