"""How often claims are false, intervals cover and effects are seen."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import pandas as pd

from uncertainty.analysis import claims
from uncertainty.specs import StudySpec
from uncertainty.worlds import generator, scenarios

# What claims read: the other measures would only take time.
_READ = (
    'item_id', 'cluster', 'human_shares', 'human_count', 'human_entropy',
    'correct', 'choice_logprobs', 'mc_choice_entropy', 'mc_choice_logprob')
_BY_CLAIM = {c.id: c for c in claims.CLAIMS}


@dataclasses.dataclass(frozen=True)
class Score:
  """One claim in one simulated study.

  Attributes:
    claim: its id.
    world: its name in `scenarios.WORLDS`.
    null: whether it has no effect there.
    any_false: 1 if any verdict of its table is false.
    covered: share of intervals that hold the truth.
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


def claims_of(name: str, ids: Sequence[str]) -> list[str]:
  """Those of some claims that a world is a null or an effect of."""
  return [i for i in ids if name in (
      scenarios.SCENARIOS[i].nulls + scenarios.SCENARIOS[i].effects)]


def score_world(
    name: str, ids: Sequence[str], spec: StudySpec, seed: int) -> list[Score]:
  """Runs the real claims on one simulated study.

  Args:
    name: in `scenarios.WORLDS`.
    ids: of claims that the world has a truth for (`claims_of`).
    spec: of the analysis.
    seed: of the study.
  """
  world = scenarios.WORLDS[name]
  study = generator.simulate(world, seed=seed)
  frames = {key: frame[[c for c in _READ if c in frame]]
            for key, frame in study.frames.items()}
  table = claims.claims(
      frames, spec, only={_BY_CLAIM[i].family for i in ids})
  return [_score(claim, name, study, table[table['claim'] == claim], spec)
          for claim in ids]


def _score(
    claim: str, name: str, study: generator.Study, table: pd.DataFrame,
    spec: StudySpec) -> Score:
  """Compares one claim's rows with the truth."""
  null = name in scenarios.SCENARIOS[claim].nulls
  at = claims.null_value(_BY_CLAIM[claim], spec.analysis.calibrated_below)
  known = scenarios.true_values(claim, scenarios.WORLDS[name], study)
  true = table['model'].map(known).to_numpy(float)
  if np.isnan(true).any() or not len(true):
    raise ValueError(f'{name}: a subject of {claim} has no true value')
  right = np.where(
      np.sign(true - at) * _BY_CLAIM[claim].direction > 0, 'supported',
      'contradicted')
  said = table['verdict'].isin(('supported', 'contradicted')).to_numpy()
  agrees = table['verdict'].to_numpy() == right
  if null:
    agrees = np.zeros(len(true), bool)
    true = np.full(len(true), at)
  slack = 1e-12  # at a boundary of 0 the interval's end is 0 itself
  low, high = table['low'].to_numpy(float), table['high'].to_numpy(float)
  covered = (low <= true + slack) & (true <= high + slack)
  return Score(
      claim, name, null, float((said & ~agrees).any()),
      float(covered.mean()), float((said & agrees).mean()),
      float((table['p'].to_numpy(float) < spec.analysis.alpha).mean()))


def summary(scores: Sequence[Score]) -> pd.DataFrame:
  """Means over worlds with their Monte Carlo standard errors.

  Returns:
    claim, world, null, worlds, and false, coverage, power and rejected, each
    with `_se`. power is NaN in nulls.
  """
  table = pd.DataFrame([dataclasses.asdict(s) for s in scores])
  rows = []
  for (claim, world, null), group in table.groupby(
      ['claim', 'world', 'null'], sort=False):
    n, row = len(group), []
    for column in ('any_false', 'covered', 'seen', 'rejected'):
      values = group[column].to_numpy(float)
      spread = values.std(ddof=1) / np.sqrt(n) if n > 1 else np.nan
      row += [values.mean(), spread]
    if null:
      row[4:6] = [np.nan, np.nan]
    rows.append((claim, world, null, n, *row))
  found = pd.DataFrame(rows, columns=[
      'claim', 'world', 'null', 'worlds', 'false', 'false_se', 'coverage',
      'coverage_se', 'power', 'power_se', 'rejected', 'rejected_se'])
  order = {name: i for i, name in enumerate(_BY_CLAIM)}
  return found.sort_values(
      'claim', key=lambda c: c.map(order), kind='stable', ignore_index=True)


def markdown(table: pd.DataFrame) -> str:
  """`summary` as a Markdown table."""
  names = ('claim', 'world', 'studies', 'false claims', 'coverage', 'power',
           'p < .05')
  lines = [f'| {" | ".join(names)} |', '|---' * len(names) + '|']
  for row in table.to_dict('records'):
    cells = [_shown(row[name], row[f'{name}_se'])
             for name in ('false', 'coverage', 'power', 'rejected')]
    kind = 'null' if row['null'] else 'effect'
    lines.append(' | '.join(
        (f'| `{row["claim"]}`', f'{kind}: {row["world"]}',
         str(row['worlds']), *cells)) + ' |')
  return '\n'.join(lines) + '\n'


def _shown(value: float, error: float) -> str:
  return '' if np.isnan(value) else f'{value:.3f} ± {error:.3f}'
