"""Every item with people and model side by side, most disagreed first."""

import numpy as np
import pandas as pd

from uncertainty.analysis.questions import summary
from uncertainty.analysis.scores import stack as stacking
from uncertainty.analysis.statistics import ranking

COLUMNS = (
    'model', 'dataset', 'item_id', 'question', 'choices', 'human_shares',
    'model_shares', 'human_entropy', 'model_uncertainty', 'uncertainty_measure',
    'human_choice', 'model_choice', 'answer', 'disagreement',
    'disagreement_kind')

# The model's side of the scatter: the first of these that was measured.
_UNCERTAINTY = ('mc_choice_entropy', 'mc_total_entropy', 'fr_total_entropy')


def item_table(stack: stacking.Stack) -> pd.DataFrame:
  """One row per model and item, sorted by disagreement within each model.

  `disagreement` is the total variation distance between people's and the
  model's choice shares ('shares'); without shares on both sides, the distance
  between the ranks of human entropy and of the model's uncertainty, as a
  share of the items ('ranks'); NaN where neither can be had.
  """
  return pd.concat(
      [_of_model(stack, model) for model in stack.models], ignore_index=True)


def _of_model(stack: stacking.Stack, model: str) -> pd.DataFrame:
  frame = stack.frames[model]
  shares = summary.read_shares(frame)
  name, model_N = _model_uncertainty(stack, model)
  human_N = stacking.numbers(frame, 'human_entropy')
  distance_N = np.array([
      summary.total_variation(p, q)
      if p is not None and q is not None and len(p) == len(q) else np.nan
      for p, q in zip(shares.people, shares.model, strict=True)])
  apart_N = _rank_distance(human_N, model_N)
  by_shares_N = ~np.isnan(distance_N)
  value_N = np.where(by_shares_N, distance_N, apart_N)
  table = pd.DataFrame({
      'model': model, 'dataset': stack.dataset,
      'item_id': list(stack.item_ids),
      'question': _texts(frame), 'choices': _choices(frame),
      'human_shares': [_listed(p) for p in shares.people],
      'model_shares': [_listed(q) for q in shares.model],
      'human_entropy': human_N, 'model_uncertainty': model_N,
      'uncertainty_measure': name,
      'human_choice': [_commonest(p) for p in shares.people],
      'model_choice': _predictions(frame, shares.model),
      'answer': stacking.numbers(frame, 'answer'),
      'disagreement': value_N,
      'disagreement_kind': np.where(
          by_shares_N, 'shares', np.where(np.isnan(apart_N), '', 'ranks'))})
  table = table.sort_values('disagreement', ascending=False, kind='stable')
  return table.reindex(columns=list(COLUMNS))


def _model_uncertainty(stack, model) -> tuple[str, np.ndarray]:
  own = [(row.column, values) for row, values in zip(
      stack.rows, stack.uncertainty(), strict=True)
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
  if 'question' not in frame:
    return [''] * len(frame)
  return ['' if not isinstance(q, str) else q for q in frame['question']]


def _choices(frame):
  if 'choices' not in frame:
    return [[] for _ in range(len(frame))]
  return [list(c) if isinstance(c, list | tuple | np.ndarray) else []
          for c in frame['choices']]


def _listed(shares_C):
  return None if shares_C is None else shares_C.tolist()


def _commonest(shares_C):
  return np.nan if shares_C is None else float(np.argmax(shares_C))


def _predictions(frame, model_shares):
  predicted_N = stacking.numbers(frame, 'prediction')
  return np.where(
      np.isnan(predicted_N), [_commonest(q) for q in model_shares],
      predicted_N)
