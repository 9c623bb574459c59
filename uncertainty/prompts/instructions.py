"""What every data set's prompts say: one literal table.

The `paper` profile uses `PAPER` for every data set, as the published runs
did. The `clean` profile uses the data set's own wording where it has one.
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Example:
  """A worked example, shown with its answer.

  Attributes:
    question: like an item's.
    choices: like an item's; empty where choices are not shown.
    answer: index of the right choice.
    reply: the whole reply to the open question, its key part in braces.
  """

  question: str
  choices: tuple[str, ...]
  answer: int
  reply: str = ''


@dataclasses.dataclass(frozen=True)
class Wording:
  """How a data set's items are put to the model.

  Attributes:
    labelled_system: system turn where choices are shown with labels; {label}
      is 'letter' or 'number', {group} the item's group.
    labelled_question: user turn above the choices; {question} is the item's.
    text_system: system turn where the answer is scored by its words.
    text_question: user turn of the same.
    text_cue: last line of a completion's question; '' for none.
    text_separator: stands between the examples of such a completion.
    completion_intro: first lines of completion prompts; '' for none.
    neutral: the content-free question of PMI.
    free_question: the open question; {question} is the item's.
    examples: worked examples, unless the items bring their own.
  """

  labelled_system: str = (
      'Answer each multiple choice question with only the {label} of the'
      ' correct answer.')
  labelled_question: str = 'Question: {question}'
  text_system: str = (
      'Answer each question with only the answer, in as few words as'
      ' possible.')
  text_question: str = 'Question: {question}'
  text_cue: str = 'Answer:'
  text_separator: str = '\n\n'
  completion_intro: str = ''
  neutral: str = 'N/A'
  free_question: str = '{question}'
  examples: tuple[Example, ...] = ()


FREE_SYSTEM = (
    'Answer each question concisely. Wrap the key part of your answer in {}'
    ' brackets. Do not explain or elaborate beyond the bracketed answer.')
FREE_CUE = ('Answer in as few words as possible, wrapping the key part in {}'
            ' brackets:')

# The two examples that every prompt of the published runs shows.
_SHARED = (
    Example('What is the chemical symbol for gold?', ('Ag', 'Mo', 'Au', 'Gd'),
            2, 'The chemical symbol for gold is {Au}.'),
    Example('In what year did the First World War end?',
            ('1939', '1918', '1914', '1945'), 1, '{1918}.'),
)

PAPER = Wording(examples=_SHARED)

_OPINION = Wording(
    labelled_system=(
        'Answer each survey question with only the {label} of the answer that'
        ' most people give.'),
    text_system=(
        'Answer each survey question with only the answer that most people'
        ' give, in as few words as possible.'),
    examples=(
        Example('Name something people keep in the refrigerator.',
                ('milk', 'medicine', 'batteries', 'film'), 0, '{milk}.'),
        Example('Name a reason why someone might be late for work.',
                ('bad weather', 'overslept', 'traffic', 'lost keys'), 2,
                '{traffic}.'),
    ),
)

_VALENCE = ('very negative', 'negative', 'neutral', 'positive',
            'very positive')

# Words on which seven or more of the ten raters agreed, each bin about as often
# as raters choose it, since small models take the frequencies of the answers
# from the examples. All prompts share them, so they are read only once. Format
# and words were chosen on words 3600 to 3855 of the data set's order.
_VADER = Wording(
    labelled_system=(
        'Say how negative or positive each word is. Answer with only the'
        ' {label}.'),
    labelled_question='How negative or positive is the word "{question}"?',
    text_system='Say how negative or positive each word is.',
    text_question='{question}:',
    text_cue='',
    text_separator='\n',
    free_question=('Is the word "{question}" very negative, negative, neutral,'
                   ' positive or very positive?'),
    examples=tuple(Example(
        word, _VALENCE, valence,
        # Two are enough where each is a whole sentence.
        f'{{{_VALENCE[valence]}}}.' if word in ('restless', 'approved') else '',
    ) for word, valence in (
        ('matter', 2), ('landmark', 2), ('losing', 1), ('embarrassingly', 1),
        ('fault', 1), ('sorrowing', 1), ('restless', 1), ('forced', 1),
        ('promotes', 3), ('abhorrent', 0), ('agitating', 1), ('delight', 4),
        ('honorific', 3), ('sarcasm', 1), ('approved', 3), ('freemen', 3),
        ('vindicates', 3), ('hatefulness', 0), ('ensure', 3))),
)

_TRUTH = Wording(
    labelled_question='Is this statement true or false? {question}',
    text_system='Say whether each statement is true or false.',
    text_question='Statement: {question}',
    text_cue='True or false?',
    free_question='Is this statement true or false? {question}',
    examples=(
        Example('The chemical symbol for gold is Au.', ('true', 'false'), 0,
                '{true}.'),
        Example('The First World War ended in 1945.', ('true', 'false'), 1,
                '{false}.'),
    ),
)

_INFERENCE_CHOICES = ('entailment', 'neutral', 'contradiction')
_INFERENCE = Wording(
    text_question='{question}',
    examples=(
        Example('Premise: A man plays a guitar on stage.\n'
                'Hypothesis: A man is performing music.\n'
                'Does the premise entail the hypothesis, contradict it, or'
                ' neither?', _INFERENCE_CHOICES, 0),
        Example('Premise: Two dogs run along the beach.\n'
                'Hypothesis: The dogs are asleep indoors.\n'
                'Does the premise entail the hypothesis, contradict it, or'
                ' neither?', _INFERENCE_CHOICES, 2),
        Example('Premise: A woman reads a letter on a bench.\n'
                'Hypothesis: The letter is from her sister.\n'
                'Does the premise entail the hypothesis, contradict it, or'
                ' neither?', _INFERENCE_CHOICES, 1),
    ),
)

_EXAM = dataclasses.replace(
    PAPER,
    labelled_system=(
        'The following are multiple choice questions about {group}. Answer'
        ' each with only the {label} of the correct answer.'),
    text_system='The following are questions about {group}. Answer each with'
                ' only the answer.',
    completion_intro='The following are multiple choice questions (with'
                     ' answers) about {group}.',
)

# Logged contexts end where the answer begins.
_AS_LOGGED = Wording(
    labelled_system='', labelled_question='{question}', text_system='',
    text_question='{question}', text_cue='')

_PLAIN = Wording(labelled_question='{question}', text_question='{question}')
_BINS = ('0 to 20', '21 to 40', '41 to 60', '61 to 80', '81 to 100')
_LIKELIHOOD = dataclasses.replace(
    _PLAIN,
    labelled_system='Say how likely each effect is. Answer with only the'
                    ' {label} of your rating.',
    text_system='Say how likely each effect is.',
    examples=tuple(Example(
        f'Situation: {situation}\nPossible effect: {effect}\nHow likely is it,'
        ' from 0 to 100, that this is the effect of the situation?',
        _BINS, likelihood) for situation, effect, likelihood in (
            ('The man switched off the lamp.', 'The room became darker.', 4),
            ('The girl opened her umbrella.', 'The clouds disappeared.', 0),
            ('The neighbours bought a boat.', 'They went fishing.', 2))),
)

_TRUTH_SCALE = ('definitely false', 'probably false', 'cannot tell',
                'probably true', 'definitely true')
_SLIDER = dataclasses.replace(
    _PLAIN,
    labelled_system='Say whether each hypothesis is true. Answer with only the'
                    ' {label}.',
    text_system='Say whether each hypothesis is true.',
    examples=tuple(Example(
        f'Premise: {premise}\nHypothesis: {hypothesis}\n'
        'If the premise is true, is the hypothesis true?', _TRUTH_SCALE, truth)
                   for premise, hypothesis, truth in (
        ('A man plays a guitar on stage.', 'A man is performing music.', 4),
        ('Two dogs run along the beach.', 'The dogs are asleep indoors.', 0),
        ('A woman reads a letter on a bench.', 'The letter is from her sister.',
         2))),
)

_SAFETY = dataclasses.replace(
    _PLAIN,
    labelled_system='Say whether answers of a chatbot are safe. Answer with'
                    ' only the {label}.',
    text_system='Say whether answers of a chatbot are safe.',
    examples=(
        Example('USER: How do I boil an egg?\nLast answer: In boiling water,'
                ' for about eight minutes.\nIs the last answer of the chatbot'
                ' safe?', ('safe', 'unsure', 'unsafe'), 0),
        Example('USER: My chest hurts badly.\nLast answer: Ignore it and never'
                ' see a doctor.\nIs the last answer of the chatbot safe?',
                ('safe', 'unsure', 'unsafe'), 2),
    ),
)

_NINE = tuple(str(point) for point in range(1, 10))
_NORMS = dataclasses.replace(
    _PLAIN,
    labelled_system='Rate each word as most people would. Answer with only the'
                    ' {label} of your rating.',
    text_system='Rate each word as most people would.',
)
# Words that the norms do not have: prompts show none that is scored.
_LABMT = dataclasses.replace(_NORMS, examples=tuple(
    Example(f'How happy is the word "{word}", from 1 (least) to 9 (most)?',
            _NINE, rating - 1)
    for word, rating in (('picnics', 8), ('famines', 2), ('doorknobs', 5))))
_WARRINER = dataclasses.replace(_NORMS, examples=(
    Example('How happy does the word "lullabies" make people feel, from 1'
            ' (unhappy) to 9 (happy)?', _NINE, 6),
    Example('How excited does the word "earthquakes" make people feel, from 1'
            ' (calm) to 9 (excited)?', _NINE, 7),
    Example('How much in control does the word "armchairs" make people feel,'
            ' from 1 (controlled) to 9 (in control)?', _NINE, 5),
))

_SURVEY = dataclasses.replace(
    _PLAIN,
    labelled_system='Answer each survey question with only the {label} of your'
                    ' answer.',
    text_system='Answer each survey question with only your answer.',
    examples=(
        Example('How often do you watch the news on television?',
                ('Every day', 'Every week', 'Less often', 'Never'), 0),
        Example('Do you think that your town has too many parks, too few, or'
                ' about the right number?',
                ('Too many', 'Too few', 'About the right number'), 2),
    ),
)

_DISAGREEMENT = dataclasses.replace(
    _PLAIN,
    labelled_system='Answer each question with only the {label} of your'
                    ' answer.',
    text_system='Answer each question with only your answer.',
    examples=(
        Example('Post: It has rained for a week.\nReply: What lovely holidays'
                ' these are.\nIs the reply ironic?', ('not ironic', 'ironic'),
                1),
        Example('Premise: A man plays a guitar on stage.\nHypothesis: A man is'
                ' performing music.\nDoes the premise entail the hypothesis,'
                ' contradict it, or neither?',
                ('entailment', 'neutral', 'contradiction'), 0),
    ),
)

WORDINGS: dict[str, Wording] = {
    'camchoice': PAPER,
    'chaosnli': _INFERENCE,
    'coane': PAPER,
    'dices350': _SAFETY,
    'dices990': _SAFETY,
    'globalopinionqa': _SURVEY,
    'labmt': _LABMT,
    'lewidi': _DISAGREEMENT,
    'lm_eval': _AS_LOGGED,
    'mmlu': _EXAM,
    'nli_variation': _SLIDER,
    'probcopa': _LIKELIHOOD,
    'protoqa': _OPINION,
    'provo': _AS_LOGGED,
    'table': PAPER,
    'truth': _TRUTH,
    'vader': _VADER,
    'warriner': _WARRINER,
}
