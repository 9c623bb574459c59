"""One distribution at a time, against SciPy and by hand."""

import doctest

import numpy as np
import pytest
import scipy.stats

from uncertainty import measures
from uncertainty.errors import UserError
from uncertainty.measures import distribution


@pytest.mark.parametrize('n', [2, 5, 40])
def test_choice_entropy_equals_scipy_over_its_largest_value(n):
  p = np.random.default_rng(n).dirichlet(np.ones(n))
  assert measures.choice_entropy(p) == pytest.approx(
      scipy.stats.entropy(p) / np.log(n), abs=1e-6)


def test_choice_entropy_has_its_limits():
  assert measures.choice_entropy([1.0]) == 0
  assert measures.choice_entropy([0, 1, 0]) == 0
  assert measures.choice_entropy([0.25] * 4) == pytest.approx(1, abs=1e-6)
  # A choice that nobody takes still is one.
  assert measures.choice_entropy([0.5, 0.5, 0]) == pytest.approx(
      np.log(2) / np.log(3), abs=1e-6)


def test_a_notebook_completes_the_functions():
  assert {'Nucleus', 'choice_entropy', 'nucleus'} <= set(dir(measures))


@pytest.mark.parametrize('mass', [0.95, 0.9, 0.75, 0.5])
@pytest.mark.parametrize('n', [3, 400])
def test_nucleus_is_the_smallest_set_that_holds_its_mass(mass, n):
  p = np.random.default_rng(n).dirichlet(np.ones(n))
  down = np.sort(p)[::-1]
  size = int(np.searchsorted(np.cumsum(down), mass)) + 1
  found = measures.nucleus(p, mass)
  assert found.size == size
  expected = scipy.stats.entropy(down[:size]) / np.log(size) if size > 1 else 0
  assert found.entropy == pytest.approx(expected, abs=1e-5)


def test_nucleus_of_a_certain_outcome_is_one():
  assert measures.nucleus([0, 1, 0]) == measures.Nucleus(1, 0.0)


@pytest.mark.parametrize('function', [measures.choice_entropy,
                                      measures.nucleus])
@pytest.mark.parametrize('p,message', [
    ([], 'one-dimensional'), ([[0.5, 0.5]], r'shape \(1, 2\)'),
    ([0.5, np.nan], 'finite'), ([-0.1, 1.1], 'at least 0'),
    ([0.5, 0.4], 'sum to 0.9, not 1'), (['a', 'b'], 'must be numbers')])
def test_what_is_no_distribution_is_named(function, p, message):
  with pytest.raises(UserError, match=message):
    function(p)


def test_another_mass_names_those_there_are():
  with pytest.raises(UserError, match='mass 0.8; there are 0.95, 0.9'):
    measures.nucleus([0.5, 0.5], 0.8)


def test_examples_hold():
  found = doctest.testmod(distribution)
  assert found.attempted >= 2 and found.failed == 0
