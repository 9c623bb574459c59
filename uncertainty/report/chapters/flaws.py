"""Chapters on the paper's own numbers: what reproduces, and two flaws."""

import pandas as pd
from markupsafe import Markup

from uncertainty.report import blocks
from uncertainty.report.tables import Tables


def reproduction(tables: Tables, mode: str) -> blocks.Chapter | None:
  """The paper's cells, compared with the printed ones."""
  if not tables.has('cells'):
    return None
  cells = tables.get('cells')
  recipes = ('by the recipes that its printed numbers follow'
             if mode == 'reproduction' else
             'computed soundly: ties are never split, and no cell is left '
             'blank; config.mode=reproduction follows its own recipes')
  parts = [blocks.text(
      f'{len(cells)} cells of {cells["figure"].nunique()} figures of Moore et '
      f'al. (2026), {recipes}.')]
  if tables.has('compare_counts'):
    counts = tables.get('compare_counts')
    parts += [blocks.text(
        f'What to see: {counts["match"].sum()} of {counts["printed"].sum()} '
        'printed cells match'
        + (f', {counts["blanks_right"].sum()} of {counts["blanks"].sum()} '
           'blanks are blank here too. Where a monotonic sweep meets tied '
           'confidences, the printed value depends on an unknown order.'
           if mode == 'reproduction' else '.')), blocks.plain_table(counts)]
    differs = tables.get('compare')
    differs = differs[~differs['status'].isin(['match', 'blank in both'])]
    if len(differs):
      parts.append(blocks.folded('Cells that differ',
                                 blocks.plain_table(differs)))
  shown = cells[['figure', 'measure', 'model', 'value', 'p_value', 'n']]
  parts.append(blocks.folded('All cells', blocks.data_table(
      shown.head(6000), sort='value', pick='figure')))
  return blocks.Chapter('reproduction', 'The paper, cell by cell', tuple(parts))


def flaws(tables: Tables) -> blocks.Chapter | None:
  """The stray brace, and free-response ECE against another task's answers."""
  parts = [*_brace(tables), *_free_response(tables)]
  if not parts:
    return None
  return blocks.Chapter('flaws', 'Flaws found', tuple(parts))


def _brace(tables: Tables) -> list[Markup]:
  forms = tables.get('prompt_forms')
  if forms.empty:
    return []
  braced = forms[forms['ends_with_brace'] > 0]
  counts = forms.groupby(['dataset', 'kind', 'form']).agg(
      models=('model', 'nunique'), prompts=('n_prompts', 'sum'),
      ends_with_brace=('ends_with_brace', 'sum')).reset_index()
  return [
      blocks.heading('A stray brace'),
      blocks.text(
          f'What to see: the multiple-choice prompts of {len(braced)} of '
          f'{len(forms)} models end with an opened brace. In the published '
          'runs it stands in every instruct row and in no base row, so that '
          'base and instruct differ in the prompt too.'),
      blocks.plain_table(counts)]


def _free_response(tables: Tables) -> list[Markup]:
  summary = tables.get('free_response_flaw')
  cells = tables.get('free_response_ece')
  if cells.empty:
    return []
  parts = [blocks.heading("Free-response calibration against another task's "
                          'answers'),
           blocks.text(
               'The published panels hold the confidence of free responses '
               'against the correctness of multiple-choice answers. Below, '
               'each error under that definition and against the graded free '
               'response itself.')]
  if not summary.empty:
    parts.append(blocks.plain_table(summary))
  parts.append(blocks.folded('Cell by cell', blocks.data_table(
      cells.assign(change=pd.to_numeric(cells['change'])), sort='change',
      pick='model')))
  return parts
