"""From what a model said of an item's choices to its row of results."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from uncertainty.inference.tasks.task import TaskChunk
from uncertainty.measures import registry
from uncertainty.measures.choice import choice_measures
from uncertainty.results import columns as cols
from uncertainty.types import Item

_KEPT = (cols.TOP_LOGPROBS, cols.TOP_TOKENS, cols.REST_LOGPROB)


@dataclasses.dataclass(frozen=True)
class Reply:
  """What the model said to one prompt, choices in the item's own order.

  Attributes:
    prompt: the text.
    n_tokens: of the prompt.
    logprobs_C: the choices' log-probabilities.
    log_mass: ln of the choices' summed probability.
    measures: of the next-token distribution.
    columns: what else goes into the results as it is.
    activations: site → [L, D], or [T, L, D] of all the prompt's tokens.
    captured_token: where they were taken, as text: one token, or T.
  """

  prompt: str
  n_tokens: int
  logprobs_C: np.ndarray
  log_mass: float
  measures: Mapping[str, Any]
  columns: Mapping[str, Any] = dataclasses.field(default_factory=dict)
  activations: Mapping[str, np.ndarray] = dataclasses.field(
      default_factory=dict)
  captured_token: str | list[str] = ''


def chunk(items: Sequence[Item],
          replies: Sequence[Sequence[Reply]]) -> TaskChunk:
  """Rows of results.

  Args:
    items: the items.
    replies: per item, one reply per order of its choices; the first is to the
      item's own order. Choice probabilities are averaged over orders, and so
      are the next-token measures; prompt, top tokens and activations are the
      first order's.

  Returns:
    The items' columns: `prompt`, `n_tokens`, `prediction` (index), `correct`
    and `agrees` (1, 0 or NaN), `choice_logprobs`, measures `mc_…` and, with
    several orders, `order_…`.
  """
  rows = [_row(item, some) for item, some in zip(items, replies)]
  columns = {name: [row[name] for row in rows] for name in rows[0]}
  mean = [_average([r.logprobs_C for r in some]) for some in replies]
  for name, values in _measure(mean).items():
    columns[registry.column(registry.MC, name)] = list(values)
  # The mass of scores that are no probabilities (PMI) is that of the words.
  columns[cols.CHOICE_LOG_MASS] = [
      _average([np.array([r.log_mass]) for r in some])[0] for some in replies]
  if any(len(some) > 1 for some in replies):
    for name, values in _orders(mean, replies).items():
      columns[name] = values
  first = [some[0] for some in replies]
  if first[0].activations:
    columns[cols.CAPTURED_TOKENS] = [r.captured_token for r in first]
  return TaskChunk(
      [item.item_id for item in items], columns,
      {site: [r.activations[site] for r in first]
       for site in first[0].activations})


def _row(item: Item, replies: Sequence[Reply]) -> dict[str, Any]:
  first = replies[0]
  logprobs_C = _average([r.logprobs_C for r in replies])
  prediction = int(np.argmax(logprobs_C))
  correct = agrees = float('nan')
  if item.answer is not None:
    correct = float(prediction == item.answer)
  if item.human_shares is not None:
    agrees = float(item.human_shares[prediction] == max(item.human_shares))
  row = {
      cols.PROMPT: first.prompt, cols.N_TOKENS: first.n_tokens,
      cols.PREDICTION: prediction, cols.CORRECT: correct, cols.AGREES: agrees,
      cols.CHOICE_LOGPROBS: logprobs_C.tolist(), **first.columns}
  for name in first.measures:
    if name in _KEPT:
      row[name] = first.measures[name]
    elif len(replies) == 1:
      row[registry.column(registry.MC, name)] = first.measures[name]
    else:
      row[registry.column(registry.MC, name)] = np.mean(
          [r.measures[name] for r in replies])
  return row


def _average(logprobs: Sequence[np.ndarray]) -> np.ndarray:
  """Log of the mean probability; exact for one order."""
  if len(logprobs) == 1:
    return np.asarray(logprobs[0], np.float64)
  stacked = np.stack(logprobs).astype(np.float64)
  return np.logaddexp.reduce(stacked, axis=0) - np.log(len(logprobs))


def _measure(logprobs: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
  """Choice measures of rows of any lengths."""
  # Powers of two: few shapes to compile for however many items and choices.
  n, width = len(logprobs), max(map(len, logprobs))
  shape = (1 << (n - 1).bit_length(), 1 << (width - 1).bit_length())
  padded, mask = np.zeros(shape, np.float32), np.zeros(shape, bool)
  for i, row in enumerate(logprobs):
    padded[i, :len(row)] = row
    mask[i, :len(row)] = True
  out = jax.device_get(
      choice_measures(jnp.asarray(padded), jnp.asarray(mask)))
  return {name: values[:n] for name, values in out.items()}


def _orders(mean: Sequence[np.ndarray],
            replies: Sequence[Sequence[Reply]]) -> dict[str, list]:
  """How much the answer depends on where the options stand.

  `order_divergence` is what averaging adds to the entropy: the mutual
  information of order and answer, over ln K.
  """
  out: dict[str, list] = {
      registry.ORDER_AGREEMENT: [], registry.ORDER_ENTROPY_SD: [],
      registry.ORDER_DIVERGENCE: [], cols.ORDER_CHOICE_LOGPROBS: []}
  for average, some in zip(mean, replies):
    each = np.stack([r.logprobs_C for r in some])
    entropies = _measure(list(each))[registry.CHOICE_ENTROPY].astype(np.float64)
    normalised = each - np.logaddexp.reduce(each, axis=1)[:, None]
    pooled = np.exp(normalised).mean(0)
    pooled_entropy = -(pooled[pooled > 0] * np.log(pooled[pooled > 0])).sum()
    out[registry.ORDER_AGREEMENT].append(
        float((each.argmax(1) == average.argmax()).mean()))
    out[registry.ORDER_ENTROPY_SD].append(float(entropies.std()))
    out[registry.ORDER_DIVERGENCE].append(float(max(
        pooled_entropy / np.log(max(len(average), 2)) - entropies.mean(), 0)))
    out[cols.ORDER_CHOICE_LOGPROBS].append(each.tolist())
  return out
