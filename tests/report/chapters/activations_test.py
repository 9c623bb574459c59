"""The chapter on activations: counts of layers, and true captions."""

import pandas as pd
import pytest

from uncertainty.report.chapters import activations


@pytest.fixture
def probes():
  return pd.DataFrame({
      'model': 'A', 'dataset': 'coane', 'site': 'residual',
      'protocol': 'sound', 'layer': [0, 1], 'fold': -1,
      'target': 'human_entropy', 'r2': [-.1, .2], 'pearson': [.1, .5]})


@pytest.fixture
def nulls(probes):
  return probes.assign(
      null_mean=-.05, null_max_95=.05, p_corrected=[.5, .01])


def _page(made, spec, **tables):
  return '\n'.join(map(str, activations.chapter(made(**tables), spec).blocks))


def test_bands_are_explained_and_no_layer_is_named(made, spec, probes, nulls):
  page = _page(made, spec, probes=probes, probe_permutations=nulls)
  assert 'no claim is made of what lies beyond' in page
  assert 'A band reaches' in page and 'peak' not in page


def test_changes_by_tuning_are_those_of_the_table(made, spec, probes):
  rows = pd.DataFrame({
      'base': 'foo-7b', 'instruct': 'foo-7b-chat', 'dataset': 'coane',
      'site': 'residual', 'protocol': ['sound', 'sound', 'paper'],
      'layer': [0, 1, 0], 'target': 'human_entropy', 'base_value': .1,
      'instruct_value': .4, 'difference': .3})
  drawn = _page(made, spec, probes=probes, probe_pairs=rows)
  assert drawn.count('probes_delta_coane_sound') and 'foo-7b' in drawn
  assert 'probes_delta' not in _page(
      made, spec, probes=probes, probe_pairs=rows.iloc[2:])


@pytest.mark.parametrize('target', ['human_entropy', 'model_entropy'])
def test_the_estimate_of_peoples_entropy_is_said_where_probes_read_it(
    made, spec, probes, target):
  ceiling = pd.DataFrame(
      {'dataset': ['coane', 'vader'], 'estimator': ['dirichlet', 'plain']})
  page = _page(made, spec, probes=probes.assign(target=target),
               ceiling=ceiling)
  said = 'Estimate of people&#x27;s entropy: Dirichlet posterior mean'
  assert (said in page.replace('&#39;', '&#x27;')) == (
      target == 'human_entropy')
  assert 'plain entropy' not in page


def test_no_band_is_no_caption_of_a_band(made, spec, probes):
  page = _page(made, spec, probes=probes)
  assert 'band' not in page and 'no targets were shuffled' in page


def test_r_is_shown_where_no_r2_is_above_zero(made, spec, probes, nulls):
  page = _page(made, spec, probes=probes.assign(r2=-.3),
               probe_permutations=nulls)
  assert 'R² is below 0 at every layer, so that r is shown' in page
  assert 'A band reaches' not in page


def test_truth_is_told_by_its_claim_and_no_interval_is_counted(made, spec):
  rows = pd.DataFrame({
      'model': ['A', 'A', 'A', 'B'], 'site': 'residual',
      'probe': ['lr', 'ccs', 'chosen', 'chosen'], 'layer': -1,
      'polarity': 'both', 'test': 'all topics', 'accuracy': [.9, .5, .7, .5],
      'ci_low': [.8, .4, .6, .4], 'ci_high': [.95, .6, .8, .6]})
  page = _page(made, spec, truth_probes=rows)
  assert 'intervals of' not in page
  assert '0.90 [0.80, 0.95]' in page
  claims = pd.DataFrame({
      'claim': ['aligned', 'truth_readable', 'truth_readable'],
      'model': ['A', 'A', 'B'],
      'sentence': ['It is aligned.', 'A reads truth.', 'B is not told.']})
  page = _page(made, spec, truth_probes=rows, claims=claims)
  assert '<div data-model="A"><p>A reads truth.' in page
  assert 'B is not told.' in page
  assert 'It is aligned.' not in page


def test_increments_come_with_the_claims_about_them(made, spec):
  rows = pd.DataFrame({
      'target': 'human_entropy', 'features': 'n_tokens', 'layer': [0, 1],
      'increment': [.01, .2], 'p_corrected': [.4, .01]})
  claims = pd.DataFrame({
      'claim': ['probe_beyond_output', 'aligned'], 'model': 'A',
      'sentence': ['It tells more.', 'It is aligned.']})
  page = _page(made, spec, probe_increment=rows, claims=claims)
  assert 'n tokens' in page and 'layers add more' not in page
  assert 'It tells more.' in page and 'It is aligned.' not in page
