"""The answer on top: two questions, a sentence each, and a row a model."""

import json
import math
from collections.abc import Mapping
from typing import Any

import pandas as pd
from markupsafe import Markup

from uncertainty import files
from uncertainty.report import (
    aligned,
    blocks,
    lineage,
    names,
    table_files,
)
from uncertainty.report.chapters import calibration
from uncertainty.report.tables import AnalysisTables
from uncertainty.results import columns as cols
from uncertainty.results import derived
from uncertainty.specs import StudySpec

# Claim → the question that the page asks, and what each verdict means.
_QUESTIONS = {
    'aligned': ('Is the model unsure where people are unsure?', {
        'supported': 'unsure where people are',
        'contradicted': 'sure where people are unsure'}),
    'sure_and_right': ('Is it right when it is sure?', {
        'supported': 'right where they are sure',
        'contradicted': 'wrong where they are sure'}),
}
# Statistic → what being right means; the first that is known is shown.
_GRADED = {cols.ACCURACY: 'Accuracy',
           derived.AGREEMENT: 'Agreement with people'}


def chapter(
    tables: AnalysisTables, spec: StudySpec) -> blocks.Chapter | None:
  """For each data set what may be said, and every model on three scales.

  Args:
    tables: the analysis.
    spec: the study's config.

  Returns:
    Sentences from the table `claims` and a plot; None without alignment and
    calibration.
  """
  del spec
  rows = pd.concat([
      tables.get(name)[[cols.DATASET, cols.MODEL]] for name in (
          'alignment', 'calibration') if tables.has(name)] or [pd.DataFrame()])
  if rows.empty:
    return None
  parts, several = [], rows[cols.DATASET].nunique() > 1
  who = lineage.known(tables)
  for dataset, part in rows.groupby(cols.DATASET, sort=False):
    models = _in_order(names.models(part[cols.MODEL]), tables, str(dataset),
                       who)
    if several:
      parts.append(blocks.heading(names.dataset(str(dataset))))
    parts += _sentences(tables, str(dataset))
    parts.append(_plot(tables, str(dataset), models))
  return blocks.Chapter('answer', 'The answer', tuple(parts))


def _sentences(tables: AnalysisTables, dataset: str) -> list[Markup]:
  claims = tables.get('claims')
  parts = []
  for claim, (question, means) in _QUESTIONS.items():
    rows = claims if claims.empty else claims[
        (claims[derived.CLAIM] == claim) & (claims[derived.DATA] == dataset)]
    answer = (_unclaimed(tables, dataset, claim) if rows.empty
              else _answer(rows, means))
    parts.append(Markup(
        '<p class="question"><b>{}</b> <span>{}</span>{}</p>').format(
            question, answer, _verdicts(rows, means)))
  return parts


def _verdicts(rows: pd.DataFrame, means: Mapping[str, str]) -> Markup:
  """What `answer.js` tells of those models that pass the page's filter."""
  if len(rows) < 2:
    return Markup('')
  content = {'means': means, 'by': _measure(rows), 'rows': rows[
      [cols.MODEL, derived.VERDICT, derived.SENTENCE]].values.tolist()}
  embedded = json.dumps(content, ensure_ascii=False).replace('<', '\\u003c')
  return Markup(f'<script type="application/json">{embedded}</script>')


def _unclaimed(tables: AnalysisTables, dataset: str, claim: str) -> str:
  """Why there is no claim: what these data or this way of asking lack."""
  if claim == aligned.CLAIM:
    cells = tables.get('alignment')
    shares = len(cells) and ((cells[cols.DATASET] == dataset) & (
        cells[cols.SIGNAL] == cols.HUMAN_ENTROPY)).any()
    return ('No claim is made of what was asked here; the correlations are '
            'under Alignment.' if shares else
            "No shares of people's answers are known for these questions.")
  summary = tables.get('summary')
  known = set() if summary.empty else set(summary[derived.STATISTIC][
      summary[cols.DATASET] == dataset])
  if known & {cols.ACCURACY, derived.FR_ACCURACY}:
    return ('No claim is made of what was asked here; how well each measure '
            'tells right from wrong is under Calibration.')
  return 'Nothing in these data is right or wrong' + (
      '; below is how often it chooses what people choose.'
      if derived.AGREEMENT in known else '.')


