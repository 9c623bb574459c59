"""Every column of a results table: its name, type, unit, writer and meaning.

One row an item, DIR/results/DATASET/MODEL.parquet. Code that names a column
takes the name from here; what the analysis makes of them is described in
`analysis_columns`, and `docs/results.md` is written from both (`page`).
Measures have a table of their own, `measures.registry`.
"""

import dataclasses
import functools
import re

from uncertainty.measures import registry

# Names that code uses.
ITEM_ID, QUESTION, CHOICES = 'item_id', 'question', 'choices'
ANSWER, ANSWER_TEXT, GROUP = 'answer', 'answer_text', 'group'
N_CHOICES = 'n_choices'
HUMAN_SHARES, HUMAN_COUNT = 'human_shares', 'human_count'
HUMAN_ENTROPY = 'human_entropy'
HUMAN_MC_PROP_CORRECT = 'human_mc_prop_correct'
HUMAN_MC_PROP_WRONG = 'human_mc_prop_wrong'
HUMAN_MC_RT_CORRECT = 'human_mc_rt_correct'
HUMAN_MC_RT_WRONG = 'human_mc_rt_wrong'
HUMAN_MC_RT_COMBINED = 'human_mc_rt_combined'
HUMAN_FR_PROP_CORRECT = 'human_fr_prop_correct'
HUMAN_VALENCE, HUMAN_VALENCE_SD = 'human_valence', 'human_valence_sd'
PROMPT, N_TOKENS = 'prompt', 'n_tokens'
PREDICTION, CORRECT, AGREES = 'prediction', 'correct', 'agrees'
CHOICE_LOGPROBS = 'choice_logprobs'
ORDER_CHOICE_LOGPROBS = 'order_choice_logprobs'
CAPTURED_TOKENS = 'captured_tokens'
FR_PROMPT, FR_ANSWER, FR_GRADE = 'fr_prompt', 'fr_answer', 'fr_grade'
FR_CORRECT, FR_CORRECT_AUTO = 'fr_correct', 'fr_correct_auto'
FR_CORRECT_EXACT, FR_CORRECT_ALIAS = 'fr_correct_exact', 'fr_correct_alias'
FR_CORRECT_EDIT = 'fr_correct_edit'
MODEL, DATASET, ANSWER_FORMAT = 'model', 'dataset', 'answer_format'
KIND, FAMILY, SIZE, BASE = 'kind', 'family', 'size', 'base'
MODEL_SIZE = 'model_size'

# The measures that code names are named by the registry.
CHOICE_ENTROPY = registry.PRIMARY['letters']

# Words in capitals within a column's name stand for one of these.
PLACEHOLDERS = {
    'TASK': ('letters', 'numbers', 'text', 'free', 'verbal', 'p_true',
             'samples', 'statement'),
    'WORDING': tuple(f'{form}_{order}'
                     for form in ('percent', 'number', 'phrase')
                     for order in ('after', 'before')),
}


@dataclasses.dataclass(frozen=True)
class Column:
  """One column, or several whose names differ by a word in capitals.

  Attributes:
    name: in the table; `NAME` in it stands for any word, `TASK` and such for
      one of `PLACEHOLDERS`.
    type: string, float, int, bool, or 'list of' one of them.
    unit: of its numbers; '' where they have none.
    writer: what writes it.
    meaning: what it says of the row.
  """

  name: str
  type: str
  unit: str
  writer: str
  meaning: str

  def matches(self, name: str) -> bool:
    """Whether a table's column is this one (or one of these)."""
    return bool(_pattern(self.name).fullmatch(name))


@functools.cache
def _pattern(name: str) -> re.Pattern[str]:
  pattern = re.escape(name).replace('NAME', '.+')
  for word, values in PLACEHOLDERS.items():
    pattern = pattern.replace(word, f'(?:{"|".join(values)})')
  return re.compile(pattern)


def _by(writer: str, *rows: tuple[str, str, str, str]) -> tuple[Column, ...]:
  """Columns of one writer, from (name, type, unit, meaning)."""
  return tuple(Column(name, kind, unit, writer, meaning)
               for name, kind, unit, meaning in rows)


ITEMS = _by(
    'data set',
    (ITEM_ID, 'string', '', 'Identifies the item within its data set.'),
    (QUESTION, 'string', '', 'The question as the data set has it.'),
    (CHOICES, 'list of string', '', 'Its options; empty if it is open.'),
    (ANSWER, 'float', 'index', ('Place of the right choice, from 0; missing '
     'where nothing is right (opinions).')),
    (ANSWER_TEXT, 'string', '', 'The right answer in words; empty if none.'),
    (GROUP, 'string', '', 'Subject or topic, for grouped folds.'),
    (N_CHOICES, 'int', 'choices', 'Number of options K.'),
    (HUMAN_SHARES, 'list of float', 'share', ('Share of people behind each '
     'choice; sums to 1.')),
    (HUMAN_COUNT, 'float', 'people', 'Number of people behind the shares.'),
    (HUMAN_ENTROPY, 'float', 'of ln K', ('H(human_shares) / ln K: 0 if all '
     'agree, 1 if every choice is as common.')),
)

