"""What changed between two runs, and what it did to every claim.

Differences are paired: the same items, in the same clusters, stand behind both
estimates, so that what is hard in both runs takes itself out. Items whose
question was edited between the runs count as changes and not as pairs.
"""

import dataclasses
import math
import pathlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from uncertainty import specs
from uncertainty.analysis.claims import from_spec
from uncertainty.analysis.claims import items as item_claims
from uncertainty.analysis.claims.study import (
    ClaimStudy,
    Finding,
    enough,
)
from uncertainty.analysis.scores import people, stack
from uncertainty.analysis.statistics import multiplicity
from uncertainty.errors import UserError
from uncertainty.results import (
    columns,
    compare_columns,
    derived,
    manifest,
    schema,
    shards,
)
from uncertainty.specs import StudySpec

_SIDES = (compare_columns.BEFORE, compare_columns.AFTER)
# Fields that say where a run looks, not what it is.
_PLACES = ('results_dir', 'data.manual_dir', 'data.data_dir', 'model.cache_dir')


@dataclasses.dataclass(frozen=True)
class Comparison:
  """Two runs beside each other.

  Attributes:
    changes: one row for each thing that differs (docs/results.md).
    differences: one row a claim, data set and model.
    runs: the two workdirs.
    level: of the intervals.
    folder: where both tables were written, if they were.
  """

  changes: pd.DataFrame
  differences: pd.DataFrame
  runs: tuple[pathlib.Path, pathlib.Path]
  level: float
  folder: pathlib.Path | None = None

  def __str__(self) -> str:
    """Both as text, for the terminal."""
    changed = [f'  {part} {name}: {before or "–"} → {after or "–"}'
               for part, name, before, after in self.changes.to_numpy()]
    lines = [f'first run:  {self.runs[0]}', f'second run: {self.runs[1]}', '',
             'changed from the first to the second:',
             *(changed or ['  nothing'])]
    heads = ('', 'first', 'second', 'difference',
             f'{self.level:.0%} interval', 'p', 'the second is')
    keys = [derived.DATA, columns.MODEL, derived.N_ITEMS]
    tables = {key: [heads, *map(_cells, part.to_dict('records'))]
              for key, part in self.differences.groupby(keys, sort=False)}
    widths = [max(map(len, column)) for column in zip(
        *(row for table in tables.values() for row in table))]
    for (dataset, model, n_items), table in tables.items():
      lines += ['', f'{dataset} · {model} · {n_items} items asked alike']
      lines += ['  ' + '  '.join(
          cell.ljust(width) if place in (0, len(row) - 1)
          else cell.rjust(width) for place, (cell, width) in enumerate(
              zip(row, widths))).rstrip() for row in table]
    lines += ['', ('Intervals are paired, item by item; p is of no difference,'
                   ' corrected (Holm) over all rows.')]
    if self.folder:
      lines += [f'Tables: {self.folder}/changes.parquet, differences.parquet']
    return '\n'.join(lines)


def _cells(row: Mapping[Any, Any]) -> tuple[str, ...]:
  """A difference as it is printed."""
  claim, p = row[derived.CLAIM], row[derived.P_CORRECTED]
  low, high = row[derived.LOW], row[derived.HIGH]
  said = _CLAIMS[claim][0] if claim in _CLAIMS else claim.replace('_', ' ')
  return (
      said, *map(_number, (row[compare_columns.BEFORE],
                           row[compare_columns.AFTER],
                           row[derived.DIFFERENCE])),
      '–' if math.isnan(low) else f'{low:.3f} to {high:.3f}',
      '< 0.001' if p < 0.0005 else _number(p), row[derived.VERDICT])


def _number(value: float) -> str:
  return '–' if math.isnan(value) else f'{value:.3f}'


