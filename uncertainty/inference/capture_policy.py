"""Which task of a run keeps activations, and where in its tokens."""

import dataclasses
from typing import Any

import numpy as np

from uncertainty.inference.score import Ask, Scores
from uncertainty.specs import StudySpec, listed
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
  if not listed(spec.probe.sites):
    return None
  wanted = spec.probe.positions
  for name in listed(spec.prompt.answer):
    if wanted in POSITIONS.get(name, ()):
      return name
  able = [name for name, has in POSITIONS.items() if wanted in has]
  raise UserError(
      f'probe.positions={wanted} is nothing that '
      f'prompt.answer={spec.prompt.answer} has; add {" or ".join(able)} to it, '
      'or unset config.probe.sites')


def capture_spec(spec: StudySpec, task: str) -> CaptureSpec | None:
  """What a task keeps; None if nothing, or if another task of the run does."""
  if task not in listed(spec.prompt.answer):
    spec = dataclasses.replace(
        spec, prompt=dataclasses.replace(spec.prompt, answer=task))
  if keeper(spec) != task:
    return None
  return CaptureSpec(listed(spec.probe.sites), spec.probe.positions)


def places(capture: CaptureSpec | None, n_tokens: int) -> tuple[int, ...]:
  """Where in a prompt of so many tokens; empty: at its last."""
  if capture is None or capture.positions != 'all':
    return ()
  return tuple(range(n_tokens))


def kept(scores: Scores, j: int, ask: Ask) -> dict[str, np.ndarray]:
  """What the batch's place j kept: site → [T, L, D] at the ask's `captures`,
  or [L, D] at its last token if it names none."""
  n = len(ask.captures)
  return {site: values[j, :n] if n else values[j, 0]
          for site, values in scores.activations.items()}


def texts(tokenizer: Any, ask: Ask) -> str | list[str]:
  """The tokens that `kept` stands on."""
  found = [str(tokenizer.decode([ask.stem[place]]))
           for place in ask.captures or (-1,)]
  return found if ask.captures else found[0]
