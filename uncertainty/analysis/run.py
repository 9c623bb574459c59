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
from absl import logging

from uncertainty.analysis.calibration import reliability
from uncertainty.analysis.claims import table as claims
from uncertainty.analysis.claims import tuned
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
from uncertainty.analysis.statistics.parallel import ahead
from uncertainty.results import published, schema, shards
from uncertainty.specs import StudySpec
from uncertainty.types import UserError

Results = Mapping[tuple[str, str], pd.DataFrame]
_LEAST = 3  # fewer items support no correlation and no calibration
# Permutations test counts of models or cells; more would not change a digit.
_MOST_PERMUTATIONS = 1000


def run(
    results_dir: str | pathlib.Path, out_dir: str | pathlib.Path,
    spec: StudySpec) -> None:
  """Analyses all results under a folder and writes tables under another.

  Writes the tables of `score` and of `study_tables`, and for the paper's
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

  files = source.activation_files
  if not files and spec.probe.published:
    files = (pathlib.Path(spec.probe.published),)
  if files:
    write({'probes_published': probe_readout.published_tables(files)})
  stacks = stacking.stack_results(
      people.agreed(people.estimated(source.frames, spec), spec))
  if stacks:  # the paper's probe tables may stand alone
    scored = score(stacks, spec)
    with concurrent.futures.ThreadPoolExecutor(1) as beside:
      written = beside.submit(write, scored.tables)
      with _timed('claims'):
        claimed = claims.claims(
            stacks, spec, forward=probe_readout.forward(results_dir),
            doubt=probe_readout.doubt(results_dir))
      written.result()
    write({'claims': claimed})
    with _timed('tuned'):
      write({'tuned': tuned.tuned_table(stacks, spec)})
    write(study_tables(
        source.frames, stacks, scored, spec,
        read_probes(results_dir, source)))
  if (spec.mode == 'reproduction'
      or spec.analysis.results_format == 'published'):
    with _timed("the paper's cells"):
      # The printed cells are of plain entropy and the paper's agreement.
      write(paper.reproduction_tables(
          source, stacking.stack_results(source.frames), results_dir, spec))


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
    return published.read(results_dir, spec.data)
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
    counts_NR: data set → the resamples of its items that the draws are of.
    tables: file stem under `analysis/` → table.
  """

  scores: list[scores.Score]
  counts_NR: dict[str, np.ndarray]
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
  # One set of draws per data set: differences between models are paired.
  drawn: dict[str, np.ndarray] = {}
  parts: dict[str, list[pd.DataFrame]] = {
      name: [] for name in ('alignment', 'calibration', 'summary', 'items')}
  # Data sets without any grade have no curve.
  parts['reliability'] = [pd.DataFrame(columns=list(reliability.COLUMNS))]
  draws = ahead(lambda stack: item_draws.item_draws(stack, spec), stacks)
  for stack, counts_NR in zip(stacks, draws, strict=True):
    logging.info('%s: %d models, %d items, %d measures', stack.dataset,
                 len(stack.models), len(stack.item_ids), len(stack.rows))
    drawn[stack.dataset] = counts_NR
    found += _score_one(stack, counts_NR, spec, parts)
  return Scored(
      found, drawn, {k: _joined(tables) for k, tables in parts.items()})


def _score_one(
    stack: stacking.Stack, counts_NR: np.ndarray, spec: StudySpec,
    parts: dict[str, list[pd.DataFrame]]) -> list[scores.Score]:
  """One data set's scores; its tables are added to `parts`."""
  level = spec.analysis.confidence_level
  # Beside this thread go tables that need neither all cores nor BLAS, whose
  # last digits depend on how many threads it has at the time.
  with concurrent.futures.ThreadPoolExecutor(1) as beside:
    listed = beside.submit(items.item_table, stack)
    with _timed(f'{stack.dataset}: aligned'):
      aligned = aligning.align(stack, counts_NR)
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
      found = scores.scores(stack, aligned, calibrated, counts_NR)
      parts['alignment'].append(
          alignment.alignment_table(stack, aligned, level=level))
      parts['summary'].append(summary.summary_table(
          stack, counts_NR, level=level, first_of_ties=(
              spec.mode == 'reproduction'
              and spec.analysis.results_format == 'published')))
      parts['reliability'] += [table.result() for table in curves]
      parts['calibration'].append(tabled.result())
      parts['items'].append(listed.result())
  return found


