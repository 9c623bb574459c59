"""The analysis stage: results tables in, analysis tables out.

Results are stacked once, every measure of every model is scored once with its
bootstrap draws, and every table is derived from that.
"""

import concurrent.futures
import contextlib
import dataclasses
import pathlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
import threadpoolctl
from absl import logging

from uncertainty import data
from uncertainty.analysis.calibration import reliability
from uncertainty.analysis.claims import steered, tuned
from uncertainty.analysis.claims import table as claims
from uncertainty.analysis.paper import flaws
from uncertainty.analysis.paper import tables as paper
from uncertainty.analysis.questions import (
  abstention,
  alignment,
  beyond_difficulty,
  choice_count,
  combination,
  hierarchical,
  instruct,
  items,
  joint,
  noise_ceiling,
  prediction_sets,
  probe_readout,
  rater_groups,
  response_time,
  size,
  stated_confidence,
  summary,
)
from uncertainty.analysis.questions import calibrated as calibrated_tables
from uncertainty.analysis.scores import aligned as aligning
from uncertainty.analysis.scores import (
  calibrate,
  item_draws,
  pairs,
  people,
  scores,
)
from uncertainty.analysis.scores import stack as stacking
from uncertainty.analysis.scores.people import Results
from uncertainty.analysis.statistics.parallel import ahead, each
from uncertainty.results import published, schema, shards
from uncertainty.specs import StudySpec
from uncertainty.types import UserError

_Tables = Mapping[str, pd.DataFrame]  # file stem under `analysis/` → table
_Make = Callable[[], _Tables]
_LEAST = 3  # fewer items support no correlation and no calibration
# Permutations test counts of models or cells; more would not change a digit.
_MOST_PERMUTATIONS = 1000


def run(
    results_dir: str | pathlib.Path, out_dir: str | pathlib.Path,
    spec: StudySpec) -> None:
  """Analyses all results under a folder and writes tables under another.

  Writes the tables of `score` and of `questions`, and for the paper's
  files or in reproduction mode its figures' cells. Each file is whole or not
  there; equal inputs and seed give equal tables.

  Args:
    results_dir: a workdir, a folder of workdirs, or of the paper's files
      (`spec.analysis.results_format='published'`).
    out_dir: where the tables go.
    spec: `analysis`, `mode` and `seed` are read.

  Raises:
    UserError: no results; results without item_id, with an item twice, or
      with fewer than 3 items.
  """
  source = read(results_dir, spec)
  out = pathlib.Path(out_dir)

  def write(tables: Mapping[str, pd.DataFrame]) -> None:
    for name, table in tables.items():
      shards.write_table(table, out / f'{name}.parquet')

  files = source.activation_files or (
      (pathlib.Path(spec.probe.published),) if spec.probe.published else ())
  layers = probe_readout.layers(results_dir)
  if files:
    published_probes = probe_readout.published_tables(files)
    write({'probes_published': published_probes})
    layers = pd.concat([layers, probe_readout.of_layers(published_probes)])
  write({'probe_pairs': probe_readout.layer_pairs(layers, pairs.origins(
      {model: frame for (_, model), frame in source.frames.items()}))})
  stacks = stacking.stack_results(
      people.agreed(people.estimated(source.frames, spec), spec))
  wanted: list[_Make] = []
  if stacks:  # the paper's probe tables may stand alone
    steered_rows = schema.read_steered(results_dir)
    scored = score(stacks, spec)
    # What takes longest goes first: the cores are shared until the end.
    wanted += [
        lambda: {'claims': claims.claims(
            stacks, spec, forward=probe_readout.forward(results_dir),
            doubt=probe_readout.doubt(results_dir),
            truth=probe_readout.truth(results_dir), steered=steered_rows,
            # Reproduction draws items out of their clusters.
            drawn=None if spec.mode == 'reproduction' else scored.drawn)},
        lambda: scored.tables,
        *questions(source.frames, stacks, scored, spec,
                    read_probes(results_dir, source)),
        lambda: {'tuned': tuned.tuned_table(stacks, spec)},
        lambda: steered.tables(stacks, steered_rows, spec)]
  if (spec.mode == 'reproduction'
      or spec.analysis.results_format == 'published'):
    # The printed cells are of plain entropy and the paper's agreement.
    wanted.insert(0, lambda: paper.reproduction_tables(
        source, stacking.stack_results(source.frames), results_dir, spec))
  make_all(wanted, write)


def make_all(
    wanted: Sequence[_Make], done: Callable[[_Tables], None]) -> None:
  """Makes tables on all cores.

  Args:
    wanted: such as `questions` gives.
    done: called with the tables of each as soon as they are made.
  """
  def make(one: _Make) -> None:
    clock = time.perf_counter()
    tables = one()
    logging.debug(
        '%s: %.1f s', ', '.join(tables), time.perf_counter() - clock)
    done(tables)

  each(make, wanted)


@contextlib.contextmanager
def _timed(name: str) -> Iterator[None]:
  clock, processor = time.perf_counter(), time.process_time()
  yield
  logging.debug('%s: %.1f s, processor %.1f s', name,
                time.perf_counter() - clock, time.process_time() - processor)


