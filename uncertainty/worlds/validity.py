"""How often claims are false, intervals cover and effects are seen."""

import dataclasses
import zlib
from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from uncertainty.analysis import claims
from uncertainty.analysis.claims import table as claims_table
from uncertainty.probes import doubt_table, forward, truth_forward
from uncertainty.results import columns, derived
from uncertainty.specs import StudySpec
from uncertainty.worlds import generator, scenarios
from uncertainty.worlds import statements as statements_lib

# What a claim on the page must keep.
_MOST_FALSE = 0.05
_COVERAGE = (0.93, 0.97)
_BY_CLAIM = {c.id: c for c in claims.CLAIMS}


@dataclasses.dataclass(frozen=True)
class Score:
  """One claim in one simulated study.

  Attributes:
    claim: its id.
    world: its name in `scenarios.WORLDS`.
    null: whether it has no effect there.
    any_false: 1 if any verdict of its table is false.
    covered: share of intervals that hold the truth; NaN where none is made.
    seen: share of right verdicts.
    rejected: share of p < .05 before correction.
  """

  claim: str
  world: str
  null: bool
  any_false: float
  covered: float
  seen: float
  rejected: float


def claims_of(name: str, ids: Collection[str]) -> list[str]:
  """The claims that a world is a null or an effect of.

  Args:
    name: in `scenarios.WORLDS`.
    ids: of claims, to choose from.

  Returns:
    Their ids, in the same order.
  """
  return [i for i in ids if name in (
      scenarios.SCENARIOS[i].nulls + scenarios.SCENARIOS[i].effects)]


def score_world(
    name: str, ids: Sequence[str], spec: StudySpec, number: int
) -> list[Score]:
  """Runs the real claims on one simulated study.

  Args:
    name: in `scenarios.WORLDS`.
    ids: of claims that the world has a truth for (`claims_of`).
    spec: of the analysis; its seed and the number make the study's.
    number: which study of that world.

  Returns:
    One score per claim.

  Raises:
    ValueError: a subject of a claim has no true value.
  """
  # Other worlds, and more of them, leave a study as it is.
  seed = spec.seed, zlib.crc32(name.encode()), number
  study = generator.simulate(
      scenarios.WORLDS[name], seed=seed, all_measures=False)
  table = claims_table.claims(
      study.frames, spec, only={_BY_CLAIM[i].family for i in ids},
      forward=_probed(study, spec) if 'probe_beyond_output' in ids else None,
      doubt=_doubted(study, scenarios.WORLDS[name], spec),
      truth=_truth_read(study, scenarios.WORLDS[name], spec),
      steered=study.steered)
  return [_score(claim, name, study, table[table[derived.CLAIM] == claim], spec)
          for claim in ids]


def _probed(study: generator.Study, spec: StudySpec) -> pd.DataFrame | None:
  """What the probe stage would write of a study's activations."""
  if not study.activations:
    return None
  return pd.concat([
      forward.table(acts, study.frames['world', model], spec.seed).assign(**{
          columns.MODEL: model, columns.DATASET: 'world'})
      for model, acts in study.activations.items()])


def _doubted(
    study: generator.Study, world: generator.World, spec: StudySpec
) -> pd.DataFrame | None:
  """The same of probes of doubt, fitted here and elsewhere."""
  if not (world.planted and world.planted.doubt is not None):
    return None
  other, parts = scenarios.elsewhere(world), []
  for model, acts in study.activations.items():
    own, there = (
        doubt_table.DataSet(name, x, frames['world', model])
        for name, x, frames in (
            ('world', acts, study.frames),
            (scenarios.ELSEWHERE, other.activations[model], other.frames)))
    options = 'before_generating', spec.seed, scenarios.DOUBTS
    parts += [rows.assign(**{
        columns.MODEL: model, columns.DATASET: 'world',
        derived.SITE: scenarios.DOUBT_SITE}) for rows in (
            doubt_table.forward_table(own, *options),
            doubt_table.transferred(there, own, *options))]
  return pd.concat(parts)


def _truth_read(
    study: generator.Study, world: generator.World, spec: StudySpec
) -> pd.DataFrame | None:
  """The same of truth probes."""
  if not world.statements:
    return None
  return pd.concat([
      truth_forward.table(
          acts, study.frames['world', model], seed=spec.seed,
          names=statements_lib.PROBES).assign(**{
              columns.MODEL: model, columns.DATASET: 'world'})
      for model, acts in study.activations.items()])


