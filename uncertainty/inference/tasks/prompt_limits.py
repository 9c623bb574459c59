"""Whether a model can read what a way of asking shows it, before it is loaded.

The same checks stand where prompts are computed; here they come before a
workdir is claimed. Prompts that are short even if each byte becomes as many
tokens as it can are not cut into tokens for it.
"""

from collections.abc import Callable, Iterator, Sequence

from uncertainty import models
from uncertainty.inference import generate
from uncertainty.inference.score import Ask, check_prompts
from uncertainty.inference.tasks import response
from uncertainty.inference.tasks.letters import Asked
from uncertainty.inference.tasks.text import NEUTRAL, continuations
from uncertainty.inference.tasks.text_tokens import tokenize_texts
from uncertainty.models import tokenizer_rules
from uncertainty.specs import StudySpec
from uncertainty.types import Item, Prompt


def check_texts(model: models.Opened, items: Sequence[Item],
                texts: Sequence[Sequence[str]], spec: StudySpec, task: str,
                ) -> None:
  """Refuses prompts that are too long, empty, or of unknown tokens.

  Args:
    model: its weights may be yet to load.
    items: N items of the run.
    texts: what `prompt_texts` says of each.
    spec: the run's.
    task: a key of `TASKS`.

  Raises:
    UserError: a prompt beyond the model's context, without any token, or with
      one that the model has no embedding of.
  """
  if task in _CHECKS:  # a plugin's own look at them as they are read
    _CHECKS[task](model, items, texts, spec, _may_be_long(model))


def _may_be_long(model: models.Opened) -> Callable[..., bool]:
  """Says of texts, read one after another, if they must be cut to know."""
  limit = model.config.context_length
  backend = model.tokenizer.backend_tokenizer
  most = tokenizer_rules.most_tokens(backend)
  last = max(backend.get_vocab().values(), default=0)

  def may_be_long(*texts: str, more: int = 0) -> bool:
    n = sum(len(text.encode()) for text in texts)
    return (last >= model.config.vocab_size or not texts[0]
            or most * n + more > limit)

  return may_be_long


def _scored(model: models.Opened, items: Sequence[Item],
            texts: Sequence[Sequence[str]], spec: StudySpec,
            may_be_long: Callable[..., bool]) -> None:
  """Prompts alone."""
  del spec
  pairs = [(item, text) for item, some in zip(items, texts, strict=True)
           for text in some]
  pairs = [pair for pair in pairs if may_be_long(pair[1])]
  stems = tokenize_texts(model, [text for _, text in pairs])
  check_prompts(model, [Ask(item.item_id, stem, ())
                        for (item, _), stem in zip(pairs, stems, strict=True)])


def _labelled(model: models.Opened, items: Sequence[Item],
              texts: Sequence[Sequence[str]], spec: StudySpec,
              may_be_long: Callable[..., bool]) -> None:
  """Prompts, each without the content-free question that others have."""
  _scored(model, items, [some[::2] for some in texts], spec, may_be_long)


def _with_words(model: models.Opened, items: Sequence[Item],
                texts: Sequence[Sequence[str]], spec: StudySpec,
                may_be_long: Callable[..., bool]) -> None:
  """Prompts, each with its choices and a content-free question."""
  del spec
  asked = [
      a for a in _asked(items, texts) if any(
          may_be_long(text, words) for words in a.prompt.continuations
          for text in (a.prompt.text, a.prompt.neutral_text))]
  stems, words = continuations(model, asked)
  check_prompts(model, [
      Ask(a.prompt.item_id, stem, (), some)
      for a, stem, some in zip(asked, stems, words, strict=True)])
  longest: dict[str, tuple[int, ...]] = {}
  for a, some in zip(asked, words, strict=True):
    text = a.prompt.neutral_text
    longest[text] = max(longest.get(text, ()), *some, key=len)
  stems = tokenize_texts(model, longest)
  check_prompts(model, [
      Ask(NEUTRAL, stem, (), (word,)) for (text, word), stem in zip(
          longest.items(), stems, strict=True) if text])


def _asked(items: Sequence[Item], texts: Sequence[Sequence[str]],
           ) -> Iterator[Asked]:
  for i, (item, some) in enumerate(zip(items, texts, strict=True)):
    n = len(item.choices) + 2
    for at in range(0, len(some), n):
      text, *words, neutral = some[at:at + n]
      yield Asked(i, (), item, Prompt(
          item.item_id, text, tuple(words), neutral_text=neutral))


def _answered(model: models.Opened, items: Sequence[Item],
              texts: Sequence[Sequence[str]], spec: StudySpec,
              may_be_long: Callable[..., bool]) -> None:
  """Prompts with room for what the model writes."""
  for some in zip(*texts, strict=True):  # one wording of all items
    long = {item.item_id: text for item, text in zip(items, some, strict=True)
            if may_be_long(text, more=spec.free.max_tokens)}
    tokens = tokenize_texts(model, long.values())
    generate.check_requests(model, [
        generate.Request(name, row)
        for name, row in zip(long, tokens, strict=True)],
        spec.free.max_tokens)


def _given(model: models.Opened, items: Sequence[Item],
           texts: Sequence[Sequence[str]], spec: StudySpec,
           may_be_long: Callable[..., bool]) -> None:
  """Prompts, each with one given answer."""
  del spec
  response.tokens(model, [
      Asked(i, (), item, Prompt(item.item_id, text, (words,)))
      for i, (item, (text, words)) in enumerate(
          zip(items, texts, strict=True)) if may_be_long(text, words)])


_CHECKS: dict[str, Callable[..., None]] = {
    'letters': _labelled, 'numbers': _labelled, 'text': _with_words,
    'statement': _scored, 'free': _answered, 'p_true': _answered,
    'samples': _answered, 'verbal': _answered, 'response': _given,
}