def _answer(rows: pd.DataFrame, means: Mapping[str, str]) -> str:
  """The one sentence of one model; of several, how many stand where."""
  if len(rows) == 1:
    return str(rows.iloc[0][derived.SENTENCE])
  counts = rows[derived.VERDICT].value_counts()
  said = [f'{counts[verdict]} of {len(rows)} models '
          f'{"is" if counts[verdict] == 1 else "are"} {words}'
          for verdict, words in means.items() if verdict in counts]
  told = sum(counts.get(verdict, 0) for verdict in means)
  if told < len(rows):
    said.append(
        f'of {len(rows) - told if told else f"all {len(rows)} models"} it '
        'cannot be told')
  estimates = rows[derived.ESTIMATE].dropna()
  span = ''
  if len(estimates):
    name = 'ρ' if rows.iloc[0][derived.CLAIM] == 'aligned' else 'AUROC'
    by = _measure(rows)
    low, high = estimates.quantile([.25, .75])
    span = (f' ({by + "; " if by else ""}{name} {low:.2f} to {high:.2f} in the '
            f'middle half, median {estimates.median():.2f})')
  text = ', '.join(said)
  return f'{text[0].upper()}{text[1:]}{span}.'


def _measure(rows: pd.DataFrame) -> str:
  """Of what these claims are, where it is not the choices' entropy."""
  measure = rows.iloc[0][cols.MEASURE]
  if not isinstance(measure, str) or measure == cols.CHOICE_ENTROPY:
    return ''
  return names.PRIMARY.get(measure, names.measure(measure))


def _in_order(
    models: list[str], tables: AnalysisTables, dataset: str,
    who: dict[str, lineage.Lineage]) -> list[str]:
  """Families by their best alignment, then sizes, base before instruct."""
  best: dict[str, float] = {}
  for model in models:
    rho = _alignment(tables, dataset, model)
    family = who.get(model, lineage.Lineage()).family
    value = rho[0] if rho else -math.inf
    best[family] = max(best.get(family, -math.inf), value or -math.inf)

  def place(model: str):
    own = who.get(model, lineage.Lineage())
    origin = who.get(own.base, own)
    return (-best[own.family], own.family, origin.size or math.inf,
            own.base or model, bool(own.base), model)

  return sorted(models, key=place)


def _plot(
    tables: AnalysisTables, dataset: str, models: list[str]) -> Markup:
  found: list[dict[str, Any]] = []
  graded = ''
  errors, of_errors = _errors(tables, dataset, models)
  for model in models:
    fifths, what = _fifths(tables, dataset, model)
    graded = graded or what
    rho = _alignment(tables, dataset, model)
    found.append({
        'model': model, 'rho': rho and rho[:3],
        'n': (int(rho[3]) if rho and rho[3]
              else len(tables.of('items', dataset, model))),
        'fifths': fifths,
        'error': errors.get(model)})
  if not any(row[k] for row in found for k in ('rho', 'fifths', 'error')):
    return Markup('')
  where = _csv(tables, dataset, found)
  content = {
      'rows': found, 'ceiling': _ceiling(tables, dataset),
      'graded': graded or 'Accuracy', 'error': of_errors}
  embedded = json.dumps(content, ensure_ascii=False).replace('<', '\\u003c')
  return Markup(
      '<div data-answer><script type="application/json">'
      f'{embedded}</script></div>') + (blocks.text(
          _caption(tables, dataset), note=True) if any(
              row['rho'] for row in found) else Markup('')) + Markup(
              '<p class="note"><a download href="{}">these numbers as '
              'CSV</a></p>').format(where)


def _fifths(tables: AnalysisTables, dataset: str, model: str,
            ) -> tuple[list[float | None] | None, str]:
  """Shares right on the surest and least sure fifth, and what right means.

  Right is the right choice, or people's commonest where nothing is right.
  """
  rows = tables.of('summary', dataset, model)
  if rows.empty:
    return None, ''
  values = rows.set_index(derived.STATISTIC)[cols.VALUE]
  for name, graded in _GRADED.items():
    ends = [f'{name}_{end}' for end in (
        derived.SUREST_FIFTH, derived.LEAST_SURE_FIFTH)]
    if set(ends) <= set(values.index):
      return [_plain(values[end]) for end in ends], graded
  return None, ''


