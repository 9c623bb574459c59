"""Vectors that people pass."""

import numpy as np
import pytest

from uncertainty import arrays
from uncertainty.errors import UserError


def test_numbers_become_float64():
  row = arrays.vector('x', [1, True, 2.5])
  assert row.dtype == np.float64
  assert row.tolist() == [1.0, 1.0, 2.5]


@pytest.mark.parametrize('values, said', [
    (['high', 'low'], 'x must be numbers: could not convert'),
    ([[1, 2], [3]], 'x must be numbers'),
    ([], r'one-dimensional array that is not empty, got shape \(0,\)'),
    (0.5, r'got shape \(\)'),
    ([[1, 2]], r'got shape \(1, 2\)'),
    ([0.5, np.nan, np.inf], r'x\[1\] is nan \(2 of 3 are not finite\)'),
])
def test_what_is_no_vector_is_refused(values, said):
  with pytest.raises(UserError, match=said):
    arrays.vector('x', values)
