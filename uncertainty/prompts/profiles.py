"""From items to prompts: which profile, style and format, and cleaning.

Profiles: `paper` reproduces the published prompts byte for byte, the brace
that strays into its chat multiple-choice prompts included; `clean` leaves that
out and uses each data set's own wording.
"""

import dataclasses
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from uncertainty import memory
from uncertainty.prompts import dialogue as dialogues
from uncertainty.prompts import free_response, multiple_choice, own_template
from uncertainty.prompts.dialogue import Dialogue
from uncertainty.prompts.instructions import (
    PAPER,
    WORDINGS,
    Example,
    Wording,
)
from uncertainty.specs import PromptSpec
from uncertainty.types import Item, Prompt, UserError

_T = TypeVar('_T')
_ASCII = str.maketrans({
    '\u2018': "'", '\u2019': "'", '\u201a': "'", '\u201b': "'",
    '\u201c': '"', '\u201d': '"', '\u201e': '"', '\u201f': '"',
    '\u2010': '-', '\u2011': '-', '\u2012': '-', '\u2013': '-',
    '\u2014': '-', '\u2015': '-', '\u2212': '-', '\u2026': '...',
})


def to_ascii(text: str) -> str:
  """Typographic quotes, dashes and the ellipsis as plain ASCII.

  Args:
    text: any text.

  Returns:
    The text; other characters stay as they are.
  """
  return text.translate(_ASCII)


def cleaned(item: Item) -> Item:
  """The item with its question and choices in plain punctuation.

  Args:
    item: any item.

  Returns:
    The item with `to_ascii` applied.
  """
  return dataclasses.replace(
      item, question=to_ascii(item.question),
      choices=tuple(map(to_ascii, item.choices)))


def build(items: Sequence[Item], spec: PromptSpec, tokenizer: Any, *,
          dataset: str) -> list[Prompt]:
  """One prompt per item.

  Args:
    items: closed questions for 'letters', 'numbers' and 'text'.
    spec: profile, style, and in `answer` one format: letters, numbers, text,
      free, statement (the question alone, for activations), or response (the
      question alone, its given answer as the continuation).
    tokenizer: for its chat template and BOS text.
    dataset: names the wording of the `clean` profile.

  Returns:
    Prompts in the items' order.

  Raises:
    UserError: an unknown profile, style, format or data set, an item without
      choices asked as a closed question, or as `fitting`.
  """
  if spec.profile not in ('paper', 'clean'):
    raise UserError(f'prompt.profile={spec.profile}: choose paper or clean')
  if spec.answer not in _FORMATS:
    raise UserError(f'prompt.answer={spec.answer}: no prompts for it; choose'
                    f' one of {", ".join(_FORMATS)}')
  style = dialogues.style_of(spec, tokenizer)
  setting = Setting(spec, tokenizer, wording_of(dataset, spec.profile),
                    style, dialogues.lead(tokenizer, style),
                    own_template.read(spec.template) if spec.template else '')
  make = _FORMATS[spec.answer] if not setting.template else _templated
  # Given answers are read as they were given, to the question as it was.
  shown = items if spec.answer == 'response' else map(cleaned, items)
  return fitting((make(item, setting) for item in shown), _bytes)


def fitting(made: Iterable[_T], n_bytes: Callable[[_T], int]) -> list[_T]:
  """Prompts, as long as they fit into memory together.

  Each has its own bound (`chat_template`), and there may be many.

  Args:
    made: prompts or their texts, one after another.
    n_bytes: how many bytes one takes.

  Returns:
    A list of them.

  Raises:
    UserError: together they take more than a sixteenth of this machine's
      memory.
  """
  return memory.held(
      made, n_bytes, 'the prompts', 'ask fewer items (config.data.limit), in'
      ' fewer orders (config.prompt.n_orders), or without a template that'
      ' writes so much')


def _bytes(prompt: Prompt) -> int:
  return sum(map(sys.getsizeof, (
      prompt.text, prompt.neutral_text, *prompt.continuations)))