def _score(
    claim: str, name: str, study: generator.Study, table: pd.DataFrame,
    spec: StudySpec) -> Score:
  """Compares one claim's rows with the truth."""
  null = name in scenarios.SCENARIOS[claim].nulls
  at = claims_table.null_value(_BY_CLAIM[claim], spec.analysis.calibrated_below)
  known = scenarios.true_values(
      claim, scenarios.WORLDS[name], study, spec.seed)
  true = table[columns.MODEL].map(known).to_numpy(float)
  if np.isnan(true).any() or not len(true):
    raise ValueError(f'{name}: a subject of {claim} has no true value')
  right = np.where(
      np.sign(true - at) * _BY_CLAIM[claim].direction > 0, 'supported',
      'contradicted')
  said = table[derived.VERDICT].isin(('supported', 'contradicted')).to_numpy()
  agrees = table[derived.VERDICT].to_numpy() == right
  if null:
    agrees = np.zeros(len(true), bool)
    true = np.full(len(true), at)
  slack = 1e-12  # at a boundary of 0 the interval's end is 0 itself
  low = table[derived.LOW].to_numpy(float)
  high = table[derived.HIGH].to_numpy(float)
  covered = (low <= true + slack) & (true <= high + slack)
  return Score(
      claim, name, null, float((said & ~agrees).any()),
      float(covered[~np.isnan(low)].mean()) if np.isfinite(low).any() else
      float('nan'), float((said & agrees).mean()),
      float((table[derived.P].to_numpy(float) < spec.analysis.alpha).mean()))


def summary(scores: Sequence[Score]) -> pd.DataFrame:
  """Means over worlds with their Monte Carlo standard errors.

  Args:
    scores: of all simulated studies.

  Returns:
    claim, world, null, worlds, and false, coverage, power and rejected, each
    with `_se`; power is NaN in nulls. holds: false claims and coverage are as
    promised, within two Monte Carlo errors.
  """
  table = pd.DataFrame([dataclasses.asdict(s) for s in scores])
  rows = []
  for (claim, world, null), group in table.groupby(
      ['claim', 'world', 'null'], sort=False):
    n, row = len(group), []
    for column in ('any_false', 'covered', 'seen', 'rejected'):
      values = group[column].dropna().to_numpy(float)
      spread = (values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1
                else np.nan)
      row += [values.mean() if len(values) else np.nan, spread]
    if null:
      row[4:6] = [np.nan, np.nan]
    rows.append((claim, world, null, n, *row))
  found = pd.DataFrame(rows, columns=[
      'claim', 'world', 'null', 'worlds', 'false', 'false_se', 'coverage',
      'coverage_se', 'power', 'power_se', 'rejected', 'rejected_se'])
  found['holds'] = _holds(found)
  order = {name: i for i, name in enumerate(_BY_CLAIM)}
  return found.sort_values(
      'claim', key=lambda c: c.map(order), kind='stable', ignore_index=True)


def _holds(table: pd.DataFrame) -> pd.Series:
  # Where all n studies agree, they leave room for 3 / n.
  false, coverage = (
      (2 * table[f'{name}_se'].fillna(1)).where(
          table[f'{name}_se'] != 0, 3 / table['worlds'])
      for name in ('false', 'coverage'))
  return ((table['false'] <= _MOST_FALSE + false)
          & (table['coverage'] >= _COVERAGE[0] - coverage)
          & (table['coverage'] <= _COVERAGE[1] + coverage))


def markdown(table: pd.DataFrame) -> str:
  """Scores as a Markdown table.

  Args:
    table: of `summary`.

  Returns:
    Means ± Monte Carlo standard errors.
  """
  names = ('claim', 'world', 'studies', 'false claims', 'coverage', 'power',
           'p < .05', 'holds')
  lines = [f'| {" | ".join(names)} |', '|---' * len(names) + '|']
  for row in table.to_dict('records'):
    cells = [_shown(row[name], row[f'{name}_se'])
             for name in ('false', 'coverage', 'power', 'rejected')]
    kind = 'null' if row['null'] else 'effect'
    lines.append(' | '.join(
        (f'| `{row["claim"]}`', f'{kind}: {row["world"]}',
         str(row['worlds']), *cells, 'yes' if row['holds'] else '**no**'))
        + ' |')
  return '\n'.join(lines) + '\n'


def _shown(value: float, error: float) -> str:
  return '' if np.isnan(value) else f'{value:.3f} ± {error:.3f}'
