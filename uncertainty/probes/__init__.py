"""What activations know: probes over every layer, fold and target at once.

    from uncertainty import probes
    probes.probe(acts_NLD, target_N).r2     # of each layer, held out

`run.run` is the stage of a study.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
  from uncertainty.probes.layers import LayerScores as LayerScores
  from uncertainty.probes.layers import probe as probe

__all__ = ['LayerScores', 'probe']


def __getattr__(name: str) -> Any:
  # Tables of probes are read where nothing is fitted: without the solvers.
  if name in __all__:
    from uncertainty.probes import layers

    return getattr(layers, name)
  raise AttributeError(f'module {__name__!r} has no attribute {name!r}')


def __dir__() -> list[str]:
  """What a notebook completes: functions that were not called yet, too."""
  return sorted({*globals(), *__all__})
