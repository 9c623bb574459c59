"""The chapter on instruction tuning: base against instruct of one model."""

import pandas as pd
from markupsafe import Markup

from uncertainty.measures import registry
from uncertainty.report import blocks, figures, names, people_entropy, plots
from uncertainty.report.tables import AnalysisTables
from uncertainty.results import columns as cols
from uncertainty.results import derived
from uncertainty.specs import StudySpec

OUTCOMES = {
    derived.alignment_with(cols.HUMAN_ENTROPY):
        "alignment with people's entropy (Δρ)",
    derived.alignment_with(cols.HUMAN_MC_PROP_CORRECT):
        'ρ with proportion correct',
    derived.alignment_with(cols.HUMAN_MC_RT_COMBINED): 'ρ with response time',
    derived.CALIBRATION_ERROR: 'squared calibration error, debiased',
    derived.BRIER: 'Brier score', derived.AUROC: 'AUROC',
    derived.AGREEMENT: 'agreement with people', cols.ACCURACY: 'accuracy',
    derived.FR_ACCURACY: 'accuracy of free responses',
    derived.PROBE_R2: 'probe readout, R²'}


def chapter(
    tables: AnalysisTables, spec: StudySpec) -> blocks.Chapter | None:
  """Differences over pairs, by measure, with family-clustered intervals.

  Args:
    tables: the analysis.
    spec: the study's config.

  Returns:
    The chapter; None where these analyses had nothing to say.
  """
  effects = tables.get('effects')
  if effects.empty:
    return None
  parts = [blocks.text(
      'Each point is instruct − base, the mean over pairs of the same model, '
      f'with a {spec.analysis.confidence_level:.0%} interval for other '
      'families like these and the same items. What can be told of alignment, '
      'calibration and accuracy is among the claims; this is what lies behind '
      'them.'),
           *people_entropy.note(tables)]
  # A sweep asks in several ways; each is a comparison of its own.
  for (dataset, variant), rows in effects.groupby(
      [cols.DATASET, cols.VARIANT], sort=False):
    title = names.dataset(str(dataset)) + (f', {variant}' if variant else '')
    parts.append(blocks.heading(title))
    own = [] if rows[derived.N_PAIRS].max() > 1 else [blocks.text(
        'One pair only: its differences are shown, but say nothing of '
        'instruction tuning at large.')]
    forest = _forest(rows)
    if forest.panels:
      own.append(figures.plot(
          forest,
          '_'.join(filter(None, ('instruct', str(dataset), str(variant)))),
          f'{title}: instruct − base by measure',
          'Instruct − base; effects of no measure, such as on accuracy, are in '
          'the table below.', tables))
    shown = rows[[
        cols.OUTCOME, cols.MEASURE, derived.N_PAIRS, derived.MEAN_DIFFERENCE,
        cols.CI_LOW, cols.CI_HIGH, derived.RANK_BISERIAL]]
    own.append(blocks.folded('All effects', blocks.table(
        shown, sort=derived.MEAN_DIFFERENCE, pick=cols.OUTCOME)))
    parts.append(blocks.of_all_models(*own))
  parts += _prompt_design(tables)
  return blocks.Chapter('instruct', 'Instruction tuning', tuple(parts))


def _forest(rows: pd.DataFrame) -> plots.Plot:
  outcomes = [o for o in OUTCOMES if o in set(rows[cols.OUTCOME])]
  # What has no measure is in the table below: accuracy, agreement, and
  # probes, whose rows are targets.
  outcomes = [o for o in outcomes if o != derived.PROBE_R2
              and (rows.loc[rows[cols.OUTCOME] == o,
                            cols.MEASURE] != '').sum() > 1]
  rows = rows[rows[cols.OUTCOME].isin(outcomes)]
  order = names.measures(rows[cols.MEASURE])[::-1]
  place = {measure: i for i, measure in enumerate(order)}
  panels = []
  for outcome in outcomes:
    part = rows[rows[cols.OUTCOME] == outcome]
    panels.append(plots.Panel(OUTCOMES[outcome], [plots.Series(
        part[derived.MEAN_DIFFERENCE].tolist(),
        part[cols.MEASURE].map(place).tolist(),
        low=part[cols.CI_LOW].tolist(), high=part[cols.CI_HIGH].tolist())]))
  several = len({registry.parse(m)[0] for m in order}) > 1
  return plots.Plot(
      panels, plots.Axis('instruct − base'),
      plots.Axis('', categories=[
          names.value(cols.MEASURE, m) if several else names.measure(m)
          for m in order]), share=False, references=[('x', 0.0)])


def _prompt_design(tables: AnalysisTables) -> list[Markup]:
  """Base or instruct weights × chat or completion × brace or none."""
  design = tables.get('design')
  if design.empty or design[cols.FORM].nunique() < 2:
    return []
  wide = design.pivot_table(
      index=[cols.DATASET, cols.WEIGHTS, cols.KIND, cols.FORM],
      columns=[cols.OUTCOME, cols.MEASURE], values=cols.VALUE).reset_index()
  wide.columns = [' '.join(filter(None, map(str, c))) if isinstance(c, tuple)
                  else c for c in wide.columns]
  return [
      blocks.heading('Weights or prompt?'),
      blocks.text(
          'Published instruct rows differ from base rows in weights, in the '
          'chat template, and in a stray brace at the end of the prompt. Runs '
          'that cross the three tell them apart.'),
      blocks.of_all_models(blocks.plain_table(wide), blocks.folded(
          'One factor changed, the other two held fixed',
          blocks.plain_table(tables.get('design_contrasts').drop(
              columns=cols.P_VALUE, errors='ignore'))))]
