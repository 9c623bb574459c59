"""Claims of truth probes from the rows that the probe stage writes."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from uncertainty.analysis.claims import table

_ONLY = {'truth_readable'}


@pytest.fixture
def frames():
  """Statements, of which no model is asked anything."""
  return {('truth', model): pd.DataFrame({
      'item_id': [f'truth-cities-{i:04d}' for i in range(4)],
      'answer': [0., 1., 0., 1.], 'dataset': 'truth', 'model': model})
      for model in ('A', 'B')}


def _rows(accuracy, model='A', dataset='truth'):
  return pd.DataFrame({
      'model': model, 'dataset': dataset, 'site': 'residual', 'layer': 3,
      'test': [f't{i}' for i in range(len(accuracy))], 'n_topics': np.arange(
          2, 2 + len(accuracy)),
      'probe': 'lda', 'accuracy': accuracy, 'n': 24})


def _claims(frames, spec, *rows):
  found = table.claims(frames, spec, only=_ONLY, truth=pd.concat(rows))
  return {row['model']: row for row in found.to_dict('records')}


def test_the_interval_and_p_are_students_over_topics(frames, spec):
  accuracy = [.7, .8, .75, .6]
  row = _claims(frames, spec, _rows(accuracy))['A']
  test = stats.ttest_1samp(accuracy, .5)
  ends = test.confidence_interval(.95)
  np.testing.assert_allclose(
      [row['estimate'], row['low'], row['high'], row['p']],
      [np.mean(accuracy), ends.low, ends.high, test.pvalue])
  assert row['verdict'] == 'supported' and row['n_items'] == 96
  assert '4 topics' in row['sentence'] and 'accuracy 0.713' in row['sentence']
  se = np.std(accuracy, ddof=1) / 2
  assert row['smallest_effect'] == pytest.approx(
      se * (stats.t.ppf(.975, 3) + stats.t.ppf(.8, 3)))


@pytest.mark.parametrize(('accuracy', 'verdict'), [
    ([.2, .25, .3, .25], 'contradicted'), ([.4, .7, .5, .55], 'cannot tell'),
    ([.9, .95], 'too little data'), ([.9, .95, np.nan], 'too little data'),
    ([.9, .9, .9], 'too little data')])
def test_each_verdict(frames, spec, accuracy, verdict):
  row = _claims(frames, spec, _rows(accuracy))['A']
  assert row['verdict'] == verdict
  assert row['estimate'] == pytest.approx(np.nanmean(accuracy))


def test_models_of_a_data_set_are_corrected_together(frames, spec):
  found = _claims(frames, spec, _rows([.7, .8, .75, .6]),
                  _rows([.5, .6, .55, .52], 'B'),
                  _rows([.5, .6, .55, .52], 'C', 'elsewhere'))
  assert set(found) == {'A', 'B'}  # the other data set has no results here
  assert found['A']['p_corrected'] == pytest.approx(2 * found['A']['p'])


def test_without_probes_there_is_no_claim(frames, spec):
  assert table.claims(frames, spec).empty
