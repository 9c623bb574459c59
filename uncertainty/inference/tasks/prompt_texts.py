"""What each way of asking has the model read, before anything is computed."""

import dataclasses
from collections.abc import Callable, Sequence

from uncertainty import prompts
from uncertainty.inference.tasks import letters, response, verbal
from uncertainty.inference.tasks.task import Tokenizing
from uncertainty.specs import StudySpec
from uncertainty.types import Item


def prompt_texts(
    model: Tokenizing, items: Sequence[Item], spec: StudySpec, task: str,
) -> list[tuple[str, ...]]:
  """All texts that a task's answers to an item rest on.

  Prompts about what the model itself wrote (P(True), judges of samples) are
  not known beforehand and are left out; their wordings stand in the manifest.

  Args:
    model: whose tokenizer and chat template.
    items: N items of the run.
    spec: the run's.
    task: a key of `TASKS`.

  Returns:
    For each item its prompts, the first one first: one per order of its
    choices or wording; for `text`, each followed by the continuations that are
    scored and by the content-free question.

  Raises:
    UserError: items that this way of asking cannot take.
  """
  return TEXTS[task](model, items, spec, task)


def _choices(model: Tokenizing, items: Sequence[Item], spec: StudySpec,
             task: str) -> list[tuple[str, ...]]:
  found: list[list[str]] = [[] for _ in items]
  for asked in letters.ask_all(model, items, spec, task, spec.seed):
    prompt = asked.prompt
    found[asked.item] += [
        prompt.text, *prompt.continuations, prompt.neutral_text]
  return [tuple(texts) for texts in found]


def _plain(model: Tokenizing, items: Sequence[Item], spec: StudySpec,
           task: str) -> list[tuple[str, ...]]:
  answer = 'statement' if task == 'statement' else 'free'
  built = prompts.build(
      items, dataclasses.replace(spec.prompt, answer=answer),
      model.tokenizer, dataset=spec.data.name)
  return [(prompt.text,) for prompt in built]


def _verbal(model: Tokenizing, items: Sequence[Item], spec: StudySpec,
            task: str) -> list[tuple[str, ...]]:
  del task
  by_wording = [verbal.wording_texts(model, items, spec, wording)
                for wording in verbal.variants(spec)]
  return list(zip(*by_wording, strict=True))


def _response(model: Tokenizing, items: Sequence[Item], spec: StudySpec,
              task: str) -> list[tuple[str, ...]]:
  del task
  return [(asked.prompt.text, *asked.prompt.continuations)
          for asked in response.given(model, items, spec)]


TEXTS: dict[str, Callable[..., list[tuple[str, ...]]]] = {
    'letters': _choices, 'numbers': _choices, 'text': _choices,
    'free': _plain, 'p_true': _plain, 'samples': _plain, 'statement': _plain,
    'verbal': _verbal, 'response': _response,
}
