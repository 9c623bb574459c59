"""Reads what people pass as arrays: vectors of finite numbers, or an error."""

import numpy as np
import numpy.typing as npt

from uncertainty.errors import UserError


def vector(name: str, values: npt.ArrayLike) -> np.ndarray:
  """Checks a vector that a person passed.

  Args:
    name: of the argument, for the errors.
    values: [N] numbers.

  Returns:
    [N] float64, finite, not empty.

  Raises:
    UserError: what are not numbers, not one-dimensional, empty, or missing.
  """
  try:
    row = np.asarray(values, np.float64)
  except (TypeError, ValueError) as error:
    raise UserError(f'{name} must be numbers: {error}') from error
  if row.ndim != 1 or not row.size:
    raise UserError(
        f'{name} must be a one-dimensional array that is not empty, got shape '
        f'{row.shape}')
  bad = np.flatnonzero(~np.isfinite(row))
  if len(bad):
    raise UserError(
        f'{name}[{bad[0]}] is {row[bad[0]]} ({len(bad)} of {len(row)} are not '
        'finite); leave these items out')
  return row
