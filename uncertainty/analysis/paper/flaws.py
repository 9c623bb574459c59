"""Two flaws of the published results, by numbers.

The stray brace: chat multiple-choice prompts end with an opened `{` that base
prompts lack. Free-response calibration: the published panels hold
free-response uncertainty against multiple-choice correctness.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from uncertainty.analysis.paper import cells as reproduction
from uncertainty.analysis.paper import ece
from uncertainty.analysis.scores import pairs, scores
from uncertainty.analysis.scores import stack as stacking
from uncertainty.analysis.statistics import resampling
from uncertainty.results import published_columns as names

# Factor → its two levels in words.
_FACTORS = {'tuning': ('base', 'instruct'), 'chat': ('completion', 'chat'),
            'brace': ('no brace', 'brace')}
# A chat template's marks, and what base prompts never contain.
_CHAT_MARKS = ('<|start_header_id|>', '<start_of_turn>', '[INST]', '<|im_start',
               '<|user|>', '<|assistant|>', '<|system|>', '### Instruction')


def prompt_forms(
    results: Mapping[tuple[str, str], pd.DataFrame]) -> pd.DataFrame:
  """Which multiple-choice prompts end with the stray brace.

  Returns:
    dataset, model, kind, n_prompts, ends_with_brace (count), chat (count that
    carry a chat template's marks), form ('chat + brace', 'chat', 'completion',
    'completion + brace', or 'mixed'). Tables without prompts are left out.
  """
  rows = []
  for (dataset, model), frame in results.items():
    if 'prompt' not in frame:
      continue
    prompts = frame['prompt'].dropna().astype(str)
    if prompts.empty:
      continue
    brace = prompts.str.rstrip().str.endswith('{')
    chat = prompts.map(lambda text: any(m in text for m in _CHAT_MARKS))
    kind = str(frame['kind'].iloc[0]) if 'kind' in frame else ''
    rows.append((dataset, model, kind, len(prompts), int(brace.sum()),
                 int(chat.sum()), _form(brace, chat)))
  return pd.DataFrame(rows, columns=[
      'dataset', 'model', 'kind', 'n_prompts', 'ends_with_brace', 'chat',
      'form'])


def _form(brace: pd.Series, chat: pd.Series) -> str:
  if brace.nunique() > 1 or chat.nunique() > 1:
    return 'mixed'
  return ('chat' if chat.iloc[0] else 'completion') + (
      ' + brace' if brace.iloc[0] else '')


def free_response_ece(stacks: Sequence[stacking.Stack]) -> pd.DataFrame:
  """Each free-response cell under both definitions of correctness.

  Returns:
    dataset, model, figure, measure (paper's names), against_choice (the
    published definition), against_answer (graded free response), change
    (second − first), printed_choice, printed_answer (3 decimals),
    changes_print, n.
  """
  rows = []
  for stack in stacks:
    keep = reproduction.kept_items(stack.dataset, stack.frames)
    confidence_MN = stacking.paper_confidence(stack)
    for row, confidence in zip(stack.rows, confidence_MN, strict=True):
      if row.prefix in ('mc', '') or not row.measure.paper_name:
        continue
      choice, answer = (stacking.numbers(stack.frames[row.model], c)
                        for c in ('correct', 'fr_correct'))
      used = keep & np.isfinite(confidence + choice + answer)
      if used.any():
        figure = reproduction.ece_figure(stack.dataset, 'fr', 'width', True)
        a, b = (ece.width(confidence[used], c[used])
                for c in (choice, answer))
        rows.append((stack.dataset, row.model, figure,
                     names.paper_name(row.column), a, b, b - a, round(a, 3),
                     round(b, 3), round(a, 3) != round(b, 3),
                     int(used.sum())))
  return pd.DataFrame(rows, columns=[
      'dataset', 'model', 'figure', 'measure', 'against_choice',
      'against_answer', 'change', 'printed_choice', 'printed_answer',
      'changes_print', 'n'])


def free_response_summary(
    cells: pd.DataFrame, printed: pd.DataFrame | None) -> pd.DataFrame:
  """What the definition changes, and which one the printed figure shows.

  Args:
    cells: of `free_response_ece`.
    printed: printed cells (figure, measure, model, value), if at hand.

  Returns:
    One row per data set: n_cells, n_changed (in print), mean_abs_change,
    largest_change, mean_choice, mean_answer, rank_correlation (of cells under
    the two), n_printed (cells at hand to compare with), reproduced_choice,
    reproduced_answer (of these).
  """
  rows = []
  for dataset, table in cells.groupby('dataset', sort=False):
    n_printed = by_choice = by_answer = 0
    if printed is not None:
      both = table.merge(printed, on=['figure', 'measure', 'model'])
      n_printed = len(both)
      by_choice = int((abs(both['printed_choice'] - both['value'])
                       < 1e-9).sum())
      by_answer = int((abs(both['printed_answer'] - both['value'])
                       < 1e-9).sum())
    rows.append((
        dataset, len(table), int(table['changes_print'].sum()),
        table['change'].abs().mean(), table['change'].abs().max(),
        table['against_choice'].mean(), table['against_answer'].mean(),
        table['against_choice'].corr(table['against_answer'], 'spearman'),
        n_printed, by_choice, by_answer))
  return pd.DataFrame(rows, columns=[
      'dataset', 'n_cells', 'n_changed', 'mean_abs_change', 'largest_change',
      'mean_choice', 'mean_answer', 'rank_correlation', 'n_printed',
      'reproduced_choice', 'reproduced_answer'])


def design(
    found: list[scores.Score], forms: pd.DataFrame) -> pd.DataFrame:
  """Scores of one model by prompt form: the 2 × 2 × 2 confound table.

  Base or instruct weights, chat or completion prompt, with or without the
  brace: each result's form is read off its prompts, so a sweep over profiles
  and styles fills the table.

  Returns:
    dataset, model, weights (the base model's name), kind, form, outcome,
    measure, value, n; only primary measures, and prompts of one form.
  """
  columns = ['dataset', 'model', 'weights', 'kind', 'form', 'outcome',
             'measure', 'value', 'n']
  about = {(r['dataset'], r['model']): r for r in forms.to_dict('records')}
  rows = []
  for s in _primary(found):
    row = about.get((s.dataset, s.model))
    if row and row['form'] != 'mixed':
      rows.append((
          s.dataset, s.model, pairs.base_name(pairs.weights(s.model)),
          row['kind'], row['form'], s.outcome, s.measure, s.value, s.n))
  return pd.DataFrame(rows, columns=columns)


def _primary(
    found: list[scores.Score]) -> Iterator[scores.Score]:
  return (s for s in found if s.measure in ('', scores.PRIMARY))


def contrasts(
    found: list[scores.Score], table: pd.DataFrame, level: float,
) -> pd.DataFrame:
  """What each factor does with the other two held fixed.

  Args:
    found: scores, for their draws.
    table: of `design`.
    level: of the intervals.

  Returns:
    dataset, weights, outcome, measure, factor (tuning | chat | brace), held
    (the other two, such as 'instruct, chat'), difference (with − without),
    ci_low, ci_high, p_value (paired bootstrap over the same items). With a
    pair only as the paper ran it, tuning and both prompt factors change
    together and there is no row: the confound in one word.
  """
  draws = {(s.dataset, s.model, s.outcome, s.measure): s
           for s in _primary(found)}
  cells = {}
  for r in table.to_dict('records'):
    place = (r['kind'] == 'instruct', r['form'].startswith('chat'),
             r['form'].endswith('brace'))
    key = (r['dataset'], r['weights'], r['outcome'], r['measure'])
    cells.setdefault(key, {}).setdefault(
        place, draws[r['dataset'], r['model'], r['outcome'], r['measure']])
  rows = []
  for key, by_place in cells.items():
    for place, low in by_place.items():
      for axis, factor in enumerate(_FACTORS):
        other = tuple(v or i == axis for i, v in enumerate(place))
        if place[axis] or other not in by_place:
          continue
        high = by_place[other]
        held = ', '.join(
            words[place[i]] for i, words in enumerate(_FACTORS.values())
            if i != axis)
        d = resampling.paired_difference(
            np.array([high.value]), np.array([low.value]), high.draws_R[None],
            low.draws_R[None], level)
        rows.append((*key, factor, held, d.value[0], d.low[0], d.high[0],
                     d.p_value[0]))
  return pd.DataFrame(rows, columns=[
      'dataset', 'weights', 'outcome', 'measure', 'factor', 'held',
      'difference', 'ci_low', 'ci_high', 'p_value'])
