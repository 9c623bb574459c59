"""A prompt before it is text: turns, and how they are written out."""

import dataclasses
import functools
from typing import Any

from uncertainty.prompts import chat_template
from uncertainty.specs import PromptSpec
from uncertainty.types import UserError

# Some templates print the day; a fixed one keeps prompts equal across days.
CHAT_DATE = '26 Jul 2024'

_PROBE = 'uncertainty-probe'


@dataclasses.dataclass(frozen=True)
class Dialogue:
  """Turns that end with the user's question.

  Attributes:
    system: the system turn of a chat; completion prompts do without.
    examples: (user, assistant) turns of the worked examples.
    user: the last user turn.
    opening: how the assistant's last turn begins, such as '{'; '' if free.
    intro: first paragraph of a completion prompt; '' for none.
    cue: ends each user turn of a completion prompt, on a line of its own.
    separator: stands between the turns of a completion prompt.
  """

  system: str
  examples: tuple[tuple[str, str], ...]
  user: str
  opening: str = ''
  intro: str = ''
  cue: str = ''
  separator: str = '\n\n'


def style_of(spec: PromptSpec, tokenizer: Any) -> str:
  """'chat' or 'completion': the spec's, or what the tokenizer allows.

  Args:
    spec: what is asked for.
    tokenizer: the model's; `auto` chats if it has a chat template.

  Returns:
    `chat` or `completion`.

  Raises:
    UserError: chat asked of a tokenizer without a template, or no such style.
  """
  if spec.style not in ('auto', 'chat', 'completion'):
    raise UserError(f'prompt.style={spec.style}: choose auto, chat or'
                    ' completion')
  has_template = bool(getattr(tokenizer, 'chat_template', None))
  if spec.style == 'chat' and not has_template:
    raise UserError("prompt.style=chat: this model's tokenizer has no chat"
                    ' template; use --config.prompt.style=completion')
  if spec.style == 'auto':
    return 'chat' if has_template else 'completion'
  return spec.style


def write(dialogue: Dialogue, tokenizer: Any, style: str) -> str:
  """The prompt's text, special tokens written out.

  Args:
    dialogue: the turns.
    tokenizer: for its chat template and the text of its BOS token.
    style: 'chat' or 'completion'.

  Returns:
    The text, to be tokenized with `add_special_tokens=False`.

  Raises:
    UserError: the chat template cannot be applied.
  """
  return _WRITERS[style](dialogue, tokenizer)


def lead(tokenizer: Any, style: str) -> str:
  """What stands between a prompt and the words of its answer.

  A space in completions; in chats whatever the template puts in front of an
  assistant's words, mostly nothing.

  Args:
    tokenizer: the model's.
    style: `chat` or `completion`.

  Returns:
    The text between, perhaps empty.

  Raises:
    UserError: the chat template cannot be applied.
  """
  if style == 'completion':
    return ' '
  asked = [{'role': 'user', 'content': 'Hello'}]
  answered = [*asked, {'role': 'assistant', 'content': _PROBE}]
  prompt = _apply(tokenizer, asked, add_generation_prompt=True)
  whole = _apply(tokenizer, answered, add_generation_prompt=False)
  before = whole.partition(_PROBE)[0]
  return before[len(prompt):] if before.startswith(prompt) else ''


def _write_completion(dialogue: Dialogue, tokenizer: Any) -> str:
  cue = '\n' + dialogue.cue if dialogue.cue else ''
  paragraphs = [*([dialogue.intro] if dialogue.intro else []),
                *(f'{user}{cue} {reply}' for user, reply in dialogue.examples),
                dialogue.user + cue]
  opening = ' ' + dialogue.opening if dialogue.opening else ''
  bos = getattr(tokenizer, 'bos_token', None) or ''
  return bos + dialogue.separator.join(paragraphs) + opening


def _write_chat(dialogue: Dialogue, tokenizer: Any) -> str:
  turns = [turn for user, reply in dialogue.examples
           for turn in ({'role': 'user', 'content': user},
                        {'role': 'assistant', 'content': reply})]
  turns.append({'role': 'user', 'content': dialogue.user})
  if dialogue.system and takes_system(tokenizer):
    turns.insert(0, {'role': 'system', 'content': dialogue.system})
  elif dialogue.system:
    first = f'{dialogue.system}\n\n{turns[0]["content"]}'
    turns[0] = {'role': 'user', 'content': first}
  text = _apply(tokenizer, turns, add_generation_prompt=True)
  return text + dialogue.opening


_WRITERS = {'chat': _write_chat, 'completion': _write_completion}


def takes_system(tokenizer: Any) -> bool:
  """Whether the chat template shows a system turn: some raise, some drop it.

  Args:
    tokenizer: with a chat template.

  Returns:
    True if the system turn's words come out.
  """
  return _takes_system(tokenizer, str(tokenizer.chat_template))


@functools.lru_cache(maxsize=8)
def _takes_system(tokenizer: Any, template: str) -> bool:
  del template  # a part of the key, since it may be replaced
  turns = [{'role': 'system', 'content': _PROBE},
           {'role': 'user', 'content': 'Hello'}]
  try:
    text = _apply(tokenizer, turns, add_generation_prompt=True)
  except UserError:
    return False
  return _PROBE in text


def _apply(tokenizer: Any, turns: list[dict[str, str]], *,
           add_generation_prompt: bool) -> str:
  return chat_template.render(tokenizer.get_chat_template(), {
      **tokenizer.special_tokens_map, 'messages': turns, 'tools': None,
      'documents': None, 'add_generation_prompt': add_generation_prompt,
      'date_string': CHAT_DATE})
