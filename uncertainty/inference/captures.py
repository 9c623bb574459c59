"""Which task of a run keeps activations, and where in its tokens."""

import dataclasses

from uncertainty.specs import StudySpec
from uncertainty.types import CaptureSpec, UserError

# What each task can keep. One row per item: at the prompt's last token, at the
# last token of the choice it prefers, the mean over a written answer's tokens.
# One row per token: all of the prompt.
POSITIONS = {
    'letters': ('last_prompt', 'all'),
    'numbers': ('last_prompt', 'all'),
    'text': ('last_prompt', 'answer'),
    'statement': ('last_prompt', 'all'),
    'free': ('bracket_mean',),
}


def keeper(spec: StudySpec) -> str | None:
  """The run's first task that has the wanted positions; None: no sites.

  Raises:
    UserError: none of its tasks has them.
  """
  if not _sites(spec):
    return None
  run = [name.strip() for name in spec.prompt.answer.split(',')]
  wanted = spec.probe.positions
  for name in run:
    if wanted in POSITIONS.get(name, ()):
      return name
  able = [name for name, has in POSITIONS.items() if wanted in has]
  raise UserError(
      f'probe.positions={wanted} is nothing that '
      f'prompt.answer={spec.prompt.answer} has; add {" or ".join(able)} to it, '
      'or unset config.probe.sites')


def capture_spec(spec: StudySpec, task: str) -> CaptureSpec | None:
  """What a task keeps; None if nothing, or if another task of the run does."""
  if task not in spec.prompt.answer:
    spec = dataclasses.replace(
        spec, prompt=dataclasses.replace(spec.prompt, answer=task))
  if keeper(spec) != task:
    return None
  return CaptureSpec(_sites(spec), spec.probe.positions)


def places(capture: CaptureSpec | None, n_tokens: int) -> tuple[int, ...]:
  """Where in a prompt of so many tokens; empty: at its last."""
  if capture is None or capture.positions != 'all':
    return ()
  return tuple(range(n_tokens))


def _sites(spec: StudySpec) -> tuple[str, ...]:
  return tuple(s.strip() for s in spec.probe.sites.split(',') if s.strip())
