"""Chapters on the paper's own numbers: what reproduces, and two flaws."""

import pandas as pd
from markupsafe import Markup

from uncertainty.report import blocks
from uncertainty.report.tables import AnalysisTables
from uncertainty.results import columns, derived
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
  parts = [blocks.of_all_models(blocks.text(
      f'{len(cells)} cells of {cells[derived.FIGURE].nunique()} figures of '
      f'Moore et al. (2026), {recipes}.'))]
  if tables.has('compare_counts'):
    counts = tables.get('compare_counts')
    parts.append(blocks.of_all_models(blocks.text(
        f'{counts[derived.MATCH].sum()} of {counts[derived.PRINTED].sum()} '
        'printed cells match'
        + (f', {counts[derived.BLANKS_RIGHT].sum()} of '
           f'{counts[derived.BLANKS].sum()} blanks are blank here too. Where a '
           'monotonic sweep meets tied confidences, the printed value depends '
           'on an unknown order.'
           if mode == 'reproduction' else '.')), blocks.plain_table(counts)))
    differs = tables.get('compare')
    differs = differs[~differs[derived.STATUS].isin(['match', 'blank in both'])]
    if len(differs):
      parts.append(blocks.folded('Cells that differ',
                                 blocks.table(differs, sort=columns.VALUE)))
  shown = cells[[derived.FIGURE, columns.MEASURE, columns.MODEL, columns.VALUE,
                 columns.P_VALUE, columns.N]]
  few = len(shown) > _MOST_CELLS
  parts.append(blocks.folded(
      f'The first {_MOST_CELLS} of {len(shown)} cells; analysis/cells.parquet '
      'has all' if few else 'All cells',
      blocks.data_table(
          shown.head(_MOST_CELLS), sort=columns.VALUE, pick=derived.FIGURE)))
  return blocks.Chapter('reproduction', 'The paper, cell by cell', tuple(parts))


def flaws(
    tables: AnalysisTables, spec: StudySpec) -> blocks.Chapter | None:
  """The stray brace, and free-response ECE against another task's answers.

  Args:
    tables: the analysis.
    spec: the study's config.

  Returns:
    The chapter; None where neither concerns the run: it reads neither the
    paper's own files nor reproduces it.
  """
  if not tables.has('cells') and spec.mode != 'reproduction':
    return None
  parts = [*_brace(tables), *_free_response(tables)]
  if not parts:
    return None
  return blocks.Chapter('flaws', 'Flaws found', tuple(parts))


def _brace(tables: AnalysisTables) -> list[Markup]:
  forms = tables.get('prompt_forms')
  if forms.empty:
    return []
  braced = forms[forms[derived.ENDS_WITH_BRACE] > 0]
  counts = forms.groupby([columns.DATASET, columns.KIND, columns.FORM]).agg(
      models=(columns.MODEL, 'nunique'), prompts=(derived.N_PROMPTS, 'sum'),
      **{derived.ENDS_WITH_BRACE: (derived.ENDS_WITH_BRACE, 'sum')},
  ).reset_index()
  return [
      blocks.heading('A stray brace'), blocks.of_all_models(blocks.text(
          f'The multiple-choice prompts of {len(braced)} of '
          f'{len(forms)} models end with an opened brace. In the published '
          'runs it stands in every instruct row and in no base row, so that '
          'base and instruct differ in the prompt too.'),
          blocks.plain_table(counts))]


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
    parts.append(blocks.of_all_models(blocks.plain_table(summary)))
  parts.append(blocks.folded('Cell by cell', blocks.data_table(
      cells.assign(**{
          derived.CHANGE: pd.to_numeric(cells[derived.CHANGE])}),
      sort=derived.CHANGE, pick=columns.MODEL)))
  return parts
