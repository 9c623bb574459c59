"""The chapter on joint presence: are aligned measures the calibrated ones?"""

import pandas as pd
from markupsafe import Markup

from uncertainty.measures import registry
from uncertainty.report import blocks, figures, names, people_entropy, plots
from uncertainty.report.tables import AnalysisTables
from uncertainty.results import columns, derived
from uncertainty.specs import StudySpec

# What else an aligned cell may be, as said of many.


def chapter(
    tables: AnalysisTables, spec: StudySpec) -> blocks.Chapter | None:
  """Both scores of every cell, co-occurrence with its chance level.

  Args:
    tables: the analysis.
    spec: the study's config.

  Returns:
    The chapter; None where these analyses had nothing to say.
  """
  del spec
  cells = tables.get('joint')
  if cells.empty:
    return None
  chance = tables.get('joint_chance')
  parts = [blocks.text(
      'A point is one measure of one model. To the right it follows people; '
      'above it tells right answers from wrong ones. If the two were one '
      'thing, the points would lie on a rising line. Whether both go together '
      'is a claim of its own; p-values of the tables below would count the '
      'cells of few families as many, and are not shown.'),
           *people_entropy.note(tables)]
  for dataset, rows in cells.groupby(columns.DATASET, sort=False):
    title = names.dataset(str(dataset))
    parts += [
        blocks.heading(title), figures.plot(
            _scatter(rows), f'joint_{dataset}',
            f'{title}: alignment against discrimination',
            "Along: ρ with people's entropy; up: AUROC, chance is .5. A "
            'colour is a kind of measure.', tables)]
  # p-values of these tables count the cells of few families as many, so that
  # they hold no level; the claim does.
  parts.append(blocks.of_all_models(blocks.folded(
      'Co-occurrence and its level by permutation', blocks.plain_table(chance[[
          columns.DATASET, columns.SECOND, derived.PERMUTED, derived.N_CELLS,
          derived.RATE_ALIGNED, derived.RATE_SECOND, derived.RATE_BOTH,
          derived.CHANCE]]))))
  if tables.has('joint_correlations'):
    parts.append(blocks.of_all_models(blocks.folded(
        'Correlation of the two scores across models and across measures',
        blocks.table(
            tables.get('joint_correlations')[[
                columns.DATASET, columns.SECOND, derived.ACROSS, derived.UNIT,
                columns.RHO, columns.N]],
            sort=columns.RHO, pick=derived.ACROSS))))
  parts += _beyond_difficulty(tables)
  return blocks.Chapter('joint', 'Aligned and calibrated', tuple(parts))


# Kinds of measures that share a colour.
_KINDS = {
    'choices': 'over the choices', 'mass of the choices': 'over the choices',
    'nucleus size': 'nucleus', 'nucleus entropy': 'nucleus', 'top k': 'top k'}
_OTHERS = 'others'


def _scatter(rows: pd.DataFrame) -> plots.Plot:
  kinds = rows[columns.MEASURE].map(
      lambda m: _KINDS.get(registry.parse(str(m))[1].kind, _OTHERS))
  series = []
  for color, (kind, part) in enumerate(
      (kind, rows[kinds == kind])
      for kind in dict.fromkeys((*_KINDS.values(), _OTHERS))):
    if len(part):
      series.append(plots.Series(
          part[columns.RHO].tolist(), part[derived.AUROC].tolist(), kind,
          color, names=[names.value(columns.MEASURE, m)
                        for m in part[columns.MEASURE]],
          models=part[columns.MODEL].tolist()))
  return plots.Plot(
      [plots.Panel('', series)],
      plots.Axis("alignment: ρ with people's entropy"),
      plots.Axis('discrimination: AUROC'),
      references=[('x', 0.0), ('y', 0.5)])


def _beyond_difficulty(tables: AnalysisTables) -> list[Markup]:
  """Partial alignment given correctness, and calibration by people."""
  parts = []
  partial = tables.get('partial')
  if not partial.empty:
    means = partial.groupby([columns.DATASET, derived.GIVEN, columns.MEASURE])[
        [columns.RHO, derived.PARTIAL_RHO]].mean().reset_index()
    parts = [blocks.heading('Alignment beyond difficulty'),
             blocks.of_all_models(
                 blocks.text("The mean over models of ρ with people's entropy, "
                             'plain and with what is given held fixed.'),
                 blocks.folded('By measure', blocks.table(
                     means, sort=columns.RHO)))]
  by_people = tables.get('calibration_by_people')
  if not by_people.empty:
    means = by_people.groupby(
        [columns.DATASET, derived.PEOPLE, columns.MEASURE], sort=False)[
            [columns.CONFIDENCE, columns.ACCURACY, derived.GAP, derived.ECE]
        ].mean().reset_index()
    parts.append(blocks.of_all_models(blocks.folded(
        'Calibration where people agree and where they do not',
        blocks.table(means, sort=derived.GAP, pick=derived.PEOPLE))))
  return parts
