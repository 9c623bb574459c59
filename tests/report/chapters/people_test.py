"""What limits alignment: sentences and their numbers."""

import pandas as pd

from uncertainty.report.chapters import people


def _page(made, spec, **tables):
  return '\n'.join(map(str, people.chapter(made(**tables), spec).blocks))


def test_combination_counts_losses_like_gains(made, spec):
  rows = pd.DataFrame({
      'dataset': 'coane', 'model': ['A', 'B'], 'prefix': 'mc',
      'rho_single': .3, 'rho_combined': [.4, .0], 'gain': [.1, -.3],
      'p_value': [.001, .002]})
  assert ('the difference of 2 is -0.10 in the median, -0.20 to 0.00 in the '
          'middle half' in _page(made, spec, combination=rows))


def test_hicks_law_is_shown_whether_or_not_a_rival_fits_better(made, spec):
  rows = pd.DataFrame({
      'dataset': 'coane', 'model': 'people', 'time': 'human_mc_rt_combined',
      'scale': 'ms', 'form': ['a + b·H(people)', 'a + b·error rate'],
      'a': 1.0, 'b': 2.0, 'b_p': 0.0, 'r2': .2, 'cv_r2': [.21, .30],
      'delta_aic': [7.5, 0.0], 'n': 99})
  page = _page(made, spec, response_time=rows)
  assert 'a + b·H(people), held-out R² = 0.21, n = 99, ΔAIC 7.5' in page
  assert 'R² = 0.30' not in page


def test_ceiling_corrects_primary_measures_not_the_best(made, spec):
  ceiling = pd.DataFrame({
      'dataset': ['coane'], 'signal': 'human_entropy',
      'estimator': 'dirichlet', 'reliability': .81, 'low': .7, 'high': .9,
      'ceiling': .9, 'ceiling_low': .84, 'ceiling_high': .95, 'people': 90.0})
  corrected = pd.DataFrame({
      'dataset': 'coane', 'model': 'A',
      'measure': ['mc_choice_entropy', 'mc_total_entropy'],
      'rho': [.3, .5], 'corrected_rho': [.333, .555]})
  page = _page(made, spec, ceiling=ceiling, ceiling_corrected=corrected)
  assert 'is 0.81 [0.70, 0.90]' in page and 'beyond 0.90 [0.84, 0.95]' in page
  assert 'Dirichlet posterior mean' in page and 'bounds' not in page
  assert '0.333' in page and '0.555' not in page


def test_ceiling_without_counts_is_said_to_be_bounds(made, spec):
  ceiling = pd.DataFrame({
      'dataset': ['coane'], 'signal': 'human_entropy', 'estimator': 'plain',
      'reliability': float('nan'), 'low': .7, 'high': 1.0,
      'ceiling': float('nan'), 'ceiling_low': .84, 'ceiling_high': 1.0,
      'people': 49.0})
  page = _page(made, spec, ceiling=ceiling)
  assert 'only bounds' in page and 'plain entropy of the shares' in page
  assert 'between 0.84 and 1' in page and 'nan' not in page.lower()


def test_nothing_to_say_is_no_chapter(made, spec):
  assert people.chapter(made(), spec) is None
