"""Dialogues as text: completions by hand, and chats of simple templates."""

import pytest

from uncertainty.prompts import dialogue
from uncertainty.prompts.dialogue import Dialogue
from uncertainty.specs import PromptSpec
from uncertainty.types import UserError

TURNS = Dialogue(
    system='Be short.', examples=(('One?', '1'), ('Two?', '2')),
    user='Three?', opening='{', intro='Numbers.', cue='Answer:')


class Plain:
  """A tokenizer without a chat template."""

  chat_template = None
  bos_token = '<s>'


class Chat:
  """A tokenizer whose template marks turns as [role]."""

  bos_token = '<s>'

  def __init__(self, allows=('system', 'user', 'assistant'), shows=None,
               after_assistant=''):
    # Lists of Jinja are written as Python's.
    self.chat_template = (
        f'{{% for turn in messages %}}{{% if turn.role not in {allows} %}}'
        '{{ raise_exception("no " + turn.role + " turns") }}{% endif %}'
        f'{{% if turn.role in {shows or allows} %}}[{{{{ turn.role }}}}]'
        f'{{% if turn.role == "assistant" %}}{{{{ {after_assistant!r} }}}}'
        '{% endif %}'
        '{{ turn.content }}{% endif %}{% endfor %}'
        '{% if add_generation_prompt %}[assistant]{% endif %}')
    self.special_tokens_map = {'bos_token': self.bos_token}

  def get_chat_template(self):
    return self.chat_template


def test_a_completion_is_paragraphs_that_end_in_the_cue():
  assert dialogue.write(TURNS, Plain(), 'completion') == (
      '<s>Numbers.\n\nOne?\nAnswer: 1\n\nTwo?\nAnswer: 2\n\n'
      'Three?\nAnswer: {')


def test_a_completion_leaves_out_what_a_dialogue_lacks():
  bare = Dialogue(system='Be short.', examples=(('One?', '1'),), user='Two?',
                  separator='\n')
  assert dialogue.write(bare, Plain(), 'completion') == '<s>One? 1\nTwo?'


def test_a_chat_ends_in_the_opened_turn_of_the_assistant():
  assert dialogue.write(TURNS, Chat(), 'chat') == (
      '[system]Be short.[user]One?[assistant]1[user]Two?[assistant]2'
      '[user]Three?[assistant]{')


@pytest.mark.parametrize('tokenizer', [
    Chat(allows=('user', 'assistant')),
    Chat(shows=('user', 'assistant'))], ids=['refuses', 'drops'])
def test_without_system_turns_the_first_user_turn_holds_it(tokenizer):
  assert not dialogue.takes_system(tokenizer)
  assert dialogue.write(TURNS, tokenizer, 'chat').startswith(
      '[user]Be short.\n\nOne?[assistant]1')


def test_a_template_that_is_replaced_is_asked_anew():
  tokenizer = Chat()
  assert dialogue.takes_system(tokenizer)
  tokenizer.__init__(allows=('user', 'assistant'))
  assert not dialogue.takes_system(tokenizer)


def test_a_template_that_fails_names_the_other_style():
  with pytest.raises(UserError, match='no assistant turns.*style=completion'):
    dialogue.write(TURNS, Chat(allows=('user',)), 'chat')


def test_the_lead_is_what_a_template_puts_before_an_answer():
  assert dialogue.lead(Plain(), 'completion') == ' '
  assert dialogue.lead(Chat(), 'chat') == ''
  assert dialogue.lead(Chat(after_assistant='\n'), 'chat') == '\n'


def test_auto_chats_where_there_is_a_template():
  assert dialogue.style_of(PromptSpec(style='auto'), Chat()) == 'chat'
  assert dialogue.style_of(PromptSpec(style='auto'), Plain()) == 'completion'
  assert dialogue.style_of(
      PromptSpec(style='completion'), Chat()) == 'completion'


@pytest.mark.parametrize(('style', 'words'), [
    ('chat', 'no chat template; use --config.prompt.style=completion'),
    ('chatt', 'choose auto, chat or completion')])
def test_a_style_that_cannot_be_had_says_what_can(style, words):
  with pytest.raises(UserError, match=words):
    dialogue.style_of(PromptSpec(style=style), Plain())
