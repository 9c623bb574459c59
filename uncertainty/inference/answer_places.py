"""Where in a prompt and its written answer activations are taken.

  before_generating  the prompt's last token (TBG, Kossen et al. 2024; P(IK))
  second_last        the last generated token but one (SLT): the last one ends
                     the sequence and holds little of the answer
  bracket_mean       mean over the tokens within the braces
  answer_end         the last token within the braces (SAPLMA)
  exact_answer       the last token of the first words within the braces that
                     the question does not have and that are no article

The exact answer token of Orgad et al. (2025) is found without the right
answer, which they search the text for: else where it stands would tell whether
it is right.

Source:
  Kossen et al. 2024, Semantic entropy probes (arXiv 2406.15927), section 4;
  Azaria & Mitchell 2023, The internal state of an LLM knows when it's lying
  (arXiv 2304.13734), section 3; Orgad et al. 2025, LLMs know more than they
  show (arXiv 2410.02707), section 3.
"""

import dataclasses
import itertools
import re
from collections.abc import Callable, Mapping, Sequence

from uncertainty.measures import grading
from uncertainty.measures.sequence import Bracket


@dataclasses.dataclass(frozen=True)
class Written:
  """A written answer.

  Attributes:
    question: what was asked.
    strings: the generated tokens' texts.
    bracket: where the answer lies among them.
  """

  question: str
  strings: Sequence[str]
  bracket: Bracket


def inside(answer: Written) -> range:
  """The tokens of the answer.

  Args:
    answer: of one token or more.

  Returns:
    Their places among the generated ones; of an empty answer the token that
    closed it.
  """
  first = min(answer.bracket.first, len(answer.strings) - 1)
  return range(first, max(answer.bracket.last, first + 1))


def exact_answer(answer: Written) -> int:
  """The token that carries the answer.

  Args:
    answer: of one token or more.

  Returns:
    Its place: the last token of the first run of words that are neither in
    the question nor articles; the answer's last token where there are none.
  """
  tokens = inside(answer)
  ends = list(itertools.accumulate(len(answer.strings[i]) for i in tokens))
  text = ''.join(answer.strings[i] for i in tokens).split('}', 1)[0]
  known = {*grading.normalise(answer.question), *grading.ARTICLES}
  end = None
  for word in re.finditer(r'\w+', text):
    if not known.issuperset(grading.normalise(word.group())):
      end = word.end()
    elif end is not None:
      break
  if end is None:
    return tokens[-1]
  return next(i for i, stop in zip(tokens, ends) if stop >= end)


PLACES: Mapping[str, Callable[[Written], Sequence[int]]] = {
    'bracket_mean': inside,
    'before_generating': lambda answer: (-1,),
    'second_last': lambda answer: (max(len(answer.strings) - 2, 0),),
    'answer_end': lambda answer: inside(answer)[-1:],
    'exact_answer': lambda answer: (exact_answer(answer),),
}
"""Position → places among the generated tokens, −1 for the prompt's last;
activations are averaged over them."""