def read(
    results_dir: str | pathlib.Path, spec: StudySpec) -> published.Published:
  """Results in the format that the spec names.

  Args:
    results_dir: of a workdir, of several, or of the paper's files.
    spec: `analysis.results_format` names the format.

  Returns:
    Results tables and what was published beside them.

  Raises:
    UserError: no results, or files that cannot be read.
  """
  if spec.analysis.results_format == 'published':
    return published.read(results_dir, data.beside(spec.data))
  return published.Published(
      frames=schema.read_results(results_dir), columns=pd.DataFrame(),
      activations=None, item_sources={})


def read_probes(
    results_dir: str | pathlib.Path, source: published.Published,
) -> pd.DataFrame:
  """What probes read out, where they ran or the paper's are at hand.

  Args:
    results_dir: looked through for probe tables.
    source: may hold the paper's.

  Returns:
    Columns of `probe_readout.COLUMNS`.
  """
  if source.activation_files:
    return probe_readout.of_published(
        probe_readout.published_tables(source.activation_files))
  return probe_readout.of_workdirs(results_dir)


@dataclasses.dataclass(frozen=True)
class Scored:
  """Every score with its draws, and the tables that every analysis has.

  Attributes:
    scores: of every measure of every model.
    drawn: data set → its resamples, and what they align.
    tables: file stem under `analysis/` → table.
  """

  scores: list[scores.Score]
  drawn: dict[str, aligning.Drawn]
  tables: dict[str, pd.DataFrame]


def score(stacks: Sequence[stacking.Stack], spec: StudySpec) -> Scored:
  """Scores every measure of every model, data set by data set.

  Args:
    stacks: of `stacking.stack_results`.
    spec: `analysis`, `mode` and `seed` are read.

  Returns:
    The scores, and the tables alignment, calibration, reliability, summary
    and items. Of arrays over items or draws only the scores' draws and the
    resamples stay.

  Raises:
    UserError: a data set with fewer than 3 items.
  """
  for stack in stacks:
    n_items = len(stack.item_ids)
    if n_items < _LEAST:
      raise UserError(
          f'{stack.dataset} has results for {n_items} item(s); an analysis '
          f'needs {_LEAST} or more: raise --config.data.limit')
  found: list[scores.Score] = []
  drawn: dict[str, aligning.Drawn] = {}
  parts: dict[str, list[pd.DataFrame]] = {
      name: [] for name in ('alignment', 'calibration', 'summary', 'items')}
  # Data sets without any grade have no curve.
  parts['reliability'] = [pd.DataFrame(columns=list(reliability.COLUMNS))]
  draws = ahead(lambda stack: item_draws.item_draws(stack, spec), stacks)
  for stack, counts_NR in zip(stacks, draws, strict=True):
    logging.info(
        '%s: %d model%s, %d items, %d measures', stack.dataset,
        len(stack.models), 's' * (len(stack.models) > 1), len(stack.item_ids),
        len(stack.rows))
    own, aligned = _score_one(stack, counts_NR, spec, parts)
    found += own
    drawn[stack.dataset] = aligning.Drawn(counts_NR, aligned)
  return Scored(
      found, drawn, {k: _joined(tables) for k, tables in parts.items()})


def _score_one(
    stack: stacking.Stack, counts_NR: np.ndarray, spec: StudySpec, parts,
) -> tuple[list[scores.Score], aligning.Aligned]:
  """One data set's scores; its tables are added to `parts`."""
  level = spec.analysis.confidence_level
  cluster_N = item_draws.heeded_clusters(stack, spec)
  # One thread of BLAS: its last digits depend on their number, which work on
  # all cores changes at any time for what is made beside it.
  with (threadpoolctl.threadpool_limits(1, user_api='blas'),
        concurrent.futures.ThreadPoolExecutor(1) as beside):
    summarised = beside.submit(
        summary.summary_table, stack, counts_NR, level=level,
        cluster_N=cluster_N, first_of_ties=(
            spec.mode == 'reproduction'
            and spec.analysis.results_format == 'published'))
    listed = beside.submit(items.item_table, stack)
    with _timed(f'{stack.dataset}: aligned'):
      aligned = aligning.align(stack, counts_NR, cluster_N)
    calibrated, curves = [], []
    with _timed(f'{stack.dataset}: calibrated'):
      for one in calibrate.calibrate(
          stack, counts_NR, level=level, n_bins=spec.analysis.n_bins,
          seed=spec.seed, reproduction=spec.mode == 'reproduction'):
        curves.append(beside.submit(
            calibrated_tables.curves, stack, one, level=level))
        # Confidences by item of all maps at once would outweigh the draws.
        calibrated.append(dataclasses.replace(one, curved=None))
    tabled = beside.submit(
        calibrated_tables.calibration_table, stack, calibrated)
    with _timed(f'{stack.dataset}: tables'):
      found = scores.scores(stack, aligned, calibrated, counts_NR, scores.Asked(
          np.arange(len(counts_NR)) if cluster_N is None else cluster_N,
          spec.analysis.n_bins, spec.analysis.calibrated_below))
      parts['alignment'].append(
          alignment.alignment_table(stack, aligned, level=level))
      parts['summary'].append(summarised.result())
      parts['reliability'] += [table.result() for table in curves]
      parts['calibration'].append(tabled.result())
      parts['items'].append(listed.result())
  return found, aligned


