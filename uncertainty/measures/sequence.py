"""Measures of a generated sequence, and where its bracketed answer lies.

A step's measures are those of its next-token distribution. A sequence's are
their means over steps, but for nucleus entropy, which is Σ H_t / Σ ln n_t over
the steps whose nucleus holds more than one token, and for perplexity,
exp(mean of −ln p) of the generated tokens (Moore et al. 2026, arXiv
2605.30675; checked against the published files).
"""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from uncertainty.measures import registry
from uncertainty.measures.measure import (
    BRACKET,
    BRACKET_FIRST,
    FR,
    FR_FIRST,
    column,
)

STOP_TOKENS = ('}', ' }')


@dataclasses.dataclass(frozen=True)
class Bracket:
  """The part of a generated sequence that is its answer.

  Attributes:
    answer: the text before the first closing brace, an opening brace that
      repeats the prompt's taken off; the whole text if no brace closes.
    first: index of the first token of the bracket.
    last: one past its last token; equal to `first` if it holds no token.
    found: whether a brace closes.
    inferred: whether the whole sequence stands in for the bracket.
    reason: '' or why there is no plain answer in braces.
  """

  answer: str
  first: int
  last: int
  found: bool
  inferred: bool
  reason: str


def find_bracket(token_strings: Sequence[str], text: str | None = None,
                 hit_cap: bool = False) -> Bracket:
  """Finds the answer that follows the prompt's opened brace.

  The bracket is every token that overlaps the text before the first `}`:
  `lt}` and ` }` count (a letter or space of theirs is inside), `}.` does not.
  Nested braces end at the first `}`; of several pairs the first counts.

  Args:
    token_strings: the tokens' texts in order, '' for special tokens. A token
      that holds part of a character may read U+FFFD.
    text: the sequence's text, where it is not the tokens' texts joined.
    hit_cap: whether the generation was cut off.

  Returns:
    A `Bracket`; an empty answer has no tokens and a reason.
  """
  joined = ''.join(token_strings) if text is None else text
  # '}' is one byte in UTF-8, never part of another character, so the token
  # that holds it can be told from its own text.
  closing = next((i for i, s in enumerate(token_strings) if '}' in s), None)
  answer = joined.split('}', 1)[0].strip()
  answer = answer.removeprefix('{').strip()
  if closing is None:
    reason = 'no closing brace within the cap' if hit_cap else (
        'no closing brace' if answer else 'empty answer')
    return Bracket(answer, 0, len(token_strings), False, True, reason)
  last = closing + (not token_strings[closing].startswith('}'))
  inside = [i for i in range(last) if token_strings[i]]
  if not inside:
    return Bracket(answer, 0, 0, True, False, 'empty answer')
  reason = '' if answer.strip('{ ') else 'empty answer'
  return Bracket(answer, inside[0], last, True, False, reason)


def aggregate(
    steps_T: Mapping[str, np.ndarray], first: int, last: int,
) -> dict[str, float]:
  """Sequence measures of one item over steps `first` to `last` − 1.

  Args:
    steps_T: measure → its value at each step; must hold `token_logprob`, the
      ln p of the generated tokens.
    first: first of the steps.
    last: one past the last, as in slicing.

  Returns:
    measure → value, with `perplexity` in place of `token_logprob`; all NaN if
    there are no steps.
  """
  names = [n for n in steps_T if n != 'token_logprob'] + [registry.PERPLEXITY]
  if last <= first:
    return dict.fromkeys(names, float('nan'))
  part = {n: np.asarray(v[first:last], np.float64)
          for n, v in steps_T.items()}
  out = {n: float(part[n].mean()) for n in names if n in part}
  for name in names:
    if name.startswith(registry.NUCLEUS_ENTROPY):
      size = part[registry.NUCLEUS_SIZE
                  + name.removeprefix(registry.NUCLEUS_ENTROPY)]
      out[name] = nucleus_entropy(part[name], size)
  out[registry.PERPLEXITY] = float(np.exp(-part['token_logprob'].mean()))
  return out


def nucleus_entropy(entropy_T: np.ndarray, size_T: np.ndarray) -> float:
  """A sequence's nucleus entropy, Σ H_t / Σ ln n_t over its steps.

  Args:
    entropy_T: each step's normalised entropy H_t / ln n_t.
    size_T: tokens in each step's nucleus, n_t.

  Returns:
    In [0, 1]; 0 if every nucleus holds one token.

  Source:
    Moore et al. 2026, arXiv 2605.30675.
  """
  log_sizes = np.log(np.asarray(size_T, np.float64))
  if not np.any(log_sizes > 0):
    return 0.0
  return float(np.sum(np.asarray(entropy_T, np.float64) * log_sizes)
               / np.sum(log_sizes))


def columns(
    steps_T: Mapping[str, np.ndarray], length: int, bracket: Bracket,
) -> dict[str, float]:
  """All sequence columns of one item.

  `fr_` the whole sequence, `bracket_` the tokens inside the braces,
  `fr_first_` and `bracket_first_` the first token of each.

  Args:
    steps_T: measure → its value at each step; must hold `token_logprob`.
    length: tokens of the whole sequence.
    bracket: where its answer lies (`find_bracket`).

  Returns:
    Results column → value; NaN over no tokens.
  """
  spans = {
      FR: (0, length),
      BRACKET: (bracket.first, bracket.last),
      FR_FIRST: (0, min(1, length)),
      BRACKET_FIRST: (bracket.first, min(bracket.first + 1, bracket.last)),
  }
  return {
      column(prefix, name): value
      for prefix, (first, last) in spans.items()
      for name, value in aggregate(steps_T, first, last).items()
  }
