"""The chapters that close the page: every cell, and how it was computed."""

import json
import shlex
from collections.abc import Mapping
from typing import Any

import pandas as pd
from markupsafe import Markup

from uncertainty.measures import registry
from uncertainty.report import blocks
from uncertainty.report.tables import AnalysisTables
from uncertainty.results import columns
from uncertainty.specs import StudySpec

_MOST_CELLS = 8000


def cells(
    tables: AnalysisTables, spec: StudySpec) -> blocks.Chapter | None:
  """Alignment cells in one table that sorts and filters.

  Args:
    tables: the analysis.
    spec: the study's config.

  Returns:
    The chapter; None without alignment.
  """
  del spec
  alignment = tables.get('alignment').head(_MOST_CELLS)
  if alignment.empty:
    return None
  frame = alignment[[
      columns.MODEL, columns.DATASET, columns.MEASURE, columns.SIGNAL,
      columns.RHO, columns.CI_LOW, columns.CI_HIGH, columns.P_VALUE,
      columns.P_HOLM, columns.N]]
  n = len(tables.get('alignment'))
  note = (f'The first {_MOST_CELLS} of {n} tests of alignment, of all models '
          'together' if n > _MOST_CELLS else 'Every test of alignment')
  return blocks.Chapter('cells', 'All cells', (
      blocks.text(f'{note}; the same numbers are in analysis/*.parquet.'),
      blocks.data_table(frame, sort=columns.RHO, pick=columns.MODEL)))


def methods(tables: AnalysisTables, spec: StudySpec) -> blocks.Chapter:
  """Formulas, sources, tests, and the config of the run.

  Args:
    tables: the analysis.
    spec: the study's config.

  Returns:
    The chapter, which every page has.
  """
  used = set()
  if tables.has('alignment'):
    used = {registry.parse(m)[1].name
            for m in tables.get('alignment')[columns.MEASURE].unique()}
  rows = [{columns.MEASURE: m.name, 'definition': m.formula,
           'unsure when': 'high' if m.orientation > 0 else 'low',
           'source': m.source}
          for m in registry.MEASURES.values() if not used or m.name in used]
  parts = [
      blocks.text(
          "People's entropy is that of the distribution of their answers, "
          'divided by ln K. Model measures are of the next-token distribution '
          'in natural logarithms; values of log-probabilities are negated '
          'before they are correlated, so that high always means unsure.'),
      blocks.plain_table(pd.DataFrame(rows)),
      blocks.text(
          f'Intervals: {100 * spec.analysis.confidence_level:.0f} % bootstrap '
          f'over items, or clusters of them, {spec.analysis.n_bootstrap} '
          f'draws, seed {spec.seed}. '
          'Marks: Holm over the table. Calibration: smooth ECE (Błasiok & '
          'Nakkiran 2023), equal-width and equal-mass ECE, monotonic sweep '
          '(Roelofs et al. 2022) that never splits ties, debiased ECE (Kumar '
          'et al. 2019), Brier with its decomposition, AUROC, AURC, PRR; '
          'isotonic and Platt maps are cross-fitted over items.')]
  parts += _origin(tables.manifest)
  config = tables.manifest.get('config')
  if config:
    text = json.dumps(config, indent=2, sort_keys=True)
    parts.append(blocks.folded(
        'The config of this run', Markup(
            '<pre tabindex="0">{}</pre>').format(text)))
  return blocks.Chapter('methods', 'Methods', tuple(parts))


def _origin(manifest: Mapping[str, Any]) -> list[Markup]:
  """What was scored: models and data by their digests, code and command."""
  rows = [{'what': name, 'from': model['source'],
           'fingerprint': model['fingerprint'][:16]}
          for name, model in manifest.get('models', {}).items()]
  models = [row['what'] for row in rows]
  rows += [{'what': name, 'from': f'{data["items"]} items',
            'fingerprint': data['digest'][:16]}
           for name, data in manifest.get('data', {}).items()
           # A run that is not through its data, or an early version's.
           if {'items', 'digest'} <= set(data)]
  if not rows:
    return []
  start = (manifest.get('starts') or [{}])[-1]
  code = start.get('code')
  state = ', edited since' if code and code['edited'] else ''
  said = [f'Code: commit {code["commit"][:12]}{state}.' if code else '']
  if 'command' in start:
    said.append(f'Command: {shlex.join(start["command"])}')
  models += [None] * (len(rows) - len(models))
  return [blocks.plain_table(pd.DataFrame(rows), models=models),
          blocks.text(' '.join(filter(None, said)) or 'Code: installed.')]
