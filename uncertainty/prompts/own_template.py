"""Prompts by a template of one's own: a file in Jinja.

It runs where chat templates do, in a sandbox within limits of time and memory,
and may read `question`, `choices`, `labels` (of the choices), `group`,
`answer` (the way of asking), `style` (chat | completion) and `examples`, each
with `question`, `choices`, `answer` (an index) and `reply`. In a chat
`{{ turn.system }}`, `{{ turn.user }}` and `{{ turn.assistant }}` begin a turn;
a text without them is the user's. The last turn is the user's, or the
beginning of the assistant's. A completion is the text as it is.
"""

import functools
import pathlib
import re
from collections.abc import Sequence
from typing import Any

import jinja2
from absl import logging

from uncertainty import files
from uncertainty.errors import hint
from uncertainty.prompts import chat_template, dialogue
from uncertainty.prompts.instructions import Example
from uncertainty.prompts.labels import LABELS
from uncertainty.types import Item, Prompt, UserError

# Begins a turn. It is taken out of what items say, so that no question can
# pass for another turn.
_MARK = '\x1e'
_TURNS = {role: f'{_MARK}{role}{_MARK}'
          for role in ('system', 'user', 'assistant')}
_SPLIT = re.compile(f'{_MARK}(system|user|assistant){_MARK}')
_MOST_BYTES = 1 << 20


def read(path: str) -> str:
  """The text of a template.

  Args:
    path: of the file, in UTF-8.

  Returns:
    The text.

  Raises:
    UserError: there is no such file, or it is no text, or empty, or takes
      nothing of an item.
  """
  file = pathlib.Path(path).expanduser()
  if not file.is_file():
    raise UserError(f'prompt.template={path}: there is no such file')
  if file.stat().st_size > _MOST_BYTES:
    raise UserError(f'prompt.template={path}: is larger than a megabyte')
  with files.malformed(f'prompt.template={path}', 'give a text in UTF-8'):
    text = file.read_text(encoding='utf-8')
  if not text:
    raise UserError(f'prompt.template={path}: is empty; leave the field out to '
                    'ask in the package\'s own words')
  taken = _names(text)
  if not taken & {'question', 'choices', 'group'}:
    raise UserError(f'prompt.template={path}: asks every item the same; write '
                    '{{ question }} where the question goes')
  if 'question' not in taken:
    _warn(path)
  return text


@functools.cache  # once: each task reads the file
def _warn(path: str) -> None:
  logging.warning('prompt.template=%s has no {{ question }}: models will not '
                  'see what is asked', path)


def _names(template: str) -> set[str]:
  """Variables that a template names, `e.question` not being `question`."""
  found, before = set(), ''
  try:
    for _, kind, value in jinja2.Environment().lex(template):
      if kind == 'name' and before != '.':
        found.add(value)
      if kind != 'whitespace':
        before = value
  except jinja2.TemplateSyntaxError:  # which is said where it is applied
    return {'question'}
  return found


def build(item: Item, template: str, tokenizer: Any, *, answer: str,
          style: str, examples: Sequence[Example], neutral: str) -> Prompt:
  """One prompt, as the template writes it.

  Args:
    item: what is asked.
    template: of `read`.
    tokenizer: for its chat template and the text of its BOS token.
    answer: letters, numbers, text, free, statement or response.
    style: chat or completion.
    examples: worked ones, that the template may show.
    neutral: the content-free question of PMI.

  Returns:
    The prompt; for `text` with the choices' words as continuations, for
    `response` with the given answer.

  Raises:
    UserError: the template raises, takes more than its limits, writes nothing
      or turns out of order.
  """
  def written(question: str) -> tuple[str, bool]:
    return _write(template, _variables(
        item, question, answer, style, examples), tokenizer, style,
        item.item_id)

  text, opened = written(item.question)
  if answer not in ('text', 'response'):
    return Prompt(item.item_id, text)
  lead = dialogue.lead(tokenizer, style)
  if opened:
    lead = '' if text[-1].isspace() else ' '
  if answer == 'response':
    return Prompt(item.item_id, text, (lead + str(item.extra['response']),))
  return Prompt(item.item_id, text,
                tuple(lead + choice for choice in item.choices),
                written(neutral)[0])


def _variables(item: Item, question: str, answer: str, style: str,
               examples: Sequence[Example]) -> dict[str, Any]:
  label = LABELS['numbers' if answer == 'numbers' else 'letters']

  def labels(choices: Sequence[str]) -> list[str]:
    return [label(i) for i in range(len(choices))]

  return {
      'question': _plain(question), 'group': _plain(item.group),
      'choices': [_plain(choice) for choice in item.choices],
      'labels': labels(item.choices), 'answer': answer, 'style': style,
      'turn': _TURNS,
      'examples': [
          {'question': _plain(e.question), 'answer': e.answer,
           'choices': [_plain(choice) for choice in e.choices],
           'labels': labels(e.choices), 'reply': _plain(e.reply)}
          for e in examples]}


def _plain(text: str) -> str:
  return text.replace(_MARK, '')


def _write(template: str, variables: dict[str, Any], tokenizer: Any,
           style: str, item_id: str) -> tuple[str, bool]:
  """The prompt, and whether what follows is within a line already begun."""
  try:
    text = _renderer().render(template, variables)
  except UserError as error:
    unknown = re.search(r"'(\w+)' is undefined", str(error))
    if not unknown:
      raise
    raise UserError(f'{error}; {hint(unknown[1], variables)}') from error
  where = f'prompt.template, item {item_id}'
  if not text.strip():
    raise UserError(f'{where}: it writes nothing')
  if style == 'completion':
    if _MARK in text:
      raise UserError(f"{where}: turns are for chats; write them within {{% if "
                      "style == 'chat' %}")
    return (getattr(tokenizer, 'bos_token', None) or '') + text, True
  made = _dialogue(text, where)
  return (dialogue.write(made, tokenizer, style), bool(made.opening))


def _dialogue(text: str, where: str) -> dialogue.Dialogue:
  before, *rest = _SPLIT.split(text)
  turns = list(zip(rest[::2], rest[1::2], strict=True))
  if before.strip():
    turns.insert(0, ('user', before))
  system = ''
  if turns and turns[0][0] == 'system':
    system = turns.pop(0)[1].strip()
  opening = ''
  if turns and turns[-1][0] == 'assistant':
    opening = turns.pop()[1].lstrip('\n')
  order = ['user', 'assistant'] * (len(turns) // 2) + ['user']
  if [role for role, _ in turns] != order:
    raise UserError(
        f'{where}: after the system turn, if any, those of user and assistant '
        'must alternate, the last but an opened one being the user\'s')
  said = [words.strip() for _, words in turns]
  return dialogue.Dialogue(
      system=system, user=said[-1], opening=opening,
      examples=tuple(zip(said[:-1:2], said[1::2], strict=True)))


@functools.cache
def _renderer() -> chat_template.Renderer:
  return chat_template.Renderer(
      subject='config.prompt.template', remedy='correct it', strict=True)
