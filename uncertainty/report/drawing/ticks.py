"""Round numbers along an axis."""

import math
from collections.abc import Sequence

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


def linear(low: float, high: float, most: int = 6) -> list[float]:
  """Ticks at multiples of 1, 2, 2.5 or 5 times a power of ten.

  Args:
    low: end of the axis.
    high: its other end, above `low`.
    most: how many there may be.

  Returns:
    2 or more where the axis holds as many.
  """
  rough = (high - low) / most
  power = 10.0 ** math.floor(math.log10(rough))
  step = next(s * power for s in _STEPS if s * power >= rough * (1 - 1e-9))
  first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
  return [round(i * step, 12) for i in range(first, last + 1)]


def logarithmic(low: float, high: float) -> list[float]:
  """Ticks at 1, 2 and 5 times powers of ten.

  Args:
    low: end of the axis, above 0.
    high: its other end, above `low`.

  Returns:
    Those between the ends.
  """
  powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
  return [s * 10.0 ** p for p in powers for s in (1, 2, 5)
          if low <= s * 10.0 ** p <= high]


def labels(values: Sequence[float]) -> list[str]:
  """Ticks in print, all with the same decimals.

  Args:
    values: of ticks.

  Returns:
    Such as '−0.5', '0.0'.
  """
  digits = next((d for d in range(6) if all(
      abs(v - round(v, d)) < 1e-9 * max(1.0, abs(v)) for v in values)), 6)
  return [f'{v:.{digits}f}'.replace('-', '−') for v in values]