HUMAN = _by(
    'data set',
    (HUMAN_MC_PROP_CORRECT, 'float', 'share', 'People who chose right.'),
    (HUMAN_MC_PROP_WRONG, 'float', 'share', 'People who chose wrong.'),
    (HUMAN_MC_RT_CORRECT, 'float', 'ms', 'Mean time of right choices.'),
    (HUMAN_MC_RT_WRONG, 'float', 'ms', 'Mean time of wrong choices.'),
    (HUMAN_MC_RT_COMBINED, 'float', 'ms', 'Mean time of all choices.'),
    (HUMAN_FR_PROP_CORRECT, 'float', 'share', ('People who recalled the right '
     'answer.')),
    ('human_fr_prop_wrong', 'float', 'share', 'People who wrote a wrong one.'),
    ('human_fr_prop_dk', 'float', 'share', 'People who did not know.'),
    ('human_fr_prop_dr', 'float', 'share', 'People who did not remember.'),
    ('human_fr_prop_answered', 'float', 'share', 'Right and wrong together.'),
    ('human_fr_prop_not_answered', 'float', 'share', ('Did not know or not '
     'remember.')),
    ('human_fr_rt_correct', 'float', 'ms', 'Mean time of right recalls.'),
    ('human_fr_rt_wrong', 'float', 'ms', 'Mean time of wrong recalls.'),
    ('human_fr_rt_dk', 'float', 'ms', 'Mean time to say: I do not know.'),
    ('human_fr_rt_dr', 'float', 'ms', 'Mean time to say: I do not remember.'),
    ('human_fr_rt_answered', 'float', 'ms', 'Mean time of all answers.'),
    ('human_fr_rt_not_answered', 'float', 'ms', 'Mean time without one.'),
    (HUMAN_VALENCE, 'float', '−4 to 4', 'Mean rating of a word.'),
    (HUMAN_VALENCE_SD, 'float', '−4 to 4', 'Spread of its ratings.'),
    ('human_NAME', 'float', '', ('Any further number about people that a '
     'table of one\'s own has.')),
)

CHOICE = _by(
    'letters, numbers, text',
    (PREDICTION, 'int', 'index', 'Place of the most probable choice, from 0.'),
    (CORRECT, 'float', '0 or 1', ('Whether that is the right one; missing '
     'where none is known.')),
    (AGREES, 'float', '0 or 1', 'Whether it is people\'s commonest choice.'),
    (CHOICE_LOGPROBS, 'list of float', 'nats', ('ln p of each choice, mean p '
     'over option orders; PMI-scored words are normalised.')),
    ('top_logprobs', 'list of float', 'nats', ('ln p of the most probable next '
     'tokens (config.score.top_k), descending.')),
    ('top_tokens', 'list of int', 'token id', 'Which tokens they are.'),
    ('rest_logprob', 'float', 'nats', 'ln of what all others have together.'),
    (ORDER_CHOICE_LOGPROBS, 'list of list of float', 'nats',
     'choice_logprobs of each option order (n_orders > 1), own order first.'),
    ('choice_logprobs_sum', 'list of float', 'nats', ('Of `text`: Σ ln p of '
     'each choice\'s words.')),
    ('choice_logprobs_tokens', 'list of int', 'tokens', 'Their tokens.'),
    ('choice_logprobs_bytes', 'list of int', 'bytes', 'Their length.'),
    ('choice_logprobs_neutral', 'list of float', 'nats', ('Σ ln p of the same '
     'words after a content-free question, the reference of PMI.')),
)

ASKED = _by(
    'every task',
    (PROMPT, 'string', '', ('What the model read, special tokens written out; '
     'of the first task in config.prompt.answer.')),
    (N_TOKENS, 'int', 'tokens', 'Its length.'),
    ('TASK_prompt', 'string', '', 'The same of a further task.'),
    ('TASK_n_tokens', 'int', 'tokens', 'The same of a further task.'),
    (CAPTURED_TOKENS, 'string', '', ('Text of the token(s) whose activations '
     'were kept; a list with config.probe.positions=all.')),
)


def _grades(start: str, of: str) -> list[tuple[str, str, str, str]]:
  """The grades of a written answer, most tolerant first."""
  return [
      (f'{start}correct', 'float', '0 or 1', (f'Whether {of} is right by the '
       'stated rules; missing where no right answer is known.')),
      (f'{start}correct_exact', 'float', '0 or 1', 'The same words.'),
      (f'{start}correct_alias', 'float', '0 or 1', 'Those of an alias.'),
      (f'{start}correct_edit', 'float', '0 or 1', 'But for a few letters.'),
      (f'{start}correct_reason', 'string', '', ('The rule that let it through, '
       'or why there is no grade.')),
  ]


