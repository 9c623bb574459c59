"""Measures of uncertainty: of tokens, choices, sequences, samples and words.

    from uncertainty import measures
    measures.choice_entropy([0.7, 0.2, 0.1])
    measures.nucleus([0.7, 0.2, 0.1], mass=0.9).size

The study computes the same for thousands of items at once.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
  from uncertainty.measures.distribution import Nucleus as Nucleus
  from uncertainty.measures.distribution import choice_entropy as choice_entropy
  from uncertainty.measures.distribution import nucleus as nucleus

__all__ = ['Nucleus', 'choice_entropy', 'nucleus']


def __getattr__(name: str) -> Any:
  # The registry of measures is read where nothing is measured: without jax.
  if name in __all__:
    from uncertainty.measures import distribution

    return getattr(distribution, name)
  raise AttributeError(f'module {__name__!r} has no attribute {name!r}')


def __dir__() -> list[str]:
  """What a notebook completes: functions that were not called yet, too."""
  return sorted({*globals(), *__all__})
