"""Hostile templates end in a UserError; honest ones as in transformers."""

import importlib.util
import pathlib

import pytest

from uncertainty.errors import UserError
from uncertainty.prompts import chat_template, dialogue

_PATH = pathlib.Path(__file__).with_name('templates.py')
_SPEC = importlib.util.spec_from_file_location('templates', _PATH)
templates = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(templates)

DIALOGUE = dialogue.Dialogue(
    system='', examples=((' What is "2" < 3? ü', 'Yes.'),), user='And 3?')
TURNS = [{'role': 'user', 'content': ' What is "2" < 3? ü'},
         {'role': 'assistant', 'content': 'Yes.'},
         {'role': 'user', 'content': 'And 3?'}]

_LOOPS = ('{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}'
          '{% endfor %}')
_DOUBLES = ("{% set n = namespace(x='a') %}{% for i in range(40) %}"
            '{% set n.x = n.x ~ n.x %}{% endfor %}')


@pytest.mark.parametrize('source', [
    templates.LLAMA_32, templates.FALCON_3, templates.GEMMA_2,
    templates.MISTRAL_01, templates.DROPS_SYSTEM,
    "{% generation %}{{ messages | tojson(indent=2) }}{% endgeneration %}",
    "{% for m in messages if m.content %}{% continue %}x{% endfor %}",
    "{% set n = namespace(a=0) %}{% set n.a = 1 %}{{ n.a }} {{ dict(a=1) }}",
])
def test_text_is_that_of_transformers(source):
  tokenizer = templates.tokenizer(source, bos='<s>')
  assert dialogue.write(
      DIALOGUE, tokenizer, 'chat') == tokenizer.apply_chat_template(
      TURNS, tokenize=False, add_generation_prompt=True,
      date_string=dialogue.CHAT_DATE)


def test_the_day_is_fixed():
  assert chat_template.render('{{ strftime_now("%d %b %Y") }}', {}) == (
      dialogue.CHAT_DATE)


@pytest.fixture
def hurried():
  """Processes with a second of time and no more than needed of memory.

  They end with the renderer, when nothing refers to it any more.
  """
  return chat_template.Renderer(seconds=1, memory=1 << 28)


@pytest.mark.parametrize(('source', 'message'), [
    (_LOOPS, 'more than 1 s'),
    ('{{ 9 ** (9 ** 9) }}', 'more than 1 s'),
    ('{% for i in range(10 ** 9) %}{% endfor %}', 'Range too big'),
    ("{{ 'a' * 10 ** 10 }}", 'MemoryError'),
    ("{{ '%10000000000d' % 1 }}", 'MemoryError'),
    ("{{ 'a' | center(10 ** 10) }}", 'MemoryError'),
    (_DOUBLES, 'MemoryError'),
    ("{{ 'a' * 4_000_000 }}",
     'writes 4000000 characters for one prompt, more than 33045'),
    (r'{{ "\ud800" }}', 'UnicodeEncodeError'),
    ('a' * 1_000_000, 'has 1000000 characters, more than 131072'),
    ('{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}', 'RecursionError'),
    ('{{ messages.__class__.__mro__ }}', 'unsafe'),
    ('{{ messages.append(1) }}', 'unsafe|not safely callable'),
    ("{% include '/etc/passwd' %}", 'no loader'),
    ('{{ 1 / 0 }}', 'ZeroDivisionError'),
    ('{% if %}', 'Expected an expression'),
    ('{{ nothing.at.all }}', "'nothing' is undefined"),
    ("{{ raise_exception('only users') }}", 'only users'),
    ('(' * 3 + '{{ ' + '(' * 10_000, 'RecursionError|unexpected'),
])
def test_hostile_templates_are_refused_and_the_next_one_works(
    hurried, source, message):
  with pytest.raises(UserError, match=message):
    hurried.render(source, {'messages': []})
  assert hurried.render('{{ a }}', {'a': 'ü☃'}) == 'ü☃'


def test_a_prompt_may_be_as_long_as_what_is_asked(hurried):
  long = 'Who? ' * 20_000
  assert hurried.render('{{ a }}{{ a }}', {'a': long}) == long * 2
