"""The study's tables, by file name: one call for everything after scoring."""

import logging
import time
from collections.abc import Callable

import pandas as pd

from uncertainty.analysis.paper import cells as reproduction
from uncertainty.analysis.paper import compare, flaws
from uncertainty.analysis.questions import (
  beyond_difficulty,
  choice_count,
  combination,
  hierarchical,
  instruct,
  joint,
  noise_ceiling,
  response_time,
  size,
  stated_confidence,
)
from uncertainty.analysis.questions import probe_readout as readout
from uncertainty.analysis.scores import scores as study_scores
from uncertainty.results.published import Published
from uncertainty.specs import StudySpec

# Permutations test counts of models or cells; more would not change a digit.
_MOST_PERMUTATIONS = 1000


def study_tables(
    results: study_scores.Results, spec: StudySpec,
    probe_readout: pd.DataFrame | None = None,
) -> dict[str, pd.DataFrame]:
  """Every sound table of the study; what each holds says its own function.

  Args:
    results: (dataset, model) → one row per item.
    spec: its `analysis` and `seed`.
    probe_readout: of `readout`, if probes ran.

  Returns:
    file stem under `analysis/` → table. Tables that the results cannot fill
    (no pairs, no response times) are empty.
  """
  level, alpha = spec.analysis.confidence_level, spec.analysis.alpha
  n_draws, seed = spec.analysis.n_bootstrap, spec.seed
  n_permutations = min(n_draws, _MOST_PERMUTATIONS)
  tables = study_scores.gather(results)
  found = study_scores.scores(tables, n_draws, seed)
  scores = study_scores.score_frame(found, tables)
  made = {'scores': scores}

  def add(name: str, make: Callable[[], pd.DataFrame]) -> None:
    start = time.perf_counter()
    made[name] = make()
    logging.debug('%s: %.1f s', name, time.perf_counter() - start)

  add('effects_pairs', lambda: _pair_differences(
      found, probe_readout, level))
  add('effects', lambda: instruct.effects(
      made['effects_pairs'], level, n_draws, seed))
  add('joint', lambda: joint.cells(found, alpha, level))
  add('joint_chance', lambda: joint.co_occurrence(
      made['joint'], n_permutations, seed))
  add('joint_correlations', lambda: joint.score_correlations(
      made['joint'], n_permutations, seed))
  add('partial', lambda: beyond_difficulty.partial_alignment(tables, level))
  add('calibration_by_people',
      lambda: beyond_difficulty.calibration_by_people(tables))
  add('choice_count', lambda: choice_count.choice_count(tables, level))
  add('ceiling', lambda: noise_ceiling.ceilings(tables, seed=seed))
  add('ceiling_corrected', lambda: noise_ceiling.corrected(
      found, made['ceiling'], level))
  add('response_time', lambda: response_time.hick(tables, seed))
  add('combination', lambda: combination.combinations(
      tables, n_draws, level, seed))
  add('size', lambda: size.size_effects(scores, n_permutations, seed))
  add('mixed', lambda: hierarchical.mixed_models(scores, tables, level))
  add('prompt_forms', lambda: flaws.prompt_forms(results))
  add('design', lambda: flaws.design(found, made['prompt_forms']))
  add('design_contrasts', lambda: flaws.contrasts(
      found, made['design'], level))
  add('free_response_ece', lambda: flaws.free_response_ece(results))
  add('stated_confidence',
      lambda: stated_confidence.stated_against_internal(results))
  add('stated_unread', lambda: stated_confidence.unread(results))
  return made


def _pair_differences(found, probe_readout, level: float) -> pd.DataFrame:
  parts = [instruct.pair_differences(found, level)]
  if probe_readout is not None and len(probe_readout):
    parts.append(readout.pair_differences(probe_readout))
  filled = [part for part in parts if len(part)]
  return pd.concat(filled, ignore_index=True) if filled else parts[0]


def reproduction_tables(
    published: Published, results_dir, spec: StudySpec,
) -> dict[str, pd.DataFrame]:
  """The paper's figures as cells, compared with printed ones where at hand.

  Prints how many match.

  Args:
    published: of `results.published.read`.
    results_dir: where it was read; printed cells may lie beside it.
    spec: `mode`, `analysis.compare_with`.

  Returns:
    cells, published_columns (which columns were mapped, extra or missing),
    free_response_flaw; with the paper's probes probes_published; with printed
    cells compare and compare_counts.
  """
  by_mode = {mode: reproduction.cells(published.frames, mode)
             for mode in ('reproduction', 'sound')}
  cells = by_mode[spec.mode]
  if published.activations is not None:
    curves = reproduction.probe_cells(published.activations)
    filled = [table for table in (cells, curves) if len(table)]
    cells = pd.concat(filled, ignore_index=True)
  made = {'cells': cells, 'cells_by_mode': _side_by_side(by_mode)}
  if published.activation_files:
    made['probes_published'] = readout.published_tables(
        published.activation_files)
  if len(published.columns):
    made['published_columns'] = published.columns
  chosen = spec.analysis.compare_with
  path = chosen or compare.find(results_dir)
  printed = None
  if path and (chosen or compare.overlaps(cells, path)):
    made['compare'] = compare.compare(cells, path)
    made['compare_counts'] = compare.counts(made['compare'])
    printed = compare.read(path)
    print(f'{path}: {compare.sentence(made["compare"])}')
    made['tie_orders'] = _tie_orders(published.frames, by_mode, path)
  made['free_response_flaw'] = flaws.free_response_summary(
      flaws.free_response_ece(published.frames), printed)
  return made


def _side_by_side(by_mode: dict[str, pd.DataFrame]) -> pd.DataFrame:
  """Cells under the paper's recipes and under the sound ones."""
  key = ['figure', 'measure', 'model']
  wanted = [*key, 'value', 'printed', 'p_value', 'n']
  return by_mode['reproduction'][[*wanted, 'shown', 'tie_free']].merge(
      by_mode['sound'][wanted], on=key, how='outer',
      suffixes=('_reproduction', '_sound'))


def _tie_orders(
    results: study_scores.Results, by_mode: dict[str, pd.DataFrame], path,
) -> pd.DataFrame:
  """How many printed sweep cells each way of treating ties gives."""
  ways = {
      'as numpy.argsort with AVX2': by_mode['reproduction'],
      'stable': reproduction.cells(results, ties='stable'),
      'never split': by_mode['sound']}
  rows = []
  for way, cells in ways.items():
    sweep = cells[cells['figure'].str.endswith('_sweep')]
    if len(sweep) and compare.overlaps(sweep, path):
      counts = compare.counts(compare.compare(sweep, path))
      counts = counts[counts['part'] == 'models']
      rows.append((way, int(counts['match'].sum()),
                   int(counts['printed'].sum())))
  return pd.DataFrame(rows, columns=['ties', 'match', 'printed'])