def _csv(
    tables: AnalysisTables, dataset: str, found: list[dict[str, Any]]) -> str:
  """Keeps what is plotted as a table; its path from the page."""
  ends = ('', '_low', '_high')
  frame = pd.DataFrame([
      {cols.MODEL: row['model'], cols.N: row['n']}
      | {f'{derived.ALIGNMENT}{end}': v
         for end, v in zip(ends, row['rho'] or ())}
      | dict(zip((derived.SUREST_FIFTH, derived.LEAST_SURE_FIFTH),
                 row['fifths'] or ()))
      | {f'{derived.CALIBRATION_ERROR}{end}': v
         for end, v in zip(ends, row['error'] or ())} for row in found])
  name = f'tables/answer-{files.stem(dataset)}.csv'
  table_files.to_csv(frame, tables.workdir / 'report' / name)
  return name


def _caption(tables: AnalysisTables, dataset: str) -> str:
  ceiling = _ceiling(tables, dataset)
  about = ''
  if ceiling:
    exact = ceiling[1] is not None
    about = (' The band is the most that any model could reach, given how few '
             'people were asked'
             + (' (with its interval).' if exact else
                ': bounds, since their number is not published.'))
  return ('Alignment is that of the one measure fixed beforehand, choice '
          f'entropy where there are choices. Intervals of alignment are over '
          f'items, each with its raters. A thin line joins a base model to the '
          f'one tuned from it.{about}')


def _alignment(
    tables: AnalysisTables, dataset: str, model: str,
) -> list[float | None] | None:
  """ρ of the first primary measure, its interval, and n."""
  found = aligned.of(tables, dataset, model)
  if found is None:
    return None
  ends = (found.low, found.high) if found.high > found.low else (
      math.nan, math.nan)
  return [_plain(v) for v in (found.value, *ends, found.n)]


def _errors(
    tables: AnalysisTables, dataset: str, models: list[str],
) -> tuple[dict[str, list[float | None]], str]:
  """Each model's calibration error and its ends, and what error it is.

  That of the claim where it is made of any model, else the table's.
  """
  rows = tables.get('claims')
  if not rows.empty:
    rows = rows[(rows[derived.CLAIM] == derived.CALIBRATED)
                & (rows[derived.DATA] == dataset)].dropna(
                    subset=[derived.ESTIMATE])
  if not rows.empty:
    return {row[cols.MODEL]: [_plain(row[c]) for c in (
        derived.ESTIMATE, derived.LOW, derived.HIGH)]
            for row in rows.to_dict('records')}, (
                'of the probability over the choices, L2, less its noise')
  found = {}
  for model in models:
    cells = tables.of('calibration', dataset, model)
    if len(cells):
      cells = cells[(cells[cols.MEASURE] == names.CONFIDENCE)
                    & (cells[derived.METRIC] == derived.ECE_SMOOTH)].dropna(
                        subset=[cols.VALUE])
    if len(cells):
      row = cells[cells[cols.CONFIDENCE_MAP]
                  == calibration.first_map(cells)].iloc[0]
      found[model] = [_plain(row[c]) for c in (
          cols.VALUE, cols.CI_LOW, cols.CI_HIGH)]
  sure = names.choice_confidence(tables.manifest.get('config'))
  return found, f'of the {sure}, smooth'


def _ceiling(
    tables: AnalysisTables, dataset: str) -> list[float | None] | None:
  rows = tables.get('ceiling')
  if rows.empty:
    return None
  rows = rows[(rows[cols.DATASET] == dataset)
              & (rows[cols.SIGNAL] == cols.HUMAN_ENTROPY)]
  if rows.empty:
    return None
  row = rows.iloc[0]
  found = [_plain(row[c]) for c in (
      derived.CEILING_LOW, cols.CEILING, derived.CEILING_HIGH)]
  return None if found[0] is None or found[2] is None else found


def _plain(value: float) -> float | None:
  return None if pd.isna(value) else round(float(value), 4)
