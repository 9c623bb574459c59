"""Every item with people and model side by side, most disagreed first."""

import numpy as np
import pandas as pd

from uncertainty.analysis.questions import summary
from uncertainty.analysis.scores import stack as stacking
from uncertainty.analysis.statistics import ranking
from uncertainty.results import columns, derived, scale_measures

COLUMNS = (
    columns.MODEL, columns.DATASET, columns.ITEM_ID, columns.QUESTION,
    columns.CHOICES, columns.HUMAN_SHARES, derived.MODEL_SHARES,
    columns.HUMAN_ENTROPY, derived.MODEL_UNCERTAINTY,
    derived.UNCERTAINTY_MEASURE, derived.HUMAN_CHOICE, derived.MODEL_CHOICE,
    columns.ANSWER, derived.DISAGREEMENT, derived.DISAGREEMENT_KIND)

# The model's side of the scatter: the first of these that was measured.
_UNCERTAINTY = (
    columns.CHOICE_ENTROPY, columns.TOTAL_ENTROPY, columns.FR_TOTAL_ENTROPY)


def item_table(stack: stacking.Stack) -> pd.DataFrame:
  """One row per model and item, sorted by disagreement within each model.

  `disagreement` is the total variation distance between people's and the
  model's choice shares ('shares'); without shares on both sides, the distance
  between the ranks of human entropy and of the model's uncertainty, as a
  share of the items ('ranks'); NaN where neither can be had.

  Args:
    stack: the data set.

  Returns:
    `COLUMNS`.
  """
  uncertain_MN = stack.uncertainty()
  return pd.concat(
      [_of_model(stack, uncertain_MN, model) for model in stack.models],
      ignore_index=True)


def _of_model(
    stack: stacking.Stack, uncertain_MN: np.ndarray, model: str,
) -> pd.DataFrame:
  frame = stack.frames[model]
  shares = summary.read_shares(frame)
  name, model_N = _model_uncertainty(stack, uncertain_MN, model)
  human_N = stacking.numbers(frame, columns.HUMAN_ENTROPY)
  distance_N = summary.distances(shares, summary.total_variation)
  apart_N = _rank_distance(human_N, model_N)
  by_shares_N = ~np.isnan(distance_N)
  value_N = np.where(by_shares_N, distance_N, apart_N)
  table = pd.DataFrame({
      columns.MODEL: model, columns.DATASET: stack.dataset,
      columns.ITEM_ID: list(stack.item_ids),
      columns.QUESTION: _texts(frame), columns.CHOICES: _choices(frame),
      columns.HUMAN_SHARES: [_listed(p) for p in shares.people],
      derived.MODEL_SHARES: [_listed(q) for q in shares.model],
      columns.HUMAN_ENTROPY: human_N, derived.MODEL_UNCERTAINTY: model_N,
      derived.UNCERTAINTY_MEASURE: name,
      derived.HUMAN_CHOICE: _commonest(shares.people),
      derived.MODEL_CHOICE: _predictions(frame, shares.model),
      columns.ANSWER: stacking.numbers(frame, columns.ANSWER),
      derived.DISAGREEMENT: value_N,
      derived.DISAGREEMENT_KIND: np.where(
          by_shares_N, 'shares', np.where(np.isnan(apart_N), '', 'ranks'))})
  table = table.sort_values(derived.DISAGREEMENT, ascending=False,
                            kind='stable')
  return table.reindex(columns=list(COLUMNS))


def _model_uncertainty(
    stack, uncertain_MN, model) -> tuple[str, np.ndarray]:
  own = [(row.column, values) for row, values in zip(
      stack.rows, uncertain_MN, strict=True)
         if row.model == model and not np.isnan(values).all()]
  found = dict(own)
  for name in (*_UNCERTAINTY, *found):
    if name in found:
      return name, found[name]
  return '', np.full(len(stack.item_ids), np.nan)


def _rank_distance(human_N, model_N):
  both_N = ~(np.isnan(human_N) | np.isnan(model_N))
  found = np.full(len(human_N), np.nan)
  if both_N.sum() > 1:
    ranks = ranking.midranks(np.stack([human_N[both_N], model_N[both_N]]))
    found[both_N] = np.abs(ranks[0] - ranks[1]) / (both_N.sum() - 1)
  return found


def _texts(frame):
  if columns.QUESTION not in frame:
    return [''] * len(frame)
  return ['' if not isinstance(q, str) else q for q in frame[columns.QUESTION]]


def _choices(frame):
  if columns.CHOICES not in frame:
    return [[] for _ in range(len(frame))]
  return [list(c) if isinstance(c, list | tuple | np.ndarray) else []
          for c in frame[columns.CHOICES]]


def _listed(shares_C):
  return None if shares_C is None else shares_C.tolist()


def _commonest(shares):
  """[N] the first of the commonest choices; NaN where shares are None."""
  shares_NC = scale_measures.padded(shares, -1.0)
  return np.where(shares_NC.max(1) < 0, np.nan, shares_NC.argmax(1))


def _predictions(frame, model_shares):
  predicted_N = stacking.numbers(frame, columns.PREDICTION)
  return np.where(
      np.isnan(predicted_N), _commonest(model_shares), predicted_N)