@dataclasses.dataclass(frozen=True)
class Setting:
  """What all prompts of a call share."""

  spec: PromptSpec
  tokenizer: Any
  wording: Wording
  style: str  # chat | completion
  lead: str  # between a prompt and the words of its answer
  template: str = ''  # that writes the prompts; '': the wording does

  def write(self, dialogue: Dialogue) -> str:
    """The prompt's text in the call's style; see `dialogue.write`.

    Args:
      dialogue: the turns.

    Returns:
      The text, special tokens written out.
    """
    return dialogues.write(dialogue, self.tokenizer, self.style)


def wording_of(dataset: str, profile: str) -> Wording:
  """The data set's wording; the published one in the `paper` profile.

  Args:
    dataset: a name in `instructions.WORDINGS`.
    profile: `paper` or `clean`.

  Returns:
    The wording.

  Raises:
    UserError: a data set without prompts.
  """
  if dataset not in WORDINGS:
    raise UserError(f'data.name={dataset}: no prompts for this data set; it'
                    f' must be one of {", ".join(WORDINGS)}')
  return PAPER if profile == 'paper' else WORDINGS[dataset]


def examples_of(item: Item, setting: Setting) -> tuple[Example, ...]:
  """Worked examples: the item's own subject's, else the data set's.

  Args:
    item: the item asked; `extra['examples']` may hold its subject's.
    setting: profile, wording and whether examples are shown.

  Returns:
    The examples; empty for `few_shot=False`.
  """
  if not setting.spec.few_shot:
    return ()
  own = item.extra.get('examples', ())
  if setting.spec.profile == 'paper' or not own:
    return setting.wording.examples
  return tuple(Example(to_ascii(e.question), tuple(map(to_ascii, e.choices)),
                       e.answer) for e in own if e.answer is not None)


def _labelled(kind: str) -> Callable[[Item, Setting], Prompt]:
  def make(item: Item, setting: Setting) -> Prompt:
    _need_choices(item, setting)
    stray = setting.spec.profile == 'paper' and setting.style == 'chat'
    dialogue = multiple_choice.labelled(
        item, setting.wording, examples_of(item, setting), kind=kind,
        stray_brace=stray)
    return Prompt(item.item_id, setting.write(dialogue))
  return make


def _text(item: Item, setting: Setting) -> Prompt:
  _need_choices(item, setting)
  examples = examples_of(item, setting)
  neutral = dataclasses.replace(item, question=setting.wording.neutral)
  return Prompt(
      item.item_id,
      setting.write(multiple_choice.worded(item, setting.wording, examples)),
      continuations=tuple(setting.lead + choice for choice in item.choices),
      neutral_text=setting.write(
          multiple_choice.worded(neutral, setting.wording, examples)))


def _free(item: Item, setting: Setting) -> Prompt:
  wording = setting.wording
  examples = tuple(e for e in wording.examples if e.reply)
  if not examples:
    examples = PAPER.examples
  dialogue = free_response.bracketed(
      item, wording, examples if setting.spec.few_shot else (),
      style=setting.style)
  return Prompt(item.item_id, setting.write(dialogue))


def _statement(item: Item, setting: Setting) -> Prompt:
  bos = getattr(setting.tokenizer, 'bos_token', None) or ''
  return Prompt(item.item_id, bos + item.question)


def _templated(item: Item, setting: Setting) -> Prompt:
  spec = setting.spec
  if spec.answer in ('letters', 'numbers', 'text'):
    _need_choices(item, setting)
  return own_template.build(
      item, setting.template, setting.tokenizer,
      answer=spec.answer, style=setting.style,
      examples=examples_of(item, setting), neutral=setting.wording.neutral)


def _response(item: Item, setting: Setting) -> Prompt:
  asked = setting.write(Dialogue(system='', examples=(), user=item.question))
  return Prompt(item.item_id, asked,
                (setting.lead + str(item.extra['response']),))


def _need_choices(item: Item, setting: Setting) -> None:
  if len(item.choices) < 2:
    raise UserError(f'item {item.item_id}: it has no choices to answer with'
                    f' {setting.spec.answer}; use --config.prompt.answer=free')


_FORMATS: dict[str, Callable[[Item, Setting], Prompt]] = {
    'letters': _labelled('letters'),
    'numbers': _labelled('numbers'),
    'text': _text,
    'free': _free,
    'statement': _statement,
    'response': _response,
}
