"""The headline claims over families: their estimates, level and coverage."""

import numpy as np
import pytest

from uncertainty.analysis.questions import hierarchical
from uncertainty.analysis.scores.scores import PRIMARY, ModelItems, Score
from uncertainty.analysis.statistics import ranking, resampling, spearman_draws
from uncertainty.results import columns

_N_ITEMS = 80
_N_RATERS = 15
_STUDIES = 120
_PAIRS = (2, 1, 2, 1, 3, 2)  # of each family


def _study(seed, families=_PAIRS):
  """Scores of a study in which nobody follows people and tuning does nothing.

  Items are hard for all models alike, families follow people each in its own
  way, and people's entropy is that of a few raters with two choices.
  """
  rng = np.random.default_rng(seed)
  share = rng.random(_N_ITEMS)
  people = rng.binomial(_N_RATERS, share) / _N_RATERS
  people = -np.abs(people - .5)
  z = -np.abs(share - .5)
  z = (z - z.mean()) / z.std()
  hard, hard_tuned = rng.normal(size=(2, _N_ITEMS))
  names, family, u = [], [], []
  for f, pairs in enumerate(families):
    slope, change = rng.normal(0, .3, 2)
    for pair in range(pairs):
      for tuned in (False, True):
        letter = 'ABCDEF'[f]
        names.append(f'Fam{letter}_{pair + 1}B' + ('_Ins' if tuned else ''))
        family.append(f'Fam{letter}')
        u.append((slope + tuned * change) * z + .8 * hard
                 + .7 * tuned * hard_tuned + rng.normal(size=_N_ITEMS))
  u_MN, people_1N = np.stack(u), people[None]
  counts_NR = resampling.bootstrap_counts(_N_ITEMS, 100, seed=seed)
  rho = ranking.spearman(u_MN, people_1N)
  draws = spearman_draws.bootstrap_spearman(u_MN, people_1N, counts_NR)
  found = [Score('d', name, hierarchical.FOLLOWS, PRIMARY,
                 rho.rho_MS[m, 0], rho.p_value_MS[m, 0], _N_ITEMS, draws[m, 0])
           for m, name in enumerate(names)]
  return found, [_model(*pair) for pair in zip(names, family, strict=True)]


def _model(name, family):
  nothing = np.zeros((0, 0))
  return ModelItems('d', name, '', family, 1., None, (), nothing, nothing,
                    nothing)


@pytest.fixture(scope='module')
def nulls():
  tables = [hierarchical.family_effects(*_study(seed), .95, 500)
            for seed in range(_STUDIES)]
  return {claim: [t[t['effect'] == claim].iloc[0] for t in tables]
          for claim in tables[0]['effect']}


def test_claims_hold_their_level_and_cover_where_plain_tests_do_not(nulls):
  assert len(nulls) == 3
  slack = 3 * np.sqrt(.05 * .95 / _STUDIES)
  for claim, rows in nulls.items():
    false = np.mean([row[columns.P_VALUE] < .05 for row in rows])
    covers = np.mean([
        row[columns.CI_LOW] <= 0 <= row[columns.CI_HIGH] for row in rows])
    plain = np.mean([row['plain_p'] < .05 for row in rows])
    assert false <= .05 + slack and covers >= .95 - slack, claim
    assert plain > .05 + slack, claim


def test_estimates_are_means_over_families_of_pairs_and_models(
    study_tables, families):
  table = study_tables['hierarchical'].set_index('effect')
  scores = study_tables['scores']
  value = scores[(scores['outcome'] == hierarchical.FOLLOWS)
                 & (scores['measure'] == PRIMARY)].set_index('model')['value']
  row = table.loc[f'tuning changes {hierarchical.FOLLOWS}']
  assert row['n'] == 4 and row['n_families'] == 2 and row['least_p'] == .5
  d = [value[m + '_Ins'] - value[m] for m in families]
  np.testing.assert_allclose([row['estimate'], row['plain']], np.mean(d))
  row = table.loc['base models follow people']
  np.testing.assert_allclose(row['estimate'], value[list(families)].mean())
  assert row[columns.CI_LOW] < row['estimate'] < row[columns.CI_HIGH]
  assert {'tuning changes accuracy', 'tuned models follow people'} <= set(
      table.index)


def test_one_family_makes_no_claim():
  assert hierarchical.family_effects(
      *_study(0, families=(4,)), .95, 500).empty
