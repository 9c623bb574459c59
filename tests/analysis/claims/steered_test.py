"""The effect of steering, by hand and against its controls."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from uncertainty.analysis.claims import steered
from uncertainty.analysis.claims import table as claims_table
from uncertainty.analysis.scores.stack import stack_results
from uncertainty.results import columns, derived, page
from uncertainty.results import steering_columns as cols
from uncertainty.specs import AnalysisSpec, StudySpec
from uncertainty.worlds import generator, steering

SPEC = StudySpec(analysis=AnalysisSpec(n_bootstrap=50))
WORLD = generator.World(
    n_items=200, families=(1,), steered=steering.Steered(
        effect=.2, spread=.01, n_controls=6))


@pytest.fixture(scope='module')
def study():
  return generator.simulate(WORLD, seed=0, all_measures=False)


def _model(study):
  return next(iter(study.steered))[1]


def _tables(study, rows=None):
  return steered.tables(
      stack_results(study.frames), rows or study.steered, SPEC)


def _slopes(rows):
  means = rows.groupby([cols.ALONG, cols.DOSE])[columns.CHOICE_ENTROPY].mean()
  return (means.xs(1.0, level=1) - means.xs(-1.0, level=1)) / 2


def test_the_effect_is_the_slope_less_that_of_shuffled_labels(study):
  model = _model(study)
  rows = study.steered['world', model]
  table = _tables(study)['steering_effects']
  mine = table[(table['model'] == model)
               & (table['outcome'] == steered.PRIMARY)].iloc[0]
  slope = _slopes(rows)
  controls = slope[slope.index.str.startswith('shuffled')]
  assert mine[derived.SLOPE] == pytest.approx(slope[steering.ALONG])
  assert mine[cols.CONTROL] == pytest.approx(controls.mean())
  assert mine[cols.CONTROL_HIGH] == pytest.approx(controls.max())
  assert mine[cols.N_CONTROLS] == 6
  assert mine[derived.ESTIMATE] == pytest.approx(
      slope[steering.ALONG] - controls.mean())
  assert mine[derived.LOW] < .2 < mine[derived.HIGH]
  assert mine[derived.VERDICT] == 'higher'


def test_the_interval_is_students_over_items_and_directions():
  effect = steered.Effect('m', 'a', steered.PRIMARY, .5,
                          np.array([.1, -.1, .2, -.2]), .0004, 50, 50)
  found = steered.interval(effect, .95)
  spread = np.var([.1, -.1, .2, -.2], ddof=1) * 1.25
  total = spread + .0004
  freedom = total**2 / (spread**2 / 3 + .0004**2 / 49)
  reach = scipy.stats.t.ppf(.975, freedom) * np.sqrt(total)
  np.testing.assert_allclose(
      [found.value, found.low, found.high], [.5, .5 - reach, .5 + reach])
  assert found.p == pytest.approx(
      2 * scipy.stats.t.sf(.5 / np.sqrt(total), freedom))


def test_one_control_is_too_little(study):
  few = {key: rows[rows[cols.ALONG].isin([steering.ALONG, 'shuffled-1'])]
         for key, rows in study.steered.items()}
  table = _tables(study, few)['steering_effects']
  assert set(table[derived.VERDICT]) == {'too little data'}
  assert table[derived.SLOPE].notna().all()


def test_a_dose_one_way_has_a_response_and_no_effect(study):
  up = {key: rows[rows[cols.DOSE] > 0] for key, rows in study.steered.items()}
  tables = _tables(study, up)
  assert tables['steering_effects'].empty
  assert set(tables['steering'][cols.DOSE]) == {1.0}


def test_responses_are_steered_less_unsteered(study):
  model = _model(study)
  rows = study.steered['world', model]
  rows = pd.concat([rows, rows[rows[cols.DOSE] == 1].assign(**{
      cols.HOW: cols.REMOVED, cols.DOSE: np.nan})])
  table = _tables(study, {('world', model): rows})['steering']
  removed = table[table[cols.HOW] == cols.REMOVED]
  assert set(removed[cols.ALONG]) == set(rows[cols.ALONG])
  assert removed[cols.DOSE].isna().all()
  some = table[(table[columns.OUTCOME] == steered.PRIMARY)
               & (table[cols.DOSE] == 1)].set_index(cols.ALONG)
  plain = study.frames['world', model][columns.CHOICE_ENTROPY].mean()
  own = rows[(rows[cols.DOSE] == 1)].groupby(cols.ALONG)[
      columns.CHOICE_ENTROPY].mean()
  assert some.loc[steering.ALONG, 'unsteered'] == pytest.approx(plain)
  assert some.loc[steering.ALONG, 'difference'] == pytest.approx(
      own[steering.ALONG] - plain)


def test_it_becomes_a_claim_whose_sentence_says_which_way(study):
  claims = claims_table.claims(
      study.frames, SPEC, only={'steered'}, steered=study.steered)
  assert len(claims) == len(study.steered)
  assert set(claims[derived.VERDICT]) == {'supported'}
  sentence = claims[derived.SENTENCE].iloc[0]
  assert sentence.startswith(steered.subject(_model(study), steering.ALONG))
  assert 'choice entropy rises more' in sentence
  against = dataclasses.replace(
      WORLD, steered=dataclasses.replace(WORLD.steered, effect=-.2))
  other = generator.simulate(against, seed=1, all_measures=False)
  found = claims_table.claims(
      other.frames, SPEC, only={'steered'}, steered=other.steered)
  assert set(found[derived.VERDICT]) == {'contradicted'}


def test_without_steering_there_is_no_claim(study):
  claims = claims_table.claims(study.frames, SPEC, only={'steered'})
  assert claims.empty
  tables = steered.tables(stack_results(study.frames), {}, SPEC)
  assert all(table.empty for table in tables.values())


def test_the_tables_have_the_described_columns(study):
  for name, table in _tables(study).items():
    described = page.TABLES[name]
    assert not described.missing(table), name
    assert all(described.find(column) for column in table), name
