"""People's rulings on free answers: export, import, and agreement with them.

The paper's protocol: two graders rule on every answer, an arbiter on those
where they differ. Automatic grades are judged against such rulings.
"""

import pathlib
from collections.abc import Mapping

import numpy as np
import pandas as pd

from uncertainty import files, parquet, spreadsheets
from uncertainty.measures import grading
from uncertainty.results import columns, schema, shards
from uncertainty.types import UserError

# Rulings as people write them; '?' is an item that cannot be graded.
RULINGS = {'Y': 1.0, 'N': 0.0, '?': np.nan}
_KEYS = [columns.DATASET, columns.MODEL, columns.ITEM_ID]
_AGAIN = 'fetch it again or take it out of the folder'
_SHEET = (*_KEYS, columns.QUESTION, columns.ANSWER_TEXT, columns.FR_ANSWER,
          'grader_1', 'grader_2', 'arbiter')
GRADES = (columns.FR_CORRECT, columns.FR_CORRECT_EDIT,
          columns.FR_CORRECT_ALIAS, columns.FR_CORRECT_EXACT)


def export_sheet(results_dir: str | pathlib.Path,
                 path: str | pathlib.Path) -> int:
  """Writes the sheet that graders fill in: one row an answer, CSV.

  Automatic grades are left out, so as not to lead the graders.

  Args:
    results_dir: a workdir, or a folder of workdirs.
    path: of the sheet to write.

  Returns:
    Number of answers.

  Raises:
    UserError: no results there hold free answers.
  """
  sheets = []
  for (dataset, model), frame in schema.read_results(results_dir).items():
    if columns.FR_ANSWER in frame:
      sheets.append(frame.assign(**{
          columns.DATASET: dataset, columns.MODEL: model,
      }).reindex(columns=list(_SHEET)))
  if not sheets:
    raise UserError(
        f'{results_dir}: no free answers to grade; run with '
        '--config.prompt.answer=free first')
  sheet = pd.concat(sheets, ignore_index=True)
  for column in ('grader_1', 'grader_2', 'arbiter'):
    sheet[column] = ''
  sheet = sheet.map(
      lambda v: spreadsheets.guarded(v) if isinstance(v, str) else v)
  with shards.replacing(pathlib.Path(path)) as file:
    sheet.to_csv(file, index=False)
  return len(sheet)


def import_sheet(path: str | pathlib.Path) -> pd.DataFrame:
  """Reads a filled-in sheet and settles each answer's ruling.

  Where both graders agree their ruling holds, else the arbiter's; one
  grader's alone holds too.

  Args:
    path: of a sheet that `export_sheet` wrote and people filled in.

  Returns:
    dataset, model, item_id, ruling (1, 0 or NaN), settled_by ('graders',
    'arbiter', 'one grader', or '' if still open).

  Raises:
    UserError: columns are missing, an answer stands twice, or a ruling is not
      Y, N, ? or empty.
  """
  with files.malformed(path, 'save the sheet as CSV, in UTF-8'):
    sheet = pd.read_csv(path, dtype=str, keep_default_na=False)
  missing = [c for c in (*_KEYS, 'grader_1') if c not in sheet]
  if missing:
    raise UserError(f'{path}: lacks the column {missing[0]}; start from the '
                    'sheet that export_sheet writes')
  for column in _KEYS:
    sheet[column] = sheet[column].map(spreadsheets.plain)
  twice = sheet.duplicated(_KEYS)
  if twice.any():
    raise UserError(f'{path}, row {int(np.argmax(twice)) + 2}: this answer '
                    'stands twice; keep one of its rows')
  for column in ('grader_2', 'arbiter'):
    if column not in sheet:
      sheet[column] = ''
  marks = {c: sheet[c].str.strip().str.upper()
           for c in ('grader_1', 'grader_2', 'arbiter')}
  for column, values in marks.items():
    bad = ~values.isin([*RULINGS, ''])
    if bad.any():
      row = int(np.argmax(bad))
      raise UserError(
          f'{path}, row {row + 2}: {column} is {values[row]!r}; write Y, N, '
          '? or nothing')
  settled = [_settle(*row) for row in zip(*marks.values())]
  return sheet[_KEYS].assign(
      ruling=[RULINGS.get(mark, np.nan) for mark, _ in settled],
      settled_by=[by for _, by in settled])


def _settle(first: str, second: str, arbiter: str) -> tuple[str, str]:
  if first and first == second:
    return first, 'graders'
  if first and second:
    return (arbiter, 'arbiter') if arbiter else ('', '')
  return (first or second, 'one grader') if first or second else ('', '')


