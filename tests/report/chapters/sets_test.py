"""Sets on the page: what their sentences say of one model and of several."""

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


def test_one_model_is_said_without_a_range(made, spec):
  page = _text(sets.chapter(made(sets=_rows(['A'], [1.75])), spec))
  assert "Sets for a person's answer hold 1.8 choices" in page.replace(
      '&#x27;', "'")
  assert 'cover 91.0 % (A); their size has a rank correlation of 0.40' in page
  assert 'in 90 % of cases' in page
  # What a model knows is not what its sets are small for.
  assert 'small where the model is sure' in page
  assert sets.chapter(made(), spec) is None


def test_several_models_have_their_middle_half(made, spec):
  rows = pd.concat([
      _rows(list('ABCDE'), [1.5, 9., 2.5, 1.25, 2.75], labels='answers'),
      _rows(['A'], [9.]).assign(nonconformity='aps'),
      _rows(['A'], [9.]).assign(condition='group')])
  rows.loc[rows['labels'] == 'answers', 'rho'] = float('nan')
  page = _text(sets.chapter(made(sets=rows), spec))
  assert ('Sets for the right answer hold 3.4 (1.5 to 2.8) choices and cover '
          '91.0 (91.0 to 91.0) % (5 models, mean and middle half).') in page
  assert 'hold 9.0' not in page


def test_a_few_models_are_said_one_by_one(made, spec):
  rows = _rows(['A', 'B'], [1.5, 2.5], rho=[.4, float('nan')])
  assert ('hold 1.5 and 2.5 choices and cover 91.0 and 91.0 % (A and B); their '
          'size has a rank correlation of 0.40 and unknown with') in _text(
              sets.chapter(made(sets=rows), spec))


def test_abstention_says_how_often_it_answers(made, spec):
  abstention = pd.DataFrame({
      'model': 'A', 'dataset': 'coane', 'labels': ['answers'] * 2 + ['people'],
      'rule': ['risk', 'coverage', 'risk'], 'nominal': [.1, .8, .1],
      'answered': [.33, .81, .99], 'risk': [.09, .2, .5], 'risk_low': .0,
      'risk_high': 1., 'selective_risk': [.27, .25, .5], 'accuracy': .6,
      'n': 100, 'n_calibration': 50})
  page = _text(sets.chapter(
      made(sets=_rows(['A'], [2.]), abstention=abstention), spec))
  assert ('At most 10 % of all items answered wrongly: 33.0 % of items are '
          'answered; of those, 27.0 % are wrong (A).') in page
  assert 'At 80 % answered: 81.0 % of items' in page
  assert '99.0 % of items' not in page
  nothing = abstention.iloc[:1].assign(answered=0., selective_risk=float('nan'))
  page = _text(sets.chapter(
      made(sets=_rows(['A'], [2.]), abstention=nothing), spec))
  assert '0.0 % of items are answered (A)' in page
