"""The chapter on items: where people and the model disagree most."""

import pandas as pd

from uncertainty.report import blocks
from uncertainty.report.tables import AnalysisTables
from uncertainty.specs import StudySpec

_MOST = 3000  # rows on the page; analysis/items.parquet holds all


def chapter(
    tables: AnalysisTables, spec: StudySpec) -> blocks.Chapter | None:
  """Items by the distance between people's answers and the model's.

  Args:
    tables: the analysis.
    spec: the study's config.

  Returns:
    A table that sorts and filters, the largest distances on top; None if no
    item has both distributions.
  """
  del spec
  items = tables.get('items')
  if items.empty:
    return None
  known = items[items['disagreement'].notna()]
  if known.empty:
    return None
  shown = known.nlargest(_MOST, 'disagreement')
  frame = pd.DataFrame({
      'model': shown['model'], 'question': shown['question'],
      'choices': [' / '.join(c) for c in shown['choices']],
      'people': shown['human_shares'], 'model shares': shown['model_shares'],
      "people's entropy": shown['human_entropy'],
      "model's uncertainty": shown['model_uncertainty'],
      'disagreement': shown['disagreement']})
  parts = [blocks.text(
      'Where people and the model disagree most: the total variation distance '
      "between the shares of people's answers and the model's probabilities. "
      'Bars stand in the order of the choices.')]
  if len(shown) < len(known):
    parts.append(blocks.text(
        f'The {len(shown)} largest of {len(known)} distances; '
        'analysis/items.parquet has all.', note=True))
  return blocks.Chapter('items', 'Items', (
      *parts, blocks.data_table(frame, sort='disagreement', pick='model')))
