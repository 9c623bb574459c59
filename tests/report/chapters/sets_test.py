"""Sets on the page: rows of models, no sentences."""

import pandas as pd

from uncertainty.report.chapters import sets


def _rows(models, size, rho=.4, labels='people'):
  return pd.DataFrame({
      'model': models, 'dataset': 'coane', 'labels': labels,
      'nonconformity': 'lac', 'condition': 'marginal', 'nominal': .9,
      'coverage': .91, 'coverage_low': .85, 'coverage_high': .95,
      'set_size': size, 'empty_share': 0., 'accuracy': .6, 'uacc': .5,
      'rho': rho, 'p_value': .01, 'n': 100, 'n_calibration': 50})


def _text(found):
  return '\n'.join(found.blocks)


def test_each_model_has_a_row_of_one_score_and_one_threshold(made, spec):
  rows = pd.concat([
      _rows(list('AB'), [1.5, 2.5]), _rows(['A'], [3.25], labels='answers'),
      _rows(['A'], [9.125]).assign(nonconformity='aps'),
      _rows(['A'], [8.125]).assign(condition='group')])
  found = sets.chapter(made(sets=rows), spec)
  shown = '\n'.join(b for b in found.blocks if '<details' not in b)
  for size in ('1.5', '2.5', '3.25', '0.91', '0.85', '0.95'):
    assert f'>{size}' in shown, size
  assert '9.12' not in shown and '8.12' not in shown
  page = _text(found)
  assert '9.12' in page and '8.12' in page  # under `All sets`
  assert 'in 90 % of cases' in page
  # What a model knows is not what its sets are small for.
  assert 'small where the model is sure' in page
  assert sets.chapter(made(), spec) is None


def test_abstention_is_a_row_a_model_and_rule(made, spec):
  abstention = pd.DataFrame({
      'model': 'A', 'dataset': 'coane', 'labels': ['answers'] * 2 + ['people'],
      'rule': ['risk', 'coverage', 'risk'], 'nominal': [.1, .8, .1],
      'answered': [.33, .81, .99], 'risk': [.09, .2, .5], 'risk_low': .0,
      'risk_high': 1., 'selective_risk': [.27, .25, .5], 'accuracy': .6,
      'n': 100, 'n_calibration': 50})
  found = sets.chapter(
      made(sets=_rows(['A'], [2.]), abstention=abstention), spec)
  shown = '\n'.join(b for b in found.blocks if '<details' not in b)
  assert '0.33' in shown and '0.27' in shown and '0.81' in shown
  assert '0.99' not in shown and '0.99' in _text(found)
