"""Corrections against statsmodels."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats import multitest

from uncertainty.analysis.statistics import multiplicity


@pytest.mark.parametrize(('name', 'theirs'), [
    ('holm', 'holm'), ('bh', 'fdr_bh'), ('bonferroni', 'bonferroni')])
def test_equals_statsmodels_with_ties_and_shape(name, theirs):
  rng = np.random.default_rng(0)
  p = np.round(rng.random(40) ** 3, 2)
  ours = multiplicity.CORRECTIONS[name](p.reshape(5, 8))
  expected = multitest.multipletests(p, method=theirs)[1]
  np.testing.assert_allclose(ours.ravel(), expected, atol=1e-12)


def test_missing_tests_do_not_count():
  p = np.array([0.01, np.nan, 0.04])
  for correct in multiplicity.CORRECTIONS.values():
    found = correct(p)
    assert np.isnan(found[1])
    np.testing.assert_allclose(found[[0, 2]], correct(p[[0, 2]]))


def test_families_are_corrected_on_their_own():
  p = np.array([0.01, 0.2, 0.04, np.nan, 0.03])
  family = ['a', 'b', 'a', 'a', 'b']
  found = multiplicity.benjamini_hochberg_within(p, family)
  np.testing.assert_allclose(found, [0.02, 0.2, 0.04, np.nan, 0.06])
  assert multiplicity.benjamini_hochberg_within([], []).shape == (0,)


def test_no_test_at_all():
  assert multiplicity.holm(np.array([])).shape == (0,)
  assert np.isnan(multiplicity.benjamini_hochberg(np.array([np.nan]))).all()


def test_a_table_is_corrected_within_its_families():
  p_N = np.array([.01, .04, .02, .03])
  frame = pd.DataFrame({'dataset': list('abab'), 'p_value': p_N, 'n': 4})
  found = multiplicity.with_corrected(frame, ['dataset'])
  assert list(found) == ['dataset', 'p_value', 'n', 'p_bh']
  np.testing.assert_allclose(
      found['p_bh'], multiplicity.benjamini_hochberg_within(p_N, [0, 1, 0, 1]))
  nothing = multiplicity.with_corrected(frame[:0], ['dataset'])
  assert list(nothing) == list(found)
