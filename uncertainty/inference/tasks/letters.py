"""Choices by their labels: `letters` (A, B, …) and `numbers` (1, 2, …)."""

import dataclasses
from collections.abc import Callable, Collection, Iterator, Sequence

import numpy as np

from uncertainty import models, prompts
from uncertainty.inference import capture_policy
from uncertainty.inference.score import Ask, Scores, score
from uncertainty.inference.tasks.choice_rows import Reply, chunk
from uncertainty.inference.tasks.task import TaskChunk, Tokenizing
from uncertainty.inference.tasks.text_tokens import tokenize_texts
from uncertainty.specs import StudySpec
from uncertainty.types import Item, Prompt, UserError

# What may stand for the choices, and the tokens that each may be answered with.
_LABEL_TOKENS = {
    'letters': prompts.letter_tokens,
    'numbers': prompts.number_tokens,
}


@dataclasses.dataclass(frozen=True)
class Asked:
  """One prompt: an item with its choices in one order."""

  item: int  # index
  order: tuple[int, ...]
  shown: Item
  prompt: Prompt


def run(model: models.Model, items: Sequence[Item], spec: StudySpec, *,
        seed: int, done: frozenset[str] = frozenset(),
        labels: str = 'letters') -> Iterator[TaskChunk]:
  """Choices under labels: ln Σ p over the variants of each label.

  Args:
    model: a loaded model.
    items: closed questions, all of the run.
    spec: the run's.
    seed: of the orders of choices.
    done: ids of items not to ask again.
    labels: of the choices, one of `_LABEL_TOKENS`; the task's name too.

  Yields:
    Items of a batch as they finish; columns of `choice_rows.chunk`.

  Raises:
    UserError: an item with fewer than two choices, or what `score` raises.
  """
  capture = capture_policy.capture_spec(spec, labels)
  asked = ask_all(model, items, spec, labels, seed)
  stems = tokenize_texts(model, [a.prompt.text for a in asked])
  most = max((len(item.choices) for item in items), default=0)
  tokens = (_LABEL_TOKENS[labels](model.tokenizer, most) if most else [])
  asks = [Ask(items[a.item].item_id, stem,
              tuple(t for ids in tokens[:len(a.order)] for t in ids),
              group=items[a.item].group,
              capture_places=capture_policy.capture_places(capture, len(stem)))
          for a, stem in zip(asked, stems)]

  def reply(i: int, j: int, scores: Scores) -> Reply:
    """To ask i, in place j of a batch."""
    order = asked[i].order
    logprobs_C = np.zeros(len(order))
    at = 0
    for place, choice in enumerate(order):
      n = len(tokens[place])
      logprobs_C[choice] = np.logaddexp.reduce(
          scores.target_logprobs_NA[j, at:at + n].astype(np.float64))
      at += n
    return Reply(
        asked[i].prompt.text, len(stems[i]), logprobs_C,
        float(np.logaddexp.reduce(logprobs_C)),
        {k: v[j] for k, v in scores.measures.items()},
        activations=capture_policy.captured(scores, j, asks[i]),
        captured_token=capture_policy.captured_texts(model.tokenizer, asks[i]))

  yield from finish(items, asked, done, lambda wanted: score(
      model, asks, spec.score, capture=capture, wanted=wanted, label=labels),
      reply)


def finish(items: Sequence[Item], asked: Sequence[Asked],
           done: frozenset[str],
           run: Callable[[Collection[int]], Iterator[Scores]],
           reply: Callable[[int, int, Scores], Reply]) -> Iterator[TaskChunk]:
  """Runs the prompts of unfinished items; yields items as they finish.

  Args:
    items: all items.
    asked: all prompts, some per item.
    done: ids of items not to ask again.
    run: indices of wanted prompts → their scores, batch by batch.
    reply: index of a prompt, its place in a batch, the scores → what was said.

  Yields:
    Items whose prompts are all scored.
  """
  orders: dict[int, list[int]] = {}
  for i, a in enumerate(asked):
    if items[a.item].item_id not in done:
      orders.setdefault(a.item, []).append(i)
  wanted = {i for some in orders.values() for i in some}
  if not wanted:
    return
  replies: dict[int, Reply] = {}
  for scores in run(wanted):
    ready = []
    for j, i in enumerate(scores.asks_N.tolist()):
      if i in wanted:
        replies[i] = reply(i, j, scores)
        some = orders[asked[i].item]
        if all(k in replies for k in some):
          ready.append(asked[i].item)
    if ready:
      yield chunk([items[n] for n in ready],
                  [[replies.pop(i) for i in orders[n]] for n in ready])


def ask_all(model: Tokenizing, items: Sequence[Item], spec: StudySpec,
            name: str, seed: int) -> list[Asked]:
  """One prompt per item and order of its choices, its own order first.

  Args:
    model: for its tokenizer; its weights may be yet to load.
    items: closed questions.
    spec: the run's; `prompt.n_orders` of each.
    name: the task's.
    seed: of the orders.

  Returns:
    Prompts, item by item.

  Raises:
    UserError: an item with fewer than two choices.
  """
  for item in items:
    if len(item.choices) < 2:
      raise UserError(
          f'item {item.item_id} has {len(item.choices)} choices and '
          f'prompt.answer={name} needs two or more; ask it with '
          '--config.prompt.answer=free')
  shown = [(n, order, prompts.permute(item, order))
           for n, item in enumerate(items)
           for order in prompts.orders(item, spec.prompt.n_orders, seed=seed)]
  built = prompts.build(
      [s for _, _, s in shown], dataclasses.replace(spec.prompt, answer=name),
      model.tokenizer, dataset=spec.data.name)
  return [Asked(n, order, s, p) for (n, order, s), p in zip(shown, built)]
