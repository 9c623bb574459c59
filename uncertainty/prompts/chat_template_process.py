"""What `chat_template` has a limited process do: template in, text out.

A request is a JSON object with `variables`, `most`, the characters that may be
written, and, where it is new, `program`, the template; an answer one with
`text` or `error`. Hardly anything is imported, so that it starts at once.
"""

import datetime
import json

import jinja2
from jinja2 import ext, nodes, sandbox

from uncertainty import limited_process

# Templates that print the day print this one, so that prompts are equal
# across days. It is the day that Llama 3.2's template falls back to.
NOW = datetime.datetime(2024, 7, 26)


class _Generation(ext.Extension):
  """`{% generation %}` marks the assistant's words for training; no more."""

  tags = {'generation'}

  def parse(self, parser):
    line = next(parser.stream).lineno
    body = parser.parse_statements(('name:endgeneration',), drop_needle=True)
    return nodes.CallBlock(
        self.call_method('_words'), [], [], body).set_lineno(line)

  def _words(self, caller):
    return caller()


def _environment(strict: bool) -> sandbox.SandboxedEnvironment:
  """What chat templates are written for, as transformers sets it up."""
  made = sandbox.ImmutableSandboxedEnvironment(
      trim_blocks=True, lstrip_blocks=True,
      undefined=jinja2.StrictUndefined if strict else jinja2.Undefined,
      extensions=[_Generation, ext.loopcontrols])
  made.filters['tojson'] = _to_json
  # Prompts would differ from start to start.
  del made.filters['random'], made.globals['lipsum']
  made.globals |= {'raise_exception': _raise, 'strftime_now': NOW.strftime}
  return made


def _to_json(value, ensure_ascii=False, indent=None, separators=None,
             sort_keys=False):
  """Without HTML's escapes, which Jinja's own filter writes."""
  return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent,
                    separators=separators, sort_keys=sort_keys)


def _raise(message):
  raise jinja2.TemplateError(message)


def _answer(template, variables, most) -> dict[str, str]:
  try:
    text = template().render(variables)
    text.encode()  # a template may write half characters
  except Exception as error:  # a template may do anything that Python can
    said = ' '.join(str(error).split())[:300]
    if isinstance(error, jinja2.TemplateError) and said:
      return {'error': said}
    return {'error': f'{type(error).__name__}: {said}'.removesuffix(': ')}
  if len(text) > most:
    return {'error': f'it writes {len(text)} characters for one prompt, more'
                     f' than {most}'}
  return {'text': text}


def start(strict: str) -> limited_process.Answer:
  """What answers requests.

  Args:
    strict: '1' if a template must know each variable that it writes; else '0'.

  Returns:
    A function from a request to its answer.
  """
  made, compiled, source = _environment(strict == '1'), None, ''

  def template():
    nonlocal compiled
    compiled = compiled or made.from_string(source)
    return compiled

  def answer(request):
    nonlocal source, compiled
    if 'program' in request:
      source, compiled = request['program'], None
    return _answer(template, request['variables'], request['most'])

  return answer


if __name__ == '__main__':
  limited_process.serve(start)
