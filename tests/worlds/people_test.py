"""Answers of raters: shares of counts, rounded, about what they lean to."""

import numpy as np
import pytest

from uncertainty.worlds import people


def _answers(z=0.0, n=2000, **changes):
  settings = {'n_choices': 4, 'n_raters': 7, 'decimals': None} | changes
  return people.answers(
      np.full(n, z), np.random.default_rng(0), **settings)


def test_shares_are_counts_of_the_raters():
  counts_NK = _answers().shares_NK * 7
  np.testing.assert_allclose(counts_NK, counts_NK.round(), atol=1e-9)
  np.testing.assert_allclose(counts_NK.sum(1), 7)


def test_entropy_is_that_of_the_shares_as_they_are_published():
  found = _answers(decimals=1)
  share_NK = np.where(found.shares_NK > 0, found.shares_NK, 1)
  entropy_N = -(share_NK * np.log(share_NK)).sum(1) / np.log(4)
  np.testing.assert_allclose(found.entropy_N, entropy_N, atol=1e-12)
  assert len(np.unique(found.entropy_N)) < len(
      np.unique(_answers(n_raters=50).entropy_N))


@pytest.mark.parametrize('n_choices', [2, 4])
def test_contested_items_divide_raters_and_plain_ones_do_not(n_choices):
  plain, contested = (
      _answers(z, n_choices=n_choices, n_raters=50) for z in (-3.0, 3.0))
  assert plain.entropy_N.mean() < .05 < .6 < contested.entropy_N.mean()
  assert (plain.shares_NK.argmax(1) == plain.mode_N).all()
