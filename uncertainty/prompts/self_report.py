"""Prompts that ask a model about its own answers.

Verbalized confidence after Tian et al. 2023 (arXiv 2305.14975), P(True) after
Kadavath et al. 2022 (arXiv 2207.05221), entailment of two answers after
Farquhar et al. 2024 (Nature 630). The wordings are ours.
"""

from collections.abc import Sequence

from uncertainty.prompts.dialogue import Dialogue

FORMS = ('percent', 'number', 'phrase')
ORDERS = ('after', 'before')

_SCALE = {
    'percent': 'as a percentage from 0% to 100%',
    'number': 'as a probability from 0.0 to 1.0',
    'phrase': ('in one phrase: almost certain, highly likely, likely, better'
               ' than even, about even, unlikely, highly unlikely, or almost'
               ' no chance'),
}
# Worked examples with varied confidence, so that none becomes the habit.
_SHOWN = (
    ('What is the chemical symbol for gold?', 'Au',
     {'percent': '97%', 'number': '0.97', 'phrase': 'almost certain'}),
    ('In which year did work on Cologne Cathedral begin?', '1290',
     {'percent': '20%', 'number': '0.2', 'phrase': 'unlikely'}),
    ('In what year did the First World War end?', '1918',
     {'percent': '85%', 'number': '0.85', 'phrase': 'highly likely'}),
    ('How many bones does a cat have?', '230',
     {'percent': '55%', 'number': '0.55', 'phrase': 'about even'}),
)
_GOLD, _WAR = _SHOWN[0][0], _SHOWN[2][0]
_VERBAL = {
    'after': 'Answer in as few words as possible. Then say how likely it is'
             ' that your answer is right, {scale}.',
    'before': 'First say how likely it is that you answer this correctly,'
              ' {scale}. Then answer in as few words as possible.',
}
_REPLY = {'after': 'Answer: {answer}\nConfidence: {confidence}',
          'before': 'Confidence: {confidence}\nAnswer: {answer}'}
OPENING = {'after': 'Answer:', 'before': 'Confidence:'}


def verbal(question: str, choices: Sequence[str], *, form: str, order: str,
           few_shot: bool, style: str) -> Dialogue:
  """Asks for an answer and, after or before it, the confidence in it.

  The reply starts inside `OPENING[order]`.

  The format after Tian et al. 2023 (arXiv 2305.14975).

  Args:
    question: the question in plain punctuation.
    choices: to choose from; empty for an open question.
    form: one of `FORMS`: how confidence is stated.
    order: confidence `after` or `before` the answer.
    few_shot: show the worked examples.
    style: `chat` or `completion`, which repeats the task in each turn.

  Returns:
    The dialogue.
  """
  task = _VERBAL[order].format(scale=_SCALE[form])
  examples = tuple(
      (_user(q, (), task, style),
       _REPLY[order].format(answer=a, confidence=c[form]))
      for q, a, c in _SHOWN) if few_shot else ()
  return Dialogue(system=task, examples=examples,
                  user=_user(question, choices, task, style),
                  opening=OPENING[order])


def _user(question: str, choices: Sequence[str], task: str,
          style: str) -> str:
  lines = [f'Question: {question}']
  if choices:
    lines.append('Choose one of: ' + '; '.join(choices))
  if style == 'completion':
    lines.append(task)
  return '\n'.join(lines)


_TRUE_FALSE = ('True', 'False')


def self_evaluation(question: str, answer: str, *, swapped: bool,
                    few_shot: bool) -> Dialogue:
  """Asks whether a proposed answer is true: letter A or B.

  A is True; with `swapped`, A is False, so that a preference for a letter
  can be averaged away.

  The format after Kadavath et al. 2022 (arXiv 2207.05221).

  Args:
    question: the question in plain punctuation.
    answer: the proposed answer.
    swapped: put False first.
    few_shot: show the worked examples.

  Returns:
    The dialogue; its reply is a letter.
  """
  options = _TRUE_FALSE[::-1] if swapped else _TRUE_FALSE

  def user(q, a):
    return (f'Question: {q}\nProposed answer: {a}\nIs the proposed answer:\n'
            f'A. {options[0]}\nB. {options[1]}')

  shown = (('What is the chemical symbol for gold?', 'Au', 'True'),
           ('In what year did the First World War end?', '1945', 'False'))
  examples = tuple(
      (user(q, a), 'AB'[options.index(verdict)]) for q, a, verdict in shown
  ) if few_shot else ()
  return Dialogue(
      system='Judge each proposed answer. Reply with only the letter.',
      examples=examples, user=user(question, answer),
      cue='The proposed answer is:')


def entailment(question: str, first: str, second: str) -> Dialogue:
  """Asks whether one answer entails another: yes or no.

  After Farquhar et al. 2024 (Nature 630, 625–630), Methods.

  Args:
    question: the question in plain punctuation.
    first: the answer that may entail.
    second: the answer that may be entailed.

  Returns:
    The dialogue; its reply is yes or no.
  """
  return _yes_or_no(
      'Compare two answers to a question.',
      'Question: {}\nAnswer 1: {}\nAnswer 2: {}\n'
      'Does answer 1 mean that answer 2 is right too?',
      ((_GOLD, 'Au', 'It is Au', 'yes'),
       (_WAR, '1918', '1945', 'no'),
       (_WAR, 'in November 1918', '1918', 'yes'),
       (_GOLD, 'Ag', 'Au', 'no')),
      (question, first, second))


def equivalence_grade(question: str, right: str, answer: str) -> Dialogue:
  """Asks a judge whether an answer agrees with the right one: yes or no.

  Args:
    question: the question in plain punctuation.
    right: the right answer.
    answer: the answer to grade.

  Returns:
    The dialogue; its reply is yes or no.
  """
  return _yes_or_no(
      'Grade answers to questions.',
      'Question: {}\nRight answer: {}\nGiven answer: {}\n'
      'Is the given answer right?',
      ((_GOLD, 'Au', 'the symbol Au', 'yes'),
       (_WAR, '1918', '1945', 'no')),
      (question, right, answer))


def _yes_or_no(
    task: str, layout: str, shown: Sequence[tuple[str, str, str, str]],
    asked: tuple[str, str, str],
) -> Dialogue:
  """A judge's dialogue: question and two answers, shown ones with a reply."""
  return Dialogue(
      system=f'{task} Reply with only yes or no.',
      examples=tuple((layout.format(*texts), reply)
                     for *texts, reply in shown),
      user=layout.format(*asked), cue='Yes or no:')


def judge_prompts() -> dict[str, str]:
  """The wording of every judge, as the manifest records it.

  Returns:
    Judge → its prompt, with names in capitals where texts go.
  """
  shown = {
      'p_true': self_evaluation('QUESTION', 'ANSWER', swapped=False,
                                few_shot=True),
      'judge=model': entailment('QUESTION', 'FIRST', 'SECOND'),
      'grader=model': equivalence_grade('QUESTION', 'RIGHT', 'ANSWER'),
  }
  return {name: '\n'.join([d.system, *(f'{u}\n{d.cue} {r}'
                                       for u, r in d.examples),
                           d.user, d.cue]) for name, d in shown.items()}
