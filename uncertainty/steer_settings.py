"""What `config.steer` asks for: read, and checked before a model is asked."""

from collections.abc import Iterable

import numpy as np

from uncertainty import specs
from uncertainty.errors import UserError, hint
from uncertainty.specs import SteerSpec, StudySpec

SITE = 'residual'  # whose activations directions are fitted on


def check(spec: StudySpec, n_layers: Iterable[int]) -> None:
  """Refuses what no scored run could be steered by.

  Args:
    spec: of a run that names `steer.directions`.
    n_layers: of each model that is at hand.

  Raises:
    UserError: doses, layers, tasks or directions that there are not, or no
      activations to fit directions on.
  """
  from uncertainty.probes import directions  # which waits for scikit-learn

  doses(spec.steer)
  tasks(spec)
  for n in n_layers:
    directions.check(specs.listed(spec.steer.directions),
                     layers(spec.steer, n), n)
  if SITE not in specs.listed(spec.probe.sites) or (
      spec.probe.positions != 'last_prompt') or spec.probe.store != 'rows':
    raise UserError(
        f'config.steer.directions are fitted on activations: pass '
        f'--config.probe.sites={SITE}, --config.probe.positions=last_prompt '
        'and --config.probe.store=rows, or leave config.steer.directions empty')


def doses(spec: SteerSpec) -> tuple[float, ...]:
  """The doses, smallest first.

  Args:
    spec: `doses` names them.

  Returns:
    Numbers other than 0, which is the results table itself.

  Raises:
    UserError: no numbers, 0, one twice, or none at all.
  """
  try:
    found = sorted(float(text) for text in specs.listed(spec.doses))
  except ValueError as error:
    raise UserError(f'config.steer.doses={spec.doses!r} are not numbers, such '
                    'as -1,-0.5,0.5,1') from error
  if (not found or 0 in found or len(set(found)) < len(found)
      or not np.isfinite(found).all()):
    raise UserError(
        f'config.steer.doses={spec.doses!r}: give one or more different '
        'numbers; 0 is the results table itself')
  return tuple(found)


def tasks(spec: StudySpec) -> tuple[str, ...]:
  """The ways of asking that are steered.

  Args:
    spec: of the run.

  Returns:
    Tasks of `prompt.answer`, in its order.

  Raises:
    UserError: one that is not asked unsteered.
  """
  asked = specs.listed(spec.prompt.answer)
  wanted = specs.listed(spec.steer.answer) or asked
  for name in wanted:
    if name not in asked:
      raise UserError(f'config.steer.answer names {name!r}, which '
                      f'config.prompt.answer does not; {hint(name, asked)}')
  return tuple(name for name in asked if name in wanted)


def layers(spec: SteerSpec, n_layers: int) -> tuple[int, ...]:
  """The layers after which a model is steered.

  Args:
    spec: `layers` names them.
    n_layers: of the model.

  Returns:
    Their numbers, from 0.

  Raises:
    UserError: no whole numbers.
  """
  try:
    named = tuple(int(text) for text in specs.listed(spec.layers))
  except ValueError as error:
    raise UserError(f'config.steer.layers={spec.layers!r} are not whole '
                    'numbers, such as 10,20') from error
  return named or ((n_layers - 1) // 2,)