def _joined(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
  filled = [t for t in tables if len(t)]
  return pd.concat(filled, ignore_index=True) if filled else tables[0]


def study_tables(
    results: Results, stacks: Sequence[stacking.Stack],
    scored: Scored, spec: StudySpec,
    probes_read: pd.DataFrame | None = None,
) -> dict[str, pd.DataFrame]:
  """Every table of the study's questions; what each holds its function says.

  Args:
    results: (dataset, model) → one row per item.
    stacks: the same, stacked.
    scored: of `score`.
    spec: its `analysis` and `seed`.
    probes_read: of `read_probes`, if probes ran.

  Returns:
    file stem under `analysis/` → table. Tables that the results cannot fill
    (no pairs, no response times) are empty.
  """
  level, alpha = spec.analysis.confidence_level, spec.analysis.alpha
  n_draws, seed = spec.analysis.n_bootstrap, spec.seed
  n_permutations = min(n_draws, _MOST_PERMUTATIONS)
  found, counts_NR = scored.scores, scored.counts_NR
  models = [m for stack in stacks for m in scores.model_items(stack)]
  made = {'scores': scores.score_frame(found, models)}

  def add(name: str, make: Callable[[], pd.DataFrame]) -> None:
    with _timed(name):
      made[name] = make()

  add('effects_pairs', lambda: _pair_differences(
      found, models, probes_read, level))
  add('effects', lambda: instruct.effects(
      made['effects_pairs'], level, n_draws, seed))
  add('joint', lambda: joint.cells(
      found, alpha, level, spec.analysis.calibrated_below))
  add('joint_chance', lambda: joint.co_occurrence(
      made['joint'], n_permutations, seed))
  add('joint_correlations', lambda: joint.score_correlations(
      made['joint'], n_permutations, seed))
  add('partial', lambda: beyond_difficulty.partial_alignment(models, level))
  add('calibration_by_people', lambda: beyond_difficulty.calibration_by_people(
      models, n_bins=spec.analysis.n_bins))
  add('choice_count', lambda: choice_count.choice_count(models, level))
  ceilings = noise_ceiling.ceilings(models, counts_NR, spec)
  add('ceiling', lambda: noise_ceiling.ceiling_table(ceilings, level))
  add('ceiling_corrected', lambda: noise_ceiling.corrected(
      found, ceilings, level))
  add('rater_groups', lambda: rater_groups.rater_groups(
      models, level=level, n_draws=n_draws, seed=seed))
  add('response_time', lambda: response_time.hick(models, seed))
  add('combination', lambda: combination.combinations(
      models, counts_NR, level, seed, cluster_N={
          s.dataset: item_draws.heeded_clusters(s, spec) for s in stacks}))
  add('size', lambda: size.size_effects(made['scores'], n_permutations, seed))
  add('hierarchical', lambda: hierarchical.family_effects(
      found, models, level, n_draws, seed))
  add('prompt_forms', lambda: flaws.prompt_forms(results))
  add('design', lambda: flaws.design(found, made['prompt_forms']))
  add('design_contrasts', lambda: flaws.contrasts(
      found, made['design'], level))
  add('free_response_ece', lambda: flaws.free_response_ece(stacks))
  add('stated_confidence',
      lambda: stated_confidence.stated_against_internal(results))
  add('stated_unread', lambda: stated_confidence.unread(results))
  coverage = spec.analysis.set_coverage
  with _timed('sets'):
    labels = prediction_sets.of_models(stacks)
    made |= prediction_sets.tables(labels, coverage, seed)
  add('abstention', lambda: abstention.table(labels, 1 - coverage, seed))
  return made


def _pair_differences(
    found: list[scores.Score], models: list[scores.ModelItems],
    probes_read: pd.DataFrame | None, level: float) -> pd.DataFrame:
  parts = [instruct.pair_differences(found, models, level)]
  if probes_read is not None and len(probes_read):
    parts.append(probe_readout.pair_differences(
        probes_read, pairs.origins({m.model: m.frame for m in models})))
  return _joined(parts)