def _joined(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
  filled = [t for t in tables if len(t)]
  return pd.concat(filled, ignore_index=True) if filled else tables[0]


def questions(
    results: Results, stacks: Sequence[stacking.Stack], scored: Scored,
    spec: StudySpec, probes_read: pd.DataFrame | None = None) -> list[_Make]:
  """What makes the tables of the study's questions.

  Args:
    results: (dataset, model) → one row per item.
    stacks: the same, stacked.
    scored: of `score`.
    spec: its `analysis` and `seed`.
    probes_read: of `read_probes`, if probes ran.

  Returns:
    Functions for `make_all`, each of a table or of some that need each other.
    Tables that the results cannot fill (no pairs, no response times) are
    empty.
  """
  level, seed = spec.analysis.confidence_level, spec.seed
  n_draws, n_bins = spec.analysis.n_bootstrap, spec.analysis.n_bins
  found = scored.scores
  counts_NR = {name: drawn.counts_NR for name, drawn in scored.drawn.items()}
  models = [m for stack in stacks for m in scores.model_items(stack)]
  cluster_N = {s.dataset: item_draws.heeded_clusters(s, spec) for s in stacks}
  return [
      lambda: {'combination': combination.combinations(
          models, counts_NR, level, seed, cluster_N=cluster_N)},
      lambda: _sets(stacks, spec),
      lambda: _ceilings(models, found, counts_NR, spec),
      lambda: _sizes(models, found, spec),
      lambda: _effects(models, found, spec, probes_read),
      lambda: _joint(found, spec),
      lambda: _designs(results, found, level),
      lambda: {'partial': beyond_difficulty.partial_alignment(
          models, level, cluster_N)},
      lambda: {
          'calibration_by_people': beyond_difficulty.calibration_by_people(
              models, cluster_N, n_bins=n_bins)},
      lambda: {'choice_count': choice_count.choice_count(
          models, level, scored.tables['alignment'], cluster_N)},
      lambda: {'rater_groups': rater_groups.rater_groups(
          models, level=level, n_draws=n_draws, seed=seed)},
      lambda: {'response_time': response_time.hick(models, seed)},
      lambda: {'hierarchical': hierarchical.family_effects(
          found, models, level, n_draws, seed)},
      lambda: {'free_response_ece': flaws.free_response_ece(stacks)},
      lambda: {
          'stated_confidence': stated_confidence.stated_against_internal(
              results),
          'stated_unread': stated_confidence.unread(results)}]


def _effects(models, found, spec: StudySpec, probes_read) -> _Tables:
  level = spec.analysis.confidence_level
  differences = _pair_differences(found, models, probes_read, level)
  return {'effects_pairs': differences, 'effects': instruct.effects(
      differences, level, spec.analysis.n_bootstrap, spec.seed)}


def _joint(found, spec: StudySpec) -> _Tables:
  cells = joint.cells(
      found, spec.analysis.alpha, spec.analysis.confidence_level)
  drawn = cells, _n_permutations(spec), spec.seed
  return {'joint': cells, 'joint_chance': joint.co_occurrence(*drawn),
          'joint_correlations': joint.score_correlations(*drawn)}


def _ceilings(models, found, counts_NR, spec: StudySpec) -> _Tables:
  level = spec.analysis.confidence_level
  ceilings = noise_ceiling.ceilings(models, counts_NR, spec)
  return {'ceiling': noise_ceiling.ceiling_table(ceilings, level),
          'ceiling_corrected': noise_ceiling.corrected(
              found, ceilings, level)}


def _sizes(models, found, spec: StudySpec) -> _Tables:
  table = scores.score_frame(found, models)
  return {'scores': table, 'size': size.size_effects(
      table, _n_permutations(spec), spec.seed)}


def _designs(results: Results, found, level: float) -> _Tables:
  forms = flaws.prompt_forms(results)
  design = flaws.design(found, forms, pairs.origins(
      {model: frame for (_, model), frame in results.items()}))
  return {'prompt_forms': forms, 'design': design,
          'design_contrasts': flaws.contrasts(found, design, level)}


def _sets(stacks: Sequence[stacking.Stack], spec: StudySpec) -> _Tables:
  coverage = spec.analysis.set_coverage
  labels = prediction_sets.of_models(stacks)
  return {**prediction_sets.tables(labels, coverage, spec.seed),
          'abstention': abstention.table(labels, 1 - coverage, spec.seed)}


def _n_permutations(spec: StudySpec) -> int:
  return min(spec.analysis.n_bootstrap, _MOST_PERMUTATIONS)


def _pair_differences(found, models, probes_read, level) -> pd.DataFrame:
  parts = [instruct.pair_differences(found, models, level)]
  if probes_read is not None and len(probes_read):
    parts.append(probe_readout.pair_differences(
        probes_read, pairs.origins({m.model: m.frame for m in models})))
  return _joined(parts)
