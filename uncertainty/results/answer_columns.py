"""Columns of an answer in words: its grades, and what was stated with it.

Part of the results table, which `columns` describes as a whole.
"""

from uncertainty.measures import registry
from uncertainty.results.column import Column, by

# How the columns of each kind of answer begin.
FREE, VERBAL, P_TRUE, SAMPLE = 'fr_', 'verbal_', 'p_true_', 'sample_'

VERBAL_FORM, VERBAL_REASON = f'{VERBAL}form', f'{VERBAL}reason'
VERBAL_ANSWER, VERBAL_TEXT = f'{VERBAL}answer', f'{VERBAL}text'
VERBAL_PREDICTION = f'{VERBAL}prediction'


def grade_names(start: str) -> tuple[str, str, str, str, str]:
  """Names of an answer's grades.

  Args:
    start: of the answer's columns, such as `fr_`.

  Returns:
    The grade by rules; by the same words, an alias, a few letters; the reason.
  """
  whole = f'{start}correct'
  return (whole, f'{whole}_exact', f'{whole}_alias', f'{whole}_edit',
          f'{whole}_reason')


def grades(start: str, of: str) -> list[tuple[str, str, str, str]]:
  """The grades of a written answer, as `by` takes them.

  Args:
    start: of the answer's columns.
    of: the answer in words, for the description.

  Returns:
    Name, type, unit and meaning of each of `grade_names`.
  """
  number, share = 'float', '0 or 1'
  rest = (
      (number, share, (f'Whether {of} is right by the stated rules; missing '
                       'where no right answer is known.')),
      (number, share, 'The same words.'),
      (number, share, 'Those of an alias.'),
      (number, share, 'But for a few letters.'),
      ('string', '', 'The rule that let it through, or why there is no grade.'),
  )
  return [(name, *row) for name, row in zip(
      grade_names(start), rest, strict=True)]


def in_wording(name: str, wording: str) -> str:
  """The column of a further wording of the question about confidence.

  Args:
    name: of the first wording's column, such as `verbal_form`.
    wording: such as `percent_after`; '' is the first.

  Returns:
    Such as `verbal_percent_after_form`.
  """
  if not wording:
    return name
  return f'{VERBAL}{wording}_{name.removeprefix(VERBAL)}'


def wording(confidence: str) -> str:
  """Which wording of the question a stated confidence answers.

  Args:
    confidence: its column, such as `verbal_percent_after_confidence`.

  Returns:
    Such as `percent_after`; '' for the first wording.
  """
  task_and_wording = confidence.removesuffix(registry.STATED)
  return (task_and_wording.removeprefix(VERBAL)
          if task_and_wording.startswith(VERBAL) else '')


def beside(confidence: str, name: str) -> str:
  """What stands beside a stated confidence, in its wording.

  Args:
    confidence: its column.
    name: what is sought, of the first wording: `verbal_text`.

  Returns:
    The column, such as `verbal_percent_after_text`.
  """
  return in_wording(name, wording(confidence))


def stated() -> tuple[Column, ...]:
  """What the task `verbal` writes, but for the confidence, a measure.

  Returns:
    The first wording's columns, then those of further ones.
  """
  rows = (
      (VERBAL_FORM, 'string', '', 'How the confidence was stated.'),
      (VERBAL_REASON, 'string', '', 'Why it is missing; empty if it is not.'),
      (VERBAL_ANSWER, 'string', '', 'The answer given with it.'),
      (VERBAL_PREDICTION, 'float', 'index', ('The choice that it names; '
       'missing if none or several.')),
      (VERBAL_TEXT, 'string', '', 'The whole reply.'),
      *grades(VERBAL, 'the answer given with it'))
  return by('verbal', *rows, *(
      (in_wording(name, 'WORDING'), kind, unit,
       f'{meaning[:-1]}, in a further wording.')
      for name, kind, unit, meaning in rows))
