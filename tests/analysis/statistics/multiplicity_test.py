"""Corrections against statsmodels."""

import numpy as np
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