def places(spec: StudySpec) -> tuple[pathlib.Path, pathlib.Path]:
  """The two workdirs that are compared.

  Args:
    spec: `results_dir` holds them, a comma between.

  Returns:
    The first and the second.

  Raises:
    UserError: another number of workdirs, or one that is not there.
  """
  given = specs.listed(spec.results_dir or '')
  if len(given) != 2:
    raise UserError('two runs are compared: pass '
                    '--config.results_dir=WORKDIR_A,WORKDIR_B')
  for place in given:
    if not pathlib.Path(place).is_dir():
      raise UserError(
          f'config.results_dir names {place}: there is no such folder')
  return pathlib.Path(given[0]), pathlib.Path(given[1])


def run(spec: StudySpec, out: pathlib.Path) -> Comparison:
  """Compares the two runs of `results_dir` and writes both tables.

  Args:
    spec: as `places` takes it.
    out: folder of the tables.

  Returns:
    The comparison.

  Raises:
    UserError: not two workdirs, or runs without a data set in common.
  """
  made = dataclasses.replace(compare(*places(spec), spec), folder=out)
  for name in ('changes', 'differences'):
    shards.write_table(getattr(made, name), out / f'{name}.parquet')
  return made


def compare(first: pathlib.Path, second: pathlib.Path,
            spec: StudySpec) -> Comparison:
  """What changed from one run to another.

  Args:
    first: a workdir with results.
    second: another.
    spec: `analysis` and `seed` are read.

  Returns:
    The comparison.

  Raises:
    UserError: no results, or no data set or items in common.
  """
  frames = [schema.read_results(place) for place in (first, second)]
  matched = list(_matched(*frames))
  if not matched:
    raise UserError(f'{first} and {second} have no model on a common data '
                    'set; compare runs of the same items')
  changes = [*_of_manifests(manifest.read(first), manifest.read(second))]
  rows: list[dict[str, Any]] = []
  for dataset, models in matched:
    pair = [frame[dataset, model].set_index(columns.ITEM_ID, drop=False)
            for frame, model in zip(frames, models)]
    same, changed = _items(dataset, *pair)
    changes += [row for row in changed if row not in changes]
    if same:
      rows += _rows(dataset, models, [x.loc[same] for x in pair], spec)
  if not rows:
    raise UserError(f'{first} and {second} asked no item alike that a claim '
                    'is about; compare runs of the same items')
  rows += _over_families(first, second)
  differences = pd.DataFrame(rows)
  differences[derived.P_CORRECTED] = multiplicity.holm(
      differences[derived.P].to_numpy(float))
  differences[derived.VERDICT] = [
      verdict(p, d, high, spec.analysis.alpha) for p, d, high in zip(
          differences[derived.P_CORRECTED], differences[derived.DIFFERENCE],
          differences[derived.HIGH])]
  described = compare_columns.TABLES
  return Comparison(
      pd.DataFrame(changes, columns=[
          c.name for c in described['changes'].columns]),
      differences[[c.name for c in described['differences'].columns]],
      (first, second), spec.analysis.confidence_level)


def _matched(first: Mapping[tuple[str, str], Any],
             second: Mapping[tuple[str, str], Any],
             ) -> Iterator[tuple[str, tuple[str, str]]]:
  """Models of one name; where each run has one model, these two."""
  for dataset in dict.fromkeys(d for d, _ in first):
    mine, theirs = ([m for d, m in side if d == dataset]
                    for side in (first, second))
    common = [m for m in mine if m in theirs]
    if not common and len(mine) == len(theirs) == 1:
      yield dataset, (mine[0], theirs[0])
    for model in common:
      yield dataset, (model, model)


