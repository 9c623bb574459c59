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


def test_layers_are_counted_and_bands_explained(made, spec, probes, nulls):
  page = _page(made, spec, probes=probes, probe_permutations=nulls)
  assert 'people&#x27;s entropy at 1 of 2' in page
  assert 'A band reaches' in page and 'peak' not in page


def test_changes_by_tuning_are_of_the_base_that_results_state(
    made, spec, probes):
  models = ['foo-7b', 'foo-7b-chat', 'bar-7b']
  rows = pd.concat([probes.assign(model=m, pearson=[r, r]) for m, r in zip(
      models, (.1, .5, .2), strict=True)])
  page = _page(
      made, spec, probes=rows,
      scores=pd.DataFrame({'model': models, 'kind': 'base', 'family': 'x',
                           'size': 7.}),
      effects_pairs=pd.DataFrame({'instruct': ['foo-7b-chat'],
                                  'base': ['bar-7b']}))
  assert '+0.300' in page and '+0.400' not in page


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


def test_truth_counts_intervals_of_chosen_probes_above_chance(made, spec):
  rows = pd.DataFrame({
      'model': ['A', 'A', 'A', 'B'], 'site': 'residual',
      'probe': ['lr', 'ccs', 'chosen', 'chosen'], 'layer': -1,
      'polarity': 'both', 'test': 'all topics', 'accuracy': [.9, .5, .7, .5],
      'ci_low': [.8, .4, .6, .4], 'ci_high': [.95, .6, .8, .6]})
  page = _page(made, spec, truth_probes=rows)
  assert 'the intervals of 1 of 2 lie above it.' in page
  assert '0.90 [0.80, 0.95]' in page


def test_increments_are_counted(made, spec):
  rows = pd.DataFrame({
      'target': 'human_entropy', 'features': 'n_tokens', 'layer': [0, 1],
      'increment': [.01, .2], 'p_corrected': [.4, .01]})
  assert '1 of 2 layers add more than permuted residuals do' in _page(
      made, spec, probe_increment=rows)
