"""Which task of a run captures activations, and where in its tokens."""

import dataclasses
from typing import Any

import numpy as np

from uncertainty.inference import answer_places
from uncertainty.inference.score import Ask, Scores
from uncertainty.specs import StudySpec, listed
from uncertainty.types import CaptureSpec, UserError

# What each task can capture. One row per item: at the prompt's last token, at
# the last token of the choice it prefers; of a written answer at one or several
# places (`answer_places`). One row per token: all of the prompt.
POSITIONS = {
    'letters': ('last_prompt', 'all'),
    'numbers': ('last_prompt', 'all'),
    'text': ('last_prompt', 'answer'),
    'statement': ('last_prompt', 'all'),
    'free': tuple(answer_places.PLACES),
}


def capturing_task(spec: StudySpec) -> str | None:
  """The run's one task that captures: its first with the wanted positions.

  Args:
    spec: the run's; `probe.sites`, `probe.positions` and `prompt.answer` say.

  Returns:
    The task's name in `prompt.answer`; None if no sites are asked for.

  Raises:
    UserError: none of its tasks has these positions.
  """
  if not listed(spec.probe.sites):
    return None
  wanted = listed(spec.probe.positions)
  able = [name for name, has in POSITIONS.items() if set(wanted) <= set(has)
          and (len(wanted) == 1 or name == 'free')]
  for name in listed(spec.prompt.answer):
    if name in able:
      return name
  remedy = (f'add {" or ".join(able)} to it' if able else
            'several of them are of one written answer')
  raise UserError(
      f'probe.positions={spec.probe.positions} is nothing that '
      f'prompt.answer={spec.prompt.answer} has; {remedy}, or unset '
      'config.probe.sites')


def capture_spec(spec: StudySpec, task: str) -> CaptureSpec | None:
  """What a task captures.

  Args:
    spec: the run's.
    task: the task's name; one that `prompt.answer` does not list is taken to
      be the run's only one.

  Returns:
    Sites and positions; None if nothing, or if another task of the run does.

  Raises:
    UserError: no task of the run has the wanted positions.
  """
  if task not in listed(spec.prompt.answer):
    spec = dataclasses.replace(
        spec, prompt=dataclasses.replace(spec.prompt, answer=task))
  if capturing_task(spec) != task:
    return None
  return CaptureSpec(listed(spec.probe.sites), spec.probe.positions)


def capture_places(capture: CaptureSpec | None,
                   n_tokens: int) -> tuple[int, ...]:
  """Where in a prompt activations are captured.

  Args:
    capture: what is captured; None for nothing.
    n_tokens: the prompt's tokens.

  Returns:
    Every place from 0 for the positions `all`; else none, which `Ask` reads
    as the prompt's last.
  """
  if capture is None or capture.positions != 'all':
    return ()
  return tuple(range(n_tokens))


def captured(scores: Scores, j: int, ask: Ask) -> dict[str, np.ndarray]:
  """The activations of one prompt of a batch.

  Args:
    scores: of the batch.
    j: the prompt's place in the batch.
    ask: the prompt.

  Returns:
    Site → [T, L, D] at the prompt's T `capture_places`, or [L, D] at its last
    token if it names none.
  """
  n = len(ask.capture_places)
  return {site: values[j, :n] if n else values[j, 0]
          for site, values in scores.activations.items()}


def captured_texts(tokenizer: Any, ask: Ask) -> str | list[str]:
  """The tokens at which `captured` stands, as text.

  Args:
    tokenizer: the model's.
    ask: the prompt.

  Returns:
    One text per place in `capture_places`, or the last token's if it names
    none.
  """
  found = [str(tokenizer.decode([ask.stem[place]]))
           for place in ask.capture_places or (-1,)]
  return found if ask.capture_places else found[0]
