"""Chapters on the paper's own numbers: what reproduces, and two flaws."""

import pandas as pd
from markupsafe import Markup

from uncertainty.report import blocks
from uncertainty.report.tables import AnalysisTables
from uncertainty.specs import StudySpec

_MOST_CELLS = 6000


def reproduction(
    tables: AnalysisTables, spec: StudySpec) -> blocks.Chapter | None:
  """The paper's cells, compared with the printed ones.

  Args:
    tables: the analysis.
    spec: the study's config; its mode says which recipes were followed.

  Returns:
    The chapter; None for results that are not the paper's.
  """
  if not tables.has('cells'):
    return None
  mode, cells = spec.mode, tables.get('cells')
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
        f'{counts["match"].sum()} of {counts["printed"].sum()} '
        'printed cells match'
        + (f', {counts["blanks_right"].sum()} of {counts["blanks"].sum()} '
           'blanks are blank here too. Where a monotonic sweep meets tied '
           'confidences, the printed value depends on an unknown order.'
           if mode == 'reproduction' else '.')), blocks.plain_table(counts)]
    differs = tables.get('compare')
    differs = differs[~differs['status'].isin(['match', 'blank in both'])]
    if len(differs):
      parts.append(blocks.folded('Cells that differ',
                                 blocks.table(differs, sort='value')))
  shown = cells[['figure', 'measure', 'model', 'value', 'p_value', 'n']]
  few = len(shown) > _MOST_CELLS
  parts.append(blocks.folded(
      f'The first {_MOST_CELLS} of {len(shown)} cells; analysis/cells.parquet '
      'has all' if few else 'All cells',
      blocks.data_table(
          shown.head(_MOST_CELLS), sort='value', pick='figure')))
  return blocks.Chapter('reproduction', 'The paper, cell by cell', tuple(parts))


def flaws(
    tables: AnalysisTables, spec: StudySpec) -> blocks.Chapter | None:
  """The stray brace, and free-response ECE against another task's answers.

  Args:
    tables: the analysis.
    spec: the study's config.

  Returns:
    The chapter; None where neither concerns the run: it reads neither the
    paper's own files nor asks with the paper's prompts.
  """
  del spec
  config = tables.manifest.get('config')
  asked = config['prompt']['profile'] if config else ''
  if not tables.has('cells') and asked != 'paper':
    return None
  parts = [*_brace(tables), *_free_response(tables)]
  if not parts:
    return None
  return blocks.Chapter('flaws', 'Flaws found', tuple(parts))


def _brace(tables: AnalysisTables) -> list[Markup]:
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
          f'The multiple-choice prompts of {len(braced)} of '
          f'{len(forms)} models end with an opened brace. In the published '
          'runs it stands in every instruct row and in no base row, so that '
          'base and instruct differ in the prompt too.'),
      blocks.plain_table(counts)]


def _free_response(tables: AnalysisTables) -> list[Markup]:
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
