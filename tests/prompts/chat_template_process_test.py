"""What the process writes, asked through `chat_template.render`."""

import json

import pytest

from uncertainty.errors import UserError
from uncertainty.prompts import chat_template, chat_template_process

render = chat_template.render


def test_blocks_leave_no_lines_and_no_indents():
  source = 'a\n  {% if true %}\n  b\n  {% endif %}\nc'
  assert render(source, {}) == 'a\n  b\nc'


def test_json_is_written_without_escapes_of_html():
  value = {'b': '<é>', 'a': 1}
  assert render('{{ v | tojson }}', {'v': value}) == json.dumps(
      value, ensure_ascii=False)
  assert render(
      '{{ v | tojson(sort_keys=true, separators=(",", ":")) }}',
      {'v': value}) == '{"a":1,"b":"<é>"}'


def test_generation_marks_are_no_text():
  source = '{% generation %}{{ x }}{% endgeneration %}!'
  assert render(source, {'x': 'yes'}) == 'yes!'


def test_the_day_is_that_of_the_constant():
  assert render('{{ strftime_now("%Y-%m-%d") }}', {}) == (
      f'{chat_template_process.NOW:%Y-%m-%d}')


def test_a_template_is_told_once_and_its_variables_each_time():
  assert [render('{{ x }}', {'x': x}) for x in 'ab'] == ['a', 'b']
  assert render('-{{ x }}', {'x': 'a'}) == '-a'
  assert render('{{ x }}', {'x': 'c'}) == 'c'


@pytest.mark.parametrize(('source', 'said'), [
    ("{{ raise_exception('roles\nmust alternate') }}",
     r'\(roles must alternate\)'),
    ('{{ 1 // 0 }}', r'\(ZeroDivisionError: '),
    # Would write another prompt at each start.
    ('{{ range(1000) | random }}', "No filter named 'random'"),
    ('{{ lipsum(1) }}', "'lipsum' is undefined"),
])
def test_errors_are_said_in_one_line(source, said):
  with pytest.raises(UserError, match=said) as raised:
    render(source, {'x': 'a'})
  assert '\n' not in str(raised.value)
