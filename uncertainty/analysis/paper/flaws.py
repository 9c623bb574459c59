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
from uncertainty.measures import registry
from uncertainty.results import columns as cols
from uncertainty.results import derived
from uncertainty.results import published_columns as names

# Factor → its two levels in words.
_FACTORS = {'tuning': ('base', 'instruct'), 'chat': ('completion', 'chat'),
            'brace': ('no brace', 'brace')}
# Form of all prompts → whether they are chat, and whether they end in a brace.
_FORMS = {'completion': (False, False), 'completion + brace': (False, True),
          'chat': (True, False), 'chat + brace': (True, True)}
# A chat template's marks, and what base prompts never contain.
_CHAT_MARKS = ('<|start_header_id|>', '<start_of_turn>', '[INST]', '<|im_start',
               '<|user|>', '<|assistant|>', '<|system|>', '### Instruction')


def prompt_forms(
    results: Mapping[tuple[str, str], pd.DataFrame]) -> pd.DataFrame:
  """Which multiple-choice prompts end with the stray brace.

  Args:
    results: (dataset, model) → its results.

  Returns:
    dataset, model, kind, n_prompts, ends_with_brace (count), chat (count that
    carry a chat template's marks), form ('chat + brace', 'chat', 'completion',
    'completion + brace', or 'mixed'). Tables without prompts are left out.
  """
  rows = []
  for (dataset, model), frame in results.items():
    if cols.PROMPT not in frame:
      continue
    prompts = frame[cols.PROMPT].dropna().astype(str)
    if prompts.empty:
      continue
    brace = prompts.str.rstrip().str.endswith('{')
    chat = prompts.map(
        lambda text: any(m in str(text) for m in _CHAT_MARKS))
    kind = str(frame[cols.KIND].iloc[0]) if cols.KIND in frame else ''
    rows.append((dataset, model, kind, len(prompts), int(brace.sum()),
                 int(chat.sum()), _form(brace, chat)))
  return pd.DataFrame(rows, columns=[
      cols.DATASET, cols.MODEL, cols.KIND, derived.N_PROMPTS,
      derived.ENDS_WITH_BRACE, derived.CHAT, cols.FORM])


def _form(brace: pd.Series, chat: pd.Series) -> str:
  if brace.nunique() > 1 or chat.nunique() > 1:
    return 'mixed'
  form = bool(chat.iloc[0]), bool(brace.iloc[0])
  return next(name for name, found in _FORMS.items() if found == form)


def free_response_ece(stacks: Sequence[stacking.Stack]) -> pd.DataFrame:
  """Each free-response cell under both definitions of correctness.

  Args:
    stacks: the data sets.

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
      if row.prefix in (registry.MC, '') or not row.measure.paper_name:
        continue
      choice, answer = (stacking.numbers(stack.frames[row.model], c)
                        for c in (cols.CORRECT, cols.FR_CORRECT))
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
      cols.DATASET, cols.MODEL, derived.FIGURE, cols.MEASURE,
      derived.AGAINST_CHOICE, derived.AGAINST_ANSWER, derived.CHANGE,
      derived.PRINTED_CHOICE, derived.PRINTED_ANSWER, derived.CHANGES_PRINT,
      cols.N])


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
  for dataset, table in cells.groupby(cols.DATASET, sort=False):
    n_printed = by_choice = by_answer = 0
    if printed is not None:
      both = table.merge(printed, on=[derived.FIGURE, cols.MEASURE, cols.MODEL])
      n_printed = len(both)
      by_choice = int((abs(both[derived.PRINTED_CHOICE] - both[cols.VALUE])
                       < 1e-9).sum())
      by_answer = int((abs(both[derived.PRINTED_ANSWER] - both[cols.VALUE])
                       < 1e-9).sum())
    choice, answer = (
        table[derived.AGAINST_CHOICE], table[derived.AGAINST_ANSWER])
    rows.append((
        dataset, len(table), int(table[derived.CHANGES_PRINT].sum()),
        table[derived.CHANGE].abs().mean(), table[derived.CHANGE].abs().max(),
        choice.mean(), answer.mean(), choice.corr(answer, 'spearman'),
        n_printed, by_choice, by_answer))
  return pd.DataFrame(rows, columns=[
      cols.DATASET, derived.N_CELLS, derived.N_CHANGED, derived.MEAN_ABS_CHANGE,
      derived.LARGEST_CHANGE, derived.MEAN_CHOICE, derived.MEAN_ANSWER,
      derived.RANK_CORRELATION, derived.N_PRINTED, derived.REPRODUCED_CHOICE,
      derived.REPRODUCED_ANSWER])


def design(
    found: list[scores.Score], forms: pd.DataFrame,
    origins: pairs.Origins = pairs.BY_NAME) -> pd.DataFrame:
  """Scores of one model by prompt form: the 2 × 2 × 2 confound table.

  Base or instruct weights, chat or completion prompt, with or without the
  brace: each result's form is read off its prompts, so a sweep over profiles
  and styles fills the table.

  Args:
    found: scores of all models.
    forms: of `prompt_forms`.
    origins: which model was tuned from which.

  Returns:
    dataset, model, weights (the base model's name), kind, form, outcome,
    measure, value, n; only primary measures, and prompts of one form.
  """
  columns = [cols.DATASET, cols.MODEL, cols.WEIGHTS, cols.KIND, cols.FORM,
             cols.OUTCOME, cols.MEASURE, cols.VALUE, cols.N]
  about = {(r[cols.DATASET], r[cols.MODEL]): r
           for r in forms.to_dict('records')}
  rows = []
  for s in _primary(found):
    row = about.get((s.dataset, s.model))
    if row and row[cols.FORM] in _FORMS:
      rows.append((
          s.dataset, s.model, origins.untuned(s.model), row[cols.KIND],
          row[cols.FORM], s.outcome, s.measure, s.value, s.n))
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
    place = (r[cols.KIND] == 'instruct', *_FORMS[r[cols.FORM]])
    key = (r[cols.DATASET], r[cols.WEIGHTS], r[cols.OUTCOME], r[cols.MEASURE])
    cells.setdefault(key, {}).setdefault(
        place, draws[r[cols.DATASET], r[cols.MODEL], r[cols.OUTCOME],
                     r[cols.MEASURE]])
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
      cols.DATASET, cols.WEIGHTS, cols.OUTCOME, cols.MEASURE, derived.FACTOR,
      derived.HELD, derived.DIFFERENCE, cols.CI_LOW, cols.CI_HIGH,
      cols.P_VALUE])