def _of_manifests(first: Mapping[str, Any], second: Mapping[str, Any],
                  ) -> Iterator[tuple[str, str, str, str]]:
  def parts(held: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    config = specs.flatten(held.get('config', {}))
    found = {('config', k): str(v) for k, v in config.items()
             if k not in _PLACES}
    for name, model in held.get('models', {}).items():
      for part, value in (model.get('identity') or {
          'fingerprint': model.get('fingerprint')}).items():
        found['model', f'{name}: {part.replace("_", " ")}'] = str(value)[:12]
    return found | {('package', k): str(v)
                    for k, v in held.get('packages', {}).items()}

  before, after = parts(first), parts(second)
  for key in dict.fromkeys([*before, *after]):
    if before.get(key) != after.get(key):
      yield (*key, before.get(key, ''), after.get(key, ''))


def _items(dataset: str, first: pd.DataFrame, second: pd.DataFrame,
           ) -> tuple[list[str], list[tuple[str, str, str, str]]]:
  """Items asked alike in both, and what is said of the others."""
  common = [i for i in first.index if i in second.index]
  # Tables of others may not say what was asked: then ids must do.
  said = [c for c in (columns.ITEM_DIGEST, columns.QUESTION)
          if c in first and c in second][:1]
  alike = pd.Series(True, index=common)
  for column in said:
    alike &= first.loc[common, column] == second.loc[common, column]
  same = [i for i in common if alike[i]]
  counts = {
      'items': (len(first), len(second)),
      'items that the other run lacks': (
          len(first) - len(common), len(second) - len(common)),
      'items edited since': (0, len(common) - len(same))}
  return same, [('data', f'{dataset}: {name}', str(a), str(b))
                for name, (a, b) in counts.items() if a != b]


def _rows(dataset: str, models: tuple[str, str], pair: list[pd.DataFrame],
          spec: StudySpec) -> Iterator[dict[str, Any]]:
  name = models[0] if models[0] == models[1] else ' → '.join(models)
  frames = {(dataset, side): x.reset_index(drop=True)
            for side, x in zip(_SIDES, pair)}
  for made in stack.stack_results(people.estimated(frames, spec)):
    study = from_spec.study(made, spec)
    if study.models != _SIDES:  # one of them was asked in another way
      continue
    for claim, (_, difference) in _CLAIMS.items():
      found = difference(study)
      if found is not None:
        before, after, finding = found
        yield {derived.CLAIM: claim, derived.DATA: dataset, columns.MODEL: name,
               compare_columns.BEFORE: before, compare_columns.AFTER: after,
               derived.DIFFERENCE: finding.estimate, derived.LOW: finding.low,
               derived.HIGH: finding.high, derived.P: finding.p,
               derived.N_ITEMS: finding.n_items}


_Found = tuple[float, float, Finding]


def _aligned(study: ClaimStudy) -> _Found | None:
  """Student's t of ρ − ρ, its error that over draws of clusters."""
  known_N = ~np.isnan(study.uncertainty_MN.sum(0) + study.human_N)
  if not known_N.any():
    return None
  aligned = study.aligned_M
  before, after = map(float, aligned.rho_X)
  draws_R = aligned.draws_XR[1] - aligned.draws_XR[0]
  return before, after, _by_t(
      study, known_N, after - before, study.bootstrap_bias(known_N) * float(
          np.nanstd(draws_R, ddof=1)))


def _calibrated(study: ClaimStudy) -> _Found | None:
  """θ − θ, the squared errors: as the claim `calibration_difference`."""
  known_N = _graded_N(study)
  if not known_N.any():
    return None
  before, after = (
      item_claims.error_of(study, m, known_N).estimate for m in (0, 1))
  unknown = Finding('', study.primary, int(known_N.sum()), n_models=2)
  return before, after, item_claims.difference(
      study, (0, 1), known_N, unknown)


def _accuracy(study: ClaimStudy) -> _Found | None:
  known_N = ~np.isnan(study.correct_MN.sum(0))
  return _by_influence(study, known_N, lambda m: (
      float(study.correct_MN[m][known_N].mean()), np.where(
          known_N, study.correct_MN[m] - study.correct_MN[m][known_N].mean(),
          0)))


def _sure_and_right(study: ClaimStudy) -> _Found | None:
  known_N = ~np.isnan(study.correct_MN.sum(0) + study.uncertainty_MN.sum(0))

  def of(m: int) -> tuple[float, np.ndarray]:
    right_N = known_N & (study.correct_MN[m] > 0.5)
    wrong_N = known_N & ~right_N
    if not (right_N.any() and wrong_N.any()):
      return math.nan, np.full(len(known_N), math.nan)
    return item_claims.auroc(study.uncertainty_MN[m], right_N, wrong_N)

  return _by_influence(study, known_N, of)


def _surest_fifth(study: ClaimStudy) -> _Found | None:
  known_N = ~np.isnan(study.correct_MN.sum(0) + study.uncertainty_MN.sum(0))

  def of(m: int) -> tuple[float, np.ndarray]:
    value, influence_N = item_claims.fifths(study, m, known_N)
    return value, influence_N * known_N.sum()

  return _by_influence(study, known_N, of)


# In words, and how it is found. `accuracy` is no claim of one run: there is no
# null to hold it against.
_CLAIMS: dict[str, tuple[str, Callable[[ClaimStudy], _Found | None]]] = {
    derived.ALIGNED: ('alignment with people, ρ', _aligned),
    derived.CALIBRATED: ('calibration error, squared', _calibrated),
    'sure_and_right': ('sure where right, AUROC', _sure_and_right),
    'surest_fifth': ('accuracy, surest less least sure fifth', _surest_fifth),
    columns.CORRECT: ('accuracy', _accuracy)}


def _graded_N(study: ClaimStudy) -> np.ndarray:
  return ~np.isnan(study.confidence_MN.sum(0) + study.correct_MN.sum(0))


def _by_influence(
    study: ClaimStudy, known_N: np.ndarray,
    of: Callable[[int], tuple[float, np.ndarray]]) -> _Found | None:
  """Student's t, its error that of the influences' difference."""
  if not known_N.any():
    return None
  (before, first_N), (after, second_N) = of(0), of(1)
  se = item_claims.standard_error(study, second_N - first_N, known_N)
  return before, after, _by_t(study, known_N, after - before, se)


def _by_t(study: ClaimStudy, known_N: np.ndarray, value: float,
          se: float) -> Finding:
  freedom = study.n_clusters(known_N) - 1
  finding = Finding('', study.primary, int(known_N.sum()), n_models=2)
  if not enough(freedom + 1) or math.isnan(value):
    return dataclasses.replace(finding, estimate=value)
  return item_claims.by_t(finding, value, se, freedom, study.level)


def _over_families(first: pathlib.Path, second: pathlib.Path,
                   ) -> Iterator[dict[str, Any]]:
  """Claims over families stand in the tables of each run, without a pairing."""
  paths = [place / 'analysis' / 'claims.parquet' for place in (first, second)]
  if not all(path.is_file() for path in paths):
    return
  keys = [derived.CLAIM, derived.DATA, columns.MODEL]
  before, after = (pd.read_parquet(path).set_index(keys) for path in paths)
  for key in before.index.intersection(after.index):
    row, other = before.loc[key], after.loc[key]
    if row[derived.CORRECTION_FAMILY] == derived.INSTRUCT:
      one, two = float(row[derived.ESTIMATE]), float(other[derived.ESTIMATE])
      yield dict(zip(keys, key)) | {
          compare_columns.BEFORE: one, compare_columns.AFTER: two,
          derived.DIFFERENCE: two - one, derived.LOW: math.nan,
          derived.HIGH: math.nan, derived.P: math.nan,
          derived.N_ITEMS: int(other[derived.N_ITEMS])}


def verdict(p_corrected: float, difference: float, high: float,
            alpha: float) -> str:
  """What a difference says.

  Args:
    p_corrected: of a difference of 0; NaN where there is too little data.
    difference: the second run's estimate less the first's.
    high: upper end of its interval; 0 or NaN for runs that are equal. One
      that happens to be 0 has an interval around it, and tells nothing.
    alpha: level of the test.

  Returns:
    higher, lower, no difference, cannot tell or too little data.
  """
  if difference == 0 and not high > 0:
    return 'no difference'
  if math.isnan(p_corrected):
    return 'too little data'
  if p_corrected >= alpha:
    return 'cannot tell'
  return 'higher' if difference > 0 else 'lower'