def with_rulings(
    results: Mapping[tuple[str, str], pd.DataFrame], rulings: pd.DataFrame,
) -> dict[tuple[str, str], pd.DataFrame]:
  """Results with `fr_correct` by people where they ruled.

  The automatic grade moves to `fr_correct_auto`; answers without a ruling
  keep it, those that people could not grade become missing.

  Args:
    results: (dataset, model) → one row per item.
    rulings: of `import_sheet`.

  Returns:
    The same tables; those without a ruling are the very ones given.
  """
  out = {}
  for (dataset, model), frame in results.items():
    mine = rulings[(rulings[columns.DATASET] == dataset)
                   & (rulings[columns.MODEL] == model)
                   & (rulings['settled_by'] != '')]
    if mine.empty:
      out[dataset, model] = frame
      continue
    found = frame[columns.ITEM_ID].map(
        mine.set_index(columns.ITEM_ID)['ruling'])
    ruled = frame[columns.ITEM_ID].isin(mine[columns.ITEM_ID])
    automatic = frame.get(
        columns.FR_CORRECT, pd.Series(np.nan, frame.index))
    out[dataset, model] = frame.assign(**{
        columns.FR_CORRECT: found.where(ruled, automatic),
        columns.FR_CORRECT_AUTO: automatic})
  return out


def agreement(automatic: pd.Series, human: pd.Series) -> dict[str, float]:
  """How far automatic grades agree with people's rulings.

  Args:
    automatic: 1, 0 or NaN.
    human: 1, 0 or NaN, aligned.

  Returns:
    n; agreement (raw share); kappa (Cohen 1960), NaN if neither varies; and
    the confusion table both_right, both_wrong, only_automatic (right by the
    automatic grade alone), only_human.
  """
  a, h = np.asarray(automatic, float), np.asarray(human, float)
  known = ~(np.isnan(a) | np.isnan(h))
  a, h = a[known] > 0.5, h[known] > 0.5
  counts = {'both_right': a & h, 'both_wrong': ~a & ~h,
            'only_automatic': a & ~h, 'only_human': ~a & h}
  n = len(a)
  out: dict[str, float] = {'n': n, 'agreement': np.nan, 'kappa': np.nan}
  out |= {name: int(found.sum()) for name, found in counts.items()}
  if n:
    raw = float(np.mean(a == h))
    chance = a.mean() * h.mean() + (1 - a.mean()) * (1 - h.mean())
    kappa = (raw - chance) / (1 - chance) if chance < 1 else np.nan
    out |= {'agreement': raw, 'kappa': float(kappa)}
  return out


def agreement_table(
    results: Mapping[tuple[str, str], pd.DataFrame], rulings: pd.DataFrame,
) -> pd.DataFrame:
  """Each automatic grade against people's rulings, by model and in all.

  Args:
    results: (dataset, model) → one row per item, with or without rulings.
    rulings: of `import_sheet`.

  Returns:
    model ('all' for the sum), dataset, grade, and what `agreement` gives.
  """
  rows = []
  for grade in GRADES:
    parts = []
    for (dataset, model), frame in results.items():
      ruled = columns.FR_CORRECT_AUTO in frame
      column = columns.FR_CORRECT_AUTO if (
          grade == columns.FR_CORRECT and ruled) else grade
      if column not in frame:
        continue
      mine = rulings[(rulings[columns.DATASET] == dataset)
                     & (rulings[columns.MODEL] == model)]
      pair = pd.DataFrame({
          'automatic': frame[column],
          'human': frame[columns.ITEM_ID].map(
              mine.set_index(columns.ITEM_ID)['ruling'])})
      parts.append(pair)
      rows.append({columns.MODEL: model, columns.DATASET: dataset,
                   'grade': grade}
                  | agreement(pair['automatic'], pair['human']))
    if parts:
      pair = pd.concat(parts)
      rows.append({columns.MODEL: 'all', columns.DATASET: 'all', 'grade': grade}
                  | agreement(pair['automatic'], pair['human']))
  return pd.DataFrame(rows)


def regrade_published(results_dir: str | pathlib.Path) -> pd.DataFrame:
  """The agreement table for the paper's own files and rulings.

  Args:
    results_dir: files such as `coane_MODEL.parquet` with `fr_model_answer`
      and `fr_correct?`.

  Returns:
    Of `agreement_table`.

  Raises:
    UserError: no file there holds rulings.
  """
  results, rulings = {}, []
  for path in sorted(pathlib.Path(results_dir).glob('*.parquet')):
    raw = parquet.read(path, _AGAIN)
    if 'fr_correct?' not in raw:
      continue
    model = path.stem.partition('_')[2]
    with files.malformed(path, _AGAIN):
      graded = _graded(raw, model)
      rulings.append(graded[_KEYS].assign(
          ruling=raw['fr_correct?'].map(RULINGS), settled_by='graders'))
    results['coane', model] = graded
  if not rulings:
    raise UserError(f'{results_dir}: no file there holds fr_correct?')
  return agreement_table(results, pd.concat(rulings))


def _graded(raw: pd.DataFrame, model: str) -> pd.DataFrame:
  """Automatic grades of the answers in one of the paper's files."""
  grades = [grading.grade(a.split('}')[0], right, (), question)
            for a, right, question in zip(
                raw['fr_model_answer'], raw['Correct_Answer_Text'],
                raw['Question'])]
  return pd.DataFrame({
      columns.DATASET: 'coane', columns.MODEL: model,
      columns.ITEM_ID: [str(i) for i in range(len(raw))],
      columns.FR_CORRECT: [g.rules for g in grades],
      columns.FR_CORRECT_EDIT: [g.edit for g in grades],
      columns.FR_CORRECT_ALIAS: [g.alias for g in grades],
      columns.FR_CORRECT_EXACT: [g.exact for g in grades]})
