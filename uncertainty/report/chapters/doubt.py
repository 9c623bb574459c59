"""The chapter on probes of doubt: what they read, where, on which data."""

import pandas as pd
from markupsafe import Markup

from uncertainty.report import blocks, figures, names, plots
from uncertainty.report.tables import AnalysisTables
from uncertainty.results import columns, derived
from uncertainty.specs import StudySpec

_PROBES = {
    'sep': 'semantic entropy (SEP)',
    'p_ik': 'share of own samples right, P(IK)',
    'saplma': 'own answer right (SAPLMA)',
    'exact_answer': 'own answer right, exact answer token',
    'choice_right': 'own choice right',
    'people_entropy': 'people\'s entropy',
    'people_right': 'share of people right'}
_CLAIMS = {'doubt_in_domain': 'AUROC', 'doubt_out_of_domain': 'AUROC',
           'doubt_beyond_output': 'partial correlation'}


def chapter(
    tables: AnalysisTables, spec: StudySpec) -> blocks.Chapter | None:
  """AUROC by layer, and the claims on new items and other data.

  Args:
    tables: the analysis.
    spec: the study's config.

  Returns:
    The chapter; None where no probe of doubt ran.
  """
  del spec
  rows = tables.get('doubt_probes')
  if rows.empty:
    return None
  parts = [blocks.text(
      'A probe tells from the activations of one layer where the model is, or '
      'people are, in doubt: entropies above or below the threshold that '
      'splits the training items best, shares as they are. AUROC .5 is '
      'guessing.')]
  for dataset, part in rows.groupby(columns.DATASET, sort=False):
    parts.append(figures.plot(
        _curves(part), f'doubt_{dataset}',
        f'{names.dataset(str(dataset))}: AUROC of probes of doubt by layer',
        'A line is a model; held out, repeated questions and clusters '
        'together. Which layer is best cannot be read off: the claims choose '
        'theirs on other items.', tables))
  return blocks.Chapter('doubt', 'Probes of doubt', (
      *parts, *_claims(tables), blocks.folded('Every layer', blocks.data_table(
          rows, sort=derived.AUROC, pick=derived.PROBE))))


def _curves(rows: pd.DataFrame) -> plots.Plot:
  models = list(rows[columns.MODEL].unique())
  panels = []
  for (probe, site), part in rows.groupby(
      [derived.PROBE, derived.SITE], sort=False):
    series = []
    for model, line in part.groupby(columns.MODEL, sort=False):
      series.append(plots.Series(
          line[derived.LAYER].tolist(), line[derived.AUROC].tolist(),
          str(model), models.index(model), line=True,
          models=[str(model)] * len(line)))
    place = str(site).partition('@')[2].replace('_', ' ')
    title = _PROBES.get(str(probe), str(probe))
    panels.append(plots.Panel(f'{title}, {place}' if place else title, series))
  return plots.Plot(panels, plots.Axis('layer'), plots.Axis('AUROC', 0, 1),
                    share=True, references=[('y', 0.5)])


def _claims(tables: AnalysisTables) -> list[Markup]:
  claims = tables.get('claims')
  if claims.empty:
    return []
  parts = []
  for name, estimate in _CLAIMS.items():
    rows = claims[claims[derived.CLAIM] == name]
    if len(rows):
      parts += [
          blocks.heading(str(rows[columns.QUESTION].iloc[0])),
          blocks.plain_table(pd.DataFrame({
              derived.DATA: rows[derived.DATA],
              derived.PROBE: rows[columns.MODEL],
              estimate: blocks.intervals(
                  rows, (derived.ESTIMATE, derived.LOW, derived.HIGH)),
              derived.P_CORRECTED: rows[derived.P_CORRECTED],
              'items': rows[derived.N_ITEMS],
              derived.VERDICT: rows[derived.VERDICT]}),
              models=rows[columns.MODEL].tolist())]
  return parts