FREE = _by(
    'free',
    (FR_ANSWER, 'string', '', 'What stands inside the braces.'),
    ('fr_tokens', 'list of string', '', 'The generated tokens as text.'),
    ('fr_token_ids', 'list of int', 'token id', 'The same as ids.'),
    ('fr_n_tokens', 'int', 'tokens', 'How many were generated.'),
    ('fr_hit_cap', 'bool', '', 'Whether config.free.max_tokens ended it.'),
    ('fr_bracket_found', 'bool', '', 'Whether a closing brace was written.'),
    ('fr_bracket_inferred', 'bool', '', ('Whether the whole generation stands '
     'in for what the braces hold.')),
    ('fr_reason', 'string', '', ('Why there is no plain answer; empty if '
     'there is.')),
    *_grades('fr_', 'the answer'),
    ('fr_correct_model', 'float', '0 or 1', ('The scored model\'s own grade '
     '(config.free.grader=model).')),
    ('fr_correct_model_reason', 'string', '', 'Why that is missing.'),
    ('fr_step_top_logprobs', 'list of float', 'nats', ('ln p of every step\'s '
     'most probable tokens, flat: steps × config.score.top_k.')),
    ('fr_step_top_tokens', 'list of int', 'token id', 'Which they are.'),
    ('fr_step_rest_logprob', 'list of float', 'nats', ('ln of the rest, by '
     'step.')),
)

_STATED = [
    ('form', 'string', '', 'How the confidence was stated.'),
    ('reason', 'string', '', 'Why it is missing; empty if it is not.'),
    (ANSWER, 'string', '', 'The answer given with it.'),
    (PREDICTION, 'float', 'index', ('The choice that it names; missing if '
     'none or several.')),
    ('text', 'string', '', 'The whole reply.'),
    *_grades('', 'the answer given with it'),
]
VERBAL = _by(
    'verbal',
    *((f'verbal_{name}', kind, unit, meaning)
      for name, kind, unit, meaning in _STATED),
    *((f'verbal_WORDING_{name}', kind, unit, (f'{meaning[:-1]}, in a further '
       'wording.')) for name, kind, unit, meaning in _STATED),
)

P_TRUE = _by(
    'p_true',
    ('p_true_answer', 'string', '', 'The greedy answer that was judged.'),
    ('p_true_mass', 'float', 'probability', ('Raw mass of True and False, '
     'the smaller of both orders.')),
    ('p_true_label_shift', 'float', 'probability', ('Half of what swapping '
     'the letters changes.')),
    ('p_true_reason', 'string', '', 'Why p_true is missing.'),
    *_grades('p_true_', 'that answer'),
)

SAMPLES = _by(
    'samples',
    ('sample_answers', 'list of string', '', 'The sampled answers.'),
    ('sample_logprobs', 'list of float', 'nats', 'ln p of each.'),
    ('sample_lengths', 'list of int', 'tokens', 'Length of each.'),
    ('sample_answer', 'string', '', 'The commonest.'),
    *_grades('sample_', 'the commonest'),
    ('semantic_clusters', 'list of int', 'cluster', 'Meaning of each.'),
    ('semantic_variant', 'string', '', ('Judge, sampling and correction that '
     'ran.')),
    ('semantic_reason', 'string', '', ('How many pairs were judged neither '
     'way.')),
)

RUN = _by(
    'study',
    (MODEL, 'string', '', 'The model\'s name, as the file\'s.'),
    (DATASET, 'string', '', 'The data set\'s name.'),
    (KIND, 'string', '', '`instruct` or `base`.'),
    (FAMILY, 'string', '', ('The series it belongs to (`Llama 3`), or its '
     'architecture where the model is not in the table of models.')),
    (SIZE, 'float', 'billions', 'Parameters, counted from the weights.'),
    (BASE, 'string', '', ('Name of the model that it was tuned from; empty '
     'for base models and where unknown.')),
    (ANSWER_FORMAT, 'string', '', 'The first task.'),
)

FOREIGN = _by(
    'published files',
    (FR_PROMPT, 'string', '', 'The paper\'s free-response prompt.'),
    (FR_GRADE, 'string', '', 'Its graders\' ruling: Y, N or ?.'),
    (MODEL_SIZE, 'float', 'billions', 'Size as its files state it.'),
) + _by(
    'grades',
    (FR_CORRECT_AUTO, 'float', '0 or 1', ('The automatic grade where people\'s '
     'took its place.')),
)

MEASURE = Column('PREFIX_MEASURE', 'float', 'see measures.md', 'every task',
                 'A measure of uncertainty; docs/measures.md has them all.')

RESULTS: dict[str, tuple[Column, ...]] = {
    'The item': ITEMS,
    'People': HUMAN,
    'What was asked': ASKED,
    'Choices': CHOICE,
    'Measures': (MEASURE,),
    'Free answers': FREE,
    'Stated confidence': VERBAL,
    'Self-evaluation': P_TRUE,
    'Samples': SAMPLES,
    'The run': RUN,
    'Files of others': FOREIGN,
}


def find(name: str) -> Column | None:
  """What describes a column of a results table.

  Args:
    name: the column's.

  Returns:
    Its description: an exact name before one with a placeholder; `MEASURE`
    for a measure; None if nothing describes it.
  """
  if registry.is_measure(name):
    return MEASURE
  found = [c for part in RESULTS.values() for c in part if c.matches(name)]
  return min(found, key=lambda c: c.name != name, default=None)
