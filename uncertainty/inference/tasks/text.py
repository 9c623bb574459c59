"""Choices by the likelihood of their own words.

All of an item's choices branch off its prompt in one row, so the prompt is
read once. A choice's log-likelihood is the sum over its tokens of ln p given
the prompt and the tokens before; `prompt.text_score` says what becomes of it:

  sum        as it is: the probability of exactly these words
  per_token  divided by the number of tokens
  per_byte   divided by the number of UTF-8 bytes of the words as read
  pmi        minus the same words' log-likelihood after a content-free
             question (domain-conditional PMI, Holtzman et al. 2021)

All but `sum` are renormalised over the item's choices. The raw sums, lengths
and content-free sums are columns, so every other score can be had from them.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from uncertainty import models
from uncertainty.inference.capture_policy import capture_spec
from uncertainty.inference.score import Ask, Scores, score
from uncertainty.inference.tasks import text_tokens
from uncertainty.inference.tasks.choice_rows import Reply
from uncertainty.inference.tasks.letters import Asked, ask_all, finish
from uncertainty.inference.tasks.task import TaskChunk, Tokenizing
from uncertainty.inference.tasks.text_tokens import tokenize_texts
from uncertainty.results import columns
from uncertainty.specs import StudySpec
from uncertainty.types import Item, UserError

NEUTRAL = '(content-free question)'  # its name in errors
_BRANCHES = 16  # continuations of the content-free question in one row

TEXT_SCORES: dict[str, Callable[..., np.ndarray]] = {
    'sum': lambda sums, tokens, lengths, neutral: sums,
    'per_token': lambda sums, tokens, lengths, neutral: sums / tokens,
    'per_byte': lambda sums, tokens, lengths, neutral: sums / lengths,
    'pmi': lambda sums, tokens, lengths, neutral: sums - neutral,
}


def text(model: models.Model, items: Sequence[Item], spec: StudySpec, *,
         seed: int, done: frozenset[str] = frozenset(),
         ) -> Iterator[TaskChunk]:
  """Scores the words of each choice after the item's prompt.

  Args:
    model: a loaded model.
    items: closed questions, all of the run.
    spec: the run's; `prompt.text_score` is described above.
    seed: of the orders of choices.
    done: ids of items not to ask again.

  Yields:
    Items of a batch as they finish; columns of `choice_rows.chunk`, and
    `choice_logprobs_sum` (ln p), `…_tokens`, `…_bytes` and `…_neutral` (ln p)
    of each choice.

  Raises:
    UserError: an unknown score, a choice without words, an item with fewer than
      two choices, or what `score` raises.
  """
  text_score = spec.prompt.text_score
  if text_score not in TEXT_SCORES:
    raise UserError(f'prompt.text_score={text_score}: choose one of '
                    f'{", ".join(TEXT_SCORES)}')
  if all(item.item_id in done for item in items):
    return
  capture = capture_spec(spec, 'text')
  at_answer = capture is not None and capture.positions == 'answer'
  asked = ask_all(model, items, spec, 'text', seed)
  stems, words = continuations(model, asked)
  asks = [Ask(items[a.item].item_id, stem, tuple(w[0] for w in some), some,
              items[a.item].group, at_answer)
          for a, stem, some in zip(asked, stems, words)]
  neutral = _neutral(model, asked, words, spec, done, items)

  def reply(i: int, j: int, scores: Scores) -> Reply:
    """To ask i, in place j of a batch."""
    order, n = asked[i].order, len(asked[i].order)
    sums = _sums(i, words[i], scores.target_logprobs_NA[j], scores)
    counts = np.array([len(w) for w in words[i]])
    lengths = np.array([len(c.encode()) for c in asked[i].prompt.continuations])
    free = np.array([neutral.get((asked[i].prompt.neutral_text, w), np.nan)
                     for w in words[i]])
    found = TEXT_SCORES[text_score](sums, counts, lengths, free)
    if text_score != 'sum':
      found = found - np.logaddexp.reduce(found)
    own = np.empty(n, np.int64)  # place of each of the item's own choices
    own[list(order)] = np.arange(n)
    place = 1 + int(np.argmax(found)) if at_answer else 0
    last = words[i][place - 1][-1] if at_answer else stems[i][-1]
    return Reply(
        asked[i].prompt.text, len(stems[i]), found[own],
        float(np.logaddexp.reduce(sums)),
        {k: v[j] for k, v in scores.measures.items()},
        columns={
            columns.CHOICE_LOGPROBS_SUM: sums[own].tolist(),
            columns.CHOICE_LOGPROBS_TOKENS: counts[own].tolist(),
            columns.CHOICE_LOGPROBS_BYTES: lengths[own].tolist(),
            columns.CHOICE_LOGPROBS_NEUTRAL: free[own].tolist()},
        activations={s: x[j, place] for s, x in scores.activations.items()},
        captured_token=str(model.tokenizer.decode([last])))

  yield from finish(items, asked, done, lambda wanted: score(
      model, asks, spec.score, capture=capture, wanted=wanted, label='text'),
      reply)


def continuations(
    model: Tokenizing, asked: Sequence[Asked],
) -> tuple[list[tuple[int, ...]], list[tuple[tuple[int, ...], ...]]]:
  """Tokens of each prompt, and of each of its continuations.

  Prompt and continuation are tokenized together, as the model would read
  them, if the prompt's tokens come out the same; else (a token would straddle
  the boundary) each by itself.

  Args:
    model: whose tokenizer.
    asked: the prompts.

  Returns:
    Token ids of each prompt, and of each of its continuations.

  Raises:
    UserError: a continuation without tokens.
  """
  stems = tokenize_texts(model, [a.prompt.text for a in asked])
  pairs = [(i, c) for i, a in enumerate(asked) for c in a.prompt.continuations]
  # One at a time: together they are as many copies of a prompt as choices.
  joint = text_tokens.each(
      model, (asked[i].prompt.text + c for i, c in pairs))
  alone = dict(zip((c for _, c in pairs),
                   tokenize_texts(model, [c for _, c in pairs])))
  words: list[list[tuple[int, ...]]] = [[] for _ in asked]
  for (i, c), tokens in zip(pairs, joint):
    n = len(stems[i])
    found = tokens[n:] if tokens[:n] == stems[i] else alone[c]
    if not found:
      raise UserError(
          f'item {asked[i].prompt.item_id}: its choice {c.strip()!r} has no '
          'words to score; give it some, or use --config.prompt.answer='
          'letters')
    words[i].append(found)
  return stems, [tuple(w) for w in words]


def _sums(i: int, words: Sequence[Sequence[int]], firsts_A: np.ndarray,
          scores: Scores) -> np.ndarray:
  """Σ ln p of each continuation of ask i, float64."""
  return np.array([
      float(firsts_A[k]) + scores.branch_logprobs.get((i, k), 0.0)
      for k in range(len(words))])


def _neutral(
    model: models.Model, asked: Sequence[Asked],
    words: Sequence[Sequence[tuple[int, ...]]], spec: StudySpec,
    done: frozenset[str], items: Sequence[Item],
) -> dict[tuple[str, tuple[int, ...]], float]:
  """Σ ln p of every different (content-free prompt, words)."""
  pairs: dict[tuple[str, tuple[int, ...]], bool] = {}
  for a, some in zip(asked, words):
    fresh = items[a.item].item_id not in done
    for w in some:
      key = (a.prompt.neutral_text, w)
      if a.prompt.neutral_text:
        pairs[key] = pairs.get(key, False) or fresh
  by_text: dict[str, list[tuple[int, ...]]] = {}
  for neutral_text, w in pairs:
    by_text.setdefault(neutral_text, []).append(w)
  stems = dict(zip(by_text, tokenize_texts(model, list(by_text))))
  # Short words first, so that rows of one ask are about equally long.
  parts = [(t, sorted(some, key=lambda w: (len(w), w))[k:k + _BRANCHES])
           for t, some in by_text.items()
           for k in range(0, len(some), _BRANCHES)]
  asks = [Ask(NEUTRAL, stems[t], tuple(w[0] for w in part),
              tuple(part), group=t) for t, part in parts]
  wanted = {i for i, (t, part) in enumerate(parts)
            if any(pairs[t, w] for w in part)}
  out = {}
  for scores in score(model, asks, spec.score, wanted=wanted,
                      label='content-free question'):
    for j, i in enumerate(scores.asks_N.tolist()):
      t, part = parts[i]
      sums = _sums(i, part, scores.target_logprobs_NA[j], scores)
      out.update({(t, w): x for w, x in zip(part, sums.tolist())})
  return out
