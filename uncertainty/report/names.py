"""How columns are called on the page, and in which order they stand."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pandas as pd

from uncertainty.measures import registry
from uncertainty.results import columns as cols
from uncertainty.results import derived

PREFIXES = {
    registry.MC: 'multiple choice',
    registry.FR: 'free response, whole answer',
    registry.BRACKET: 'free response, inside the braces',
    registry.FR_FIRST: 'free response, first token',
    registry.BRACKET_FIRST: 'inside the braces, first token',
    '': 'other signals'}

# Human signals: label, and +1 where people are unsure when it is high.
SIGNALS = {
    cols.HUMAN_ENTROPY: ("people's entropy", 1),
    cols.HUMAN_MC_PROP_CORRECT: ('proportion correct, multiple choice', -1),
    cols.HUMAN_FR_PROP_CORRECT: ('proportion correct, free recall', -1),
    cols.HUMAN_MC_RT_COMBINED: ('response time, multiple choice', 1),
    cols.HUMAN_MC_RT_CORRECT: (
        'response time when correct, multiple choice', 1),
    cols.HUMAN_MC_RT_WRONG: ('response time when wrong, multiple choice', 1),
    cols.HUMAN_FR_RT_CORRECT: ('response time when correct, free recall', 1),
    cols.HUMAN_FR_PROP_DK: ("proportion 'don't know', free recall", 1),
    cols.HUMAN_MC_PROP_WRONG: ('proportion wrong, multiple choice', 1),
    cols.HUMAN_FR_PROP_WRONG: ('proportion wrong, free recall', 1),
    cols.HUMAN_FR_RT_ANSWERED: ('response time when answered, free recall', 1),
    cols.HUMAN_FR_PROP_DR: ("proportion 'don't remember', free recall", 1),
    cols.HUMAN_FR_PROP_ANSWERED: ('proportion answered, free recall', -1),
    cols.HUMAN_FR_PROP_NOT_ANSWERED: (
        'proportion not answered, free recall', 1),
    cols.HUMAN_FR_RT_WRONG: ('response time when wrong, free recall', 1),
    cols.HUMAN_FR_RT_DK: ("time to say 'don't know', free recall", 1),
    cols.HUMAN_FR_RT_DR: ("time to say 'don't remember', free recall", 1),
    cols.HUMAN_FR_RT_NOT_ANSWERED: (
        'response time without an answer, free recall', 1),
    cols.HUMAN_VALENCE: ('mean rating', 1),
    cols.HUMAN_VALENCE_SD: ('spread of ratings', 1),
    cols.HUMAN_RATING: ('mean rating', 1),
    cols.HUMAN_RATING_SD: ('spread of ratings', 1),
    cols.HUMAN_ORDINAL_ENTROPY: ('ordinal entropy', 1),
    cols.HUMAN_CLOZE_ENTROPY: ('entropy of words', 1),
    cols.HUMAN_CLOZE_PROP_CORRECT: ('wrote the word', -1),
    cols.HUMAN_FIRST_FIXATION: ('first fixation', 1),
    cols.HUMAN_GAZE_DURATION: ('gaze duration', 1),
    cols.HUMAN_GO_PAST_TIME: ('go-past time', 1),
}

# Primary measures, and what they are called. Which they are is fixed before any
# result is seen: a measure chosen because it came out best would need an
# interval that accounts for the choice.
PRIMARY = registry.PRIMARY_WORDS

# The confidence of reliability diagrams and of the cards' calibration error.
CONFIDENCE = cols.CHOICE_LOGPROB

# Measures whose columns do not say what they are in plain words.
_MEASURES = {
    registry.TOP1_LOGPROB: 'log-probability of the first token',
    registry.CHOICE_LOGPROB: 'log-probability of the choice',
    registry.CHOICE_LOG_MASS: 'log-probability of any choice',
    registry.CHOICE_LOG_MARGIN: 'log-margin of the choice',
    registry.VARENTROPY: 'variance of surprise (varentropy)',
    registry.P_TRUE: 'p(True)',
    registry.EIGEN_SCORE: 'EigenScore',
    registry.RAUQ: 'RAUQ',
}
_SETTINGS = {
    registry.TOP_K_ENTROPY: 'entropy of the top {}',
    registry.NUCLEUS_SIZE: 'size of the {} nucleus',
    registry.NUCLEUS_ENTROPY: 'entropy of the {} nucleus',
}
_COLUMNS = {
    cols.RHO: 'ρ', cols.CI_LOW: 'low', cols.CI_HIGH: 'high',
    cols.P_VALUE: 'p', cols.P_HOLM: 'p, Holm',
    cols.P_BH: 'p, Benjamini–Hochberg', derived.P_CORRECTED: 'p, corrected',
    derived.AUROC: 'AUROC', derived.ECE: 'ECE', derived.R2: 'R²',
    derived.CV_R2: 'R², held out', derived.MSE: 'mean squared error',
    derived.PEARSON: 'Pearson r', derived.DELTA_AIC: 'ΔAIC',
    derived.B_P: 'p of b', derived.RHO_SINGLE: 'ρ, best single',
    derived.RHO_COMBINED: 'ρ, all together', cols.DATASET: 'data',
    derived.MEAN_DIFFERENCE: 'mean difference', derived.N_PAIRS: 'pairs',
    derived.N_CELLS: 'cells', derived.N_MODELS: 'models',
    derived.N_MEASURES: 'measures', derived.N_CHANGED: 'cells changed',
    derived.N_PRINTED: 'cells printed', derived.N_CALIBRATION: 'items fitted',
    derived.RATE_ALIGNED: 'share that follow people',
    derived.RATE_SECOND: 'share that are the second',
    derived.RATE_BOTH: 'share that are both', derived.CHANCE: 'both by chance',
    derived.CHANCE_LOW: 'by chance, low',
    derived.CHANCE_HIGH: 'by chance, high',
    derived.PARTIAL_RHO: 'ρ, partial', derived.CORRECTED_RHO: 'ρ, corrected',
    derived.R2_COMBINED: 'R², all together', derived.UACC: 'UAcc',
    derived.SE: 'standard error', derived.FAMILY_P: 'p over families',
    derived.MEAN_ABS_CHANGE: 'mean absolute change',
    derived.MEAN_CHOICE: 'mean against choices',
    derived.MEAN_ANSWER: 'mean against answers',
    derived.REPRODUCED_CHOICE: 'reproduced against choices',
    derived.REPRODUCED_ANSWER: 'reproduced against answers',
}
# Outcomes that are headings with the measure behind them.
_OUTCOMES = {derived.AUROC: 'AUROC', derived.BRIER: 'Brier score',
             derived.CALIBRATION_ERROR: derived.SQUARED_ERROR,
             derived.FR_ACCURACY: 'free-response accuracy'}

_DATASETS = {
    'coane': 'Coane general knowledge', 'vader': 'VADER word valence',
    'protoqa': 'ProtoQA', 'mmlu': 'MMLU', 'camchoice': 'CamChoice',
    'chaosnli': 'ChaosNLI', 'truth': 'true and false statements',
    'table': 'your table', 'lm_eval': 'your logs of lm_eval',
    'probcopa': 'ProbCOPA', 'nli_variation': 'NLI variation',
    'provo': 'Provo next words', 'dices350': 'DICES-350',
    'dices990': 'DICES-990', 'labmt': 'labMT happiness',
    'warriner': "Warriner's norms", 'globalopinionqa': 'GlobalOpinionQA',
    'lewidi': 'LeWiDi 2025'}


def dataset(name: str) -> str:
  """A data set in words.

  Args:
    name: as in `config.data.name`; unknown ones stay as they are.

  Returns:
    Such as 'Coane general knowledge'.
  """
  return _DATASETS.get(name, name)


def signal(name: str) -> str:
  """A human signal in words.

  Args:
    name: the results column.

  Returns:
    Such as "people's entropy"; unknown columns lose prefix and underscores.
  """
  if name in SIGNALS:
    return SIGNALS[name][0]
  return name.removeprefix(cols.OF_PEOPLE).replace('_', ' ')


def direction(name: str) -> int:
  """Which way a signal points.

  Args:
    name: the results column.

  Returns:
    +1 where a high value means that people are unsure, else −1.
  """
  return SIGNALS[name][1] if name in SIGNALS else 1


def blue_means(name: str) -> str:
  """Which sign of a correlation says that a model is unsure where people are.

  Args:
    name: the signal's results column.

  Returns:
    'blue: ρ above 0' or 'blue: ρ below 0'.
  """
  return 'blue: ρ ' + ('above 0' if direction(name) > 0 else 'below 0')


def measure(column: str) -> str:
  """A measure in words, without what it was taken over.

  Args:
    column: a results column.

  Returns:
    `mc_top_k_entropy_5` gives 'entropy of the top 5'.
  """
  prefix, _ = _split(column)
  return _in_words(column.removeprefix(f'{prefix}_'))


def _in_words(name: str) -> str:
  """A measure of the registry, as the page calls it."""
  if name in _MEASURES:
    return _MEASURES[name]
  for start, words in _SETTINGS.items():
    if name.startswith(start):
      return words.format(name.removeprefix(start))
  return name.replace('_', ' ')


def column(name: str) -> str:
  """A table's column in words.

  Args:
    name: as the table calls it.

  Returns:
    Such as 'p, Holm' of `p_holm`, or 'AUROC, choice entropy' of
    `auroc mc_choice_entropy`.
  """
  outcome, _, of = name.partition(' ')
  if registry.is_measure(of):
    return f'{value(cols.OUTCOME, outcome)}, {measure(of)}'
  return _COLUMNS.get(name) or _OUTCOMES.get(name) or name.replace('_', ' ')


def value(name: str, raw: Any) -> Any:
  """What stands in a table's cell, in words.

  Args:
    name: of the column.
    raw: as the table has it.

  Returns:
    Measures with what they were taken over, signals, outcomes and data sets
    in words; anything else as it is.
  """
  if not isinstance(raw, str) or not raw:
    return raw
  if name in (cols.MEASURE, derived.BEST_SINGLE) and registry.is_measure(raw):
    prefix, _ = _split(raw)
    return f'{measure(raw)} ({PREFIXES[prefix]})' if prefix else measure(raw)
  if name == cols.MEASURE and raw in registry.MEASURES:
    return _in_words(raw)
  if name == cols.MEASURE and raw == derived.CHOICE_CONFIDENCE:
    return 'largest choice probability'
  if name in (cols.SIGNAL, derived.TIME) or (
      name == derived.TARGET and raw in SIGNALS):
    return signal(raw)
  if name == cols.DATASET:
    return dataset(raw)
  if name == cols.OUTCOME and (with_ := derived.aligned_signal(raw)):
    return f'ρ with {signal(with_)}'
  if name == derived.CLAIM and (at := raw.find(derived.alignment_with(''))) > 0:
    return raw[:at] + value(cols.OUTCOME, raw[at:])
  return _OUTCOMES.get(raw, raw) if name == cols.OUTCOME else raw


def choice_confidence(config: Mapping[str, Any] | None) -> str:
  """What the confidence in a choice (`CONFIDENCE`) is a probability of.

  Args:
    config: the manifest's, None for results that came from elsewhere.

  Returns:
    Answers compared as texts are renormalised over the choices; letters and
    numbers are not: what the model gives to other tokens is missing from
    them, so that they are the mass on a letter.
  """
  asked = config['prompt']['answer'].split(',') if config else []
  if 'text' in asked:
    return 'probability over the choices'
  return 'number mass' if 'numbers' in asked else 'letter mass'


_TEXT_SHARES = {
    'pmi': "how much more probable the question makes a choice's words "
           '(pointwise mutual information), which is not the probability of '
           'those words',
    'sum': "the probability of exactly a choice's words",
    'per_token': "the probability of a choice's words, a token",
    'per_byte': "the probability of a choice's words, a byte",
}


def shares(asked: str, config: Mapping[str, Any] | None) -> str:
  """What a model's shares of the choices are.

  Args:
    asked: the way of asking that they are of; '' for the paper's files.
    config: the manifest's, None for results that came from elsewhere.

  Returns:
    Such as 'the probability of a choice's letter; made to sum to 1'.
  """
  if asked == 'text':
    score = config['prompt']['text_score'] if config else 'pmi'
    said = _TEXT_SHARES[score]
  else:
    mark = 'number' if asked == 'numbers' else 'letter'
    said = f"the probability of a choice's {mark}"
  return f'{said}; made to sum to 1'


def _split(column: str) -> tuple[str, int]:
  """A column's prefix, and its measure's place in the registry."""
  prefix, known = registry.parse(column)
  return prefix, list(registry.MEASURES).index(known.name)


def measures(columns: Iterable[str]) -> list[str]:
  """Distinct measures in the registry's order.

  Args:
    columns: results columns, repeated in any order.

  Returns:
    Each once.
  """
  return sorted(set(columns), key=lambda c: (_split(c)[1], c))


def models(column: Iterable[str]) -> list[str]:
  """Distinct models, in the order in which they come.

  Args:
    column: names of models, repeated.

  Returns:
    Each once.
  """
  return list(dict.fromkeys(column))


def by_prefix(rows: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
  """Rows of each way of asking, in the order of PREFIXES.

  Args:
    rows: a table with a column `measure`.

  Yields:
    A prefix and its rows, for prefixes that have some.
  """
  known = {c: _split(c)[0] for c in rows[cols.MEASURE].unique()}
  prefixes = rows[cols.MEASURE].map(known)
  for prefix in PREFIXES:
    part = rows[prefixes == prefix]
    if len(part):
      yield prefix, part


def ordered(
    rows: pd.DataFrame, column: str, order: Iterable[str]
) -> Iterator[tuple[str, pd.DataFrame]]:
  """Groups in a given order; those it does not name come last.

  Args:
    rows: any table.
    column: what it is grouped by.
    order: values of the column; those that have no rows are passed over.

  Yields:
    A value and its rows.
  """
  present = list(dict.fromkeys(rows[column]))
  known = [name for name in order if name in present]
  for name in known + [p for p in present if p not in known]:
    yield name, rows[rows[column] == name]
