"""The one table of all measures: what each is and how to read it.

A results column is a prefix and a measure's name: `mc_total_entropy`. The
prefix says over what it was taken (`PREFIXES`).
"""

import dataclasses
import math

from uncertainty.types import UserError

_PAPER = 'Moore et al. 2026'
_FARQUHAR = 'Farquhar et al. 2024'
_KADAVATH = 'Kadavath et al. 2022'
_TIAN = 'Tian et al. 2023'
_WANG = 'Wang et al. 2023'

# Longest first: `fr_first_x` is not the `first_x` of `fr`.
PREFIXES = {
    'bracket_first': 'first token inside the braces of the answer',
    'fr_first': 'first generated token',
    'bracket': 'tokens inside the braces of the answer',
    'fr': 'whole generated sequence',
    'mc': 'next token of a choice prompt, or the item\'s choices',
    '': 'the item, however it was asked',
}

_TOKEN = ('mc', 'fr', 'bracket', 'fr_first', 'bracket_first')
_CHOICE = ('mc',)
_SEQUENCE = ('fr', 'bracket', 'fr_first', 'bracket_first')
_ITEM = ('',)

_INF = math.inf


@dataclasses.dataclass(frozen=True)
class Subject:
  """What a measure is a measure of, and so what it is held against.

  Attributes:
    about: `choice` (which choice the model takes), `written` (an answer that
      it wrote) or `stated` (an answer that it gave with a confidence in
      words, to a question with or without choices).
    grade: results column that says whether that answer was right.
    foreign: how the human signals start that it is not compared with. A
      choice meets people's choosing, a written answer their recall; a stated
      confidence, which may be of either, meets both.
  """

  about: str
  grade: str
  foreign: tuple[str, ...]


_RECALL, _CHOOSING = ('human_fr_',), ('human_mc_',)
_OF_CHOICE = Subject('choice', 'correct', _RECALL)
_OF_ANSWER = Subject('written', 'fr_correct', _CHOOSING)
_OF_SAMPLES = Subject('written', 'sample_correct', _CHOOSING)
_OF_JUDGED = Subject('written', 'p_true_correct', _CHOOSING)

# A measure that is not of the item as a whole is of what its prefix names.
_OF_PREFIX = {
    'mc': _OF_CHOICE, 'fr': _OF_ANSWER, 'bracket': _OF_ANSWER,
    'fr_first': _OF_ANSWER, 'bracket_first': _OF_ANSWER,
}


@dataclasses.dataclass(frozen=True)
class Measure:
  """One measure of uncertainty.

  Attributes:
    name: as in results columns, after the prefix.
    formula: in natural logarithms; p is the next-token distribution in
      descending order, c the choices' probabilities.
    source: where it was proposed or used.
    orientation: +1 if high means uncertain, −1 if low does.
    range: smallest and largest possible value.
    needs: answer formats that give it, for people to read.
    passes: forward passes for one item.
    prefixes: what it is taken over.
    paper_name: column of the paper's own files, after the prefix; '' if none.
    of: its subject; None where that is its prefix's (`subject`).
    primary: whether it is the one that its way of asking is judged by
      (`PRIMARY`), over the first of its prefixes.
  """

  name: str
  formula: str
  source: str
  orientation: int
  range: tuple[float, float]
  needs: str
  passes: str
  prefixes: tuple[str, ...]
  paper_name: str = ''
  of: Subject | None = None
  primary: bool = False

  def subject(self, prefix: str) -> Subject:
    """What it is a measure of when taken over a prefix.

    Args:
      prefix: one of `prefixes`.

    Returns:
      Its own subject, or else the prefix's.

    Raises:
      KeyError: it has none of its own and no such prefix has one.
    """
    return self.of or _OF_PREFIX[prefix]

  @property
  def primary_column(self) -> str:
    """The results column that is primary; '' if none is."""
    return column(self.prefixes[0], self.name) if self.primary else ''


def column(prefix: str, name: str) -> str:
  """The results column of a measure: `mc`, `total_entropy` → joined.

  Args:
    prefix: one of `PREFIXES`.
    name: a measure's, such as `total_entropy`.

  Returns:
    The two joined by an underscore; the name alone for the prefix ''.
  """
  return f'{prefix}_{name}' if prefix else name


def _token(name, formula, orientation, bounds, paper_name='', source=_PAPER):
  return Measure(name, formula, source, orientation, bounds,
                 'letters, numbers, text, free', '1; 1 a step for free',
                 _TOKEN, paper_name)


def _choice(name, formula, orientation, bounds, paper_name, primary=False):
  return Measure(name, formula, _PAPER, orientation, bounds,
                 'letters, numbers, text', '1 an option order', _CHOICE,
                 paper_name, primary=primary)


def _order(name, formula, orientation, bounds, source='this project'):
  return Measure(name, formula, source, orientation, bounds,
                 'letters, numbers, text; n_orders > 1', 'n_orders', _ITEM,
                 of=_OF_CHOICE)


def _stated(name, formula, primary=False):
  # The column without its ending names the wording whose answer was graded.
  grade = name.removesuffix('_confidence') + '_correct'
  return Measure(name, formula, _TIAN, -1, (0.0, 1.0), 'verbal', '1 a token',
                 _ITEM, of=Subject('stated', grade, ()), primary=primary)


def _sampled(name, formula, orientation, bounds, source=_FARQUHAR,
             passes='n · 1 a step + judge', primary=False):
  return Measure(name, formula, source, orientation, bounds, 'samples', passes,
                 _ITEM, of=_OF_SAMPLES, primary=primary)


_NEXT_TOKEN = (
    _token('total_entropy', 'H(p) / ln V', 1, (0.0, 1.0), 'total-ent'),
    _token('varentropy', 'Σ p (−ln p − H)²', 1, (0.0, _INF), 'var-ent'),
    _token('top1_logprob', 'ln p₁', -1, (-_INF, 0.0), 'top-1-prob'),
    *(_token(f'top_k_entropy_{k}', f'H(top {k} renormalised) / ln {k}', 1,
             (0.0, 1.0), f'top-k-ent-{k}') for k in (5, 10, 25, 50, 100)),
    *(_token(f'nucleus_size_{p}', f'n = #{{i : Σ_{{j<i}} p_j < {p}}}', 1,
             (1.0, _INF), f'top-p-len-{p}') for p in (0.95, 0.9, 0.75, 0.5)),
    *(_token(f'nucleus_entropy_{p}',
             f'H(nucleus {p} renormalised) / ln n; 0 if n = 1', 1,
             (0.0, 1.0), f'top-p-ent-{p}') for p in (0.95, 0.9, 0.75, 0.5)),
)

_CHOICES = (
    _choice('choice_entropy', 'H(c renormalised) / ln K', 1, (0.0, 1.0),
            'choice-ent', primary=True),
    _choice('choice_logprob', 'ln max c', -1, (-_INF, 0.0), 'choice-prob'),
    _choice('choice_log_mass', 'ln Σ c', -1, (-_INF, 0.0), 'choice-mass'),
    _choice('choice_log_margin', 'ln(largest c − second largest c)', -1,
            (-_INF, 0.0), 'choice-margin'),
)

# How the answer depends on where the options stand (n_orders > 1).
_ORDERS = (
    _order('order_agreement', 'share of option orders whose choice is that '
           'of their average', -1, (0.0, 1.0), 'Pezeshkpour & Hruschka 2023'),
    _order('order_entropy_sd', 'standard deviation of choice_entropy over '
           'option orders', 1, (0.0, 0.5)),
    _order('order_divergence', 'H(mean of c over orders) − mean of H(c), '
           'over ln K: what position alone adds', 1, (0.0, 1.0)),
)

# Generated answers: sequences, words, judgements, samples.
_GENERATED = (
    Measure('perplexity', 'exp(mean of −ln p of the generated tokens)',
            _PAPER, 1, (1.0, _INF), 'free', '1 a step', _SEQUENCE, 'ppl',
            primary=True),
    _stated('verbal_confidence', 'the probability stated in words',
            primary=True),
    *(_stated(f'verbal_{form}_{order}_confidence',
              f'the same, asked as a {form} {order} the answer')
      for form in ('percent', 'number', 'phrase')
      for order in ('after', 'before')),
    Measure('p_true', 'p(True) / (p(True) + p(False)), mean over both orders',
            _KADAVATH, -1, (0.0, 1.0), 'p_true', '1 a step + 2', _ITEM,
            of=_OF_JUDGED, primary=True),
    _sampled('sample_modal_share', 'share of the commonest of n answers', -1,
             (0.0, 1.0), _WANG, 'n · 1 a step'),
    _sampled('sample_entropy', 'H(shares of n answers) / ln n', 1, (0.0, 1.0),
             _WANG, 'n · 1 a step'),
    _sampled('sample_n_distinct', 'number of different answers of n', 1,
             (1.0, _INF), 'this project', 'n · 1 a step'),
    _sampled('semantic_entropy', 'H(cluster weights), a sample weighing '
             'exp(mean ln p of its tokens)', 1, (0.0, _INF), primary=True),
    _sampled('semantic_entropy_sequence', 'the same, a sample weighing p', 1,
             (0.0, _INF)),
    _sampled('semantic_entropy_discrete', 'H(shares of samples in clusters)',
             1, (0.0, _INF)),
    _sampled('semantic_n_clusters', 'number of meanings of n answers', 1,
             (1.0, _INF)),
)

MEASURES: dict[str, Measure] = {
    m.name: m for m in (*_NEXT_TOKEN, *_CHOICES, *_ORDERS, *_GENERATED)}

# Way of asking → the column that it is judged by, fixed before any result was
# seen. Where the literature has one it is that one: p(True) of Kadavath et
# al., the length-normalised semantic entropy of Farquhar et al., the first
# wording's confidence of Tian et al. For a choice it is the measure defined as
# people's is, entropy over the choices (Moore et al.). For a free answer it
# is the perplexity of the whole generation: the length-normalised likelihood
# of Malinin & Gales 2021 (exp of it, so in the same order), which semantic
# entropy is measured against, and which LM-Polygraph (Fadeeva et al. 2023)
# has as its plain baseline; it needs neither samples nor a bracket.
PRIMARY: dict[str, str] = {
    'letters': MEASURES['choice_entropy'].primary_column,
    'numbers': MEASURES['choice_entropy'].primary_column,
    'text': MEASURES['choice_entropy'].primary_column,
    'free': MEASURES['perplexity'].primary_column,
    'verbal': MEASURES['verbal_confidence'].primary_column,
    'p_true': MEASURES['p_true'].primary_column,
    'samples': MEASURES['semantic_entropy'].primary_column,
}


def parse(column: str) -> tuple[str, Measure]:
  """Splits a results column into its prefix and measure.

  Args:
    column: such as `fr_first_total_entropy`.

  Returns:
    Prefix (no underscore; '' for measures of the item) and measure.

  Raises:
    UserError: no such measure, or one that is not taken over that prefix.
  """
  for prefix in PREFIXES:
    start = f'{prefix}_' if prefix else ''
    measure = MEASURES.get(column.removeprefix(start))
    if column.startswith(start) and measure and prefix in measure.prefixes:
      return prefix, measure
  raise UserError(
      f'no measure is called {column!r}; `python -m uncertainty.main '
      '--list_measures` lists them')


def is_measure(column: str) -> bool:
  """Whether a results column holds a measure.

  Args:
    column: any column's name.

  Returns:
    True if `parse` reads it.
  """
  try:
    parse(column)
  except UserError:
    return False
  return True


def subject(column: str) -> Subject:
  """What a results column is a measure of.

  Args:
    column: a measure's, such as `bracket_perplexity`.

  Returns:
    What it is about, its grade, and the signals foreign to it.

  Raises:
    UserError: no measure is called so.
  """
  prefix, measure = parse(column)
  return measure.subject(prefix)


def is_primary(column: str) -> bool:
  """Whether a results column is what its way of asking is judged by.

  Args:
    column: any column's name.

  Returns:
    True for the values of `PRIMARY`.
  """
  return column in PRIMARY.values()


def table() -> str:
  """All measures as a Markdown table.

  Returns:
    What `--list_measures` prints and `docs/measures.md` holds.
  """
  head = ('measure', 'prefixes', 'definition', 'uncertain when', 'range',
          'answer formats', 'passes', "paper's column", 'source')
  rows = [
      (m.name, ' '.join(f'{p}_' if p else '(none)' for p in m.prefixes),
       m.formula, 'high' if m.orientation > 0 else 'low',
       '[' + ', '.join(f'{x:g}'.replace('inf', '∞') for x in m.range) + ']',
       m.needs, m.passes, m.paper_name, m.source)
      for m in MEASURES.values()]
  lines = [head, tuple('-' * len(h) for h in head), *rows]
  widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
  return '\n'.join(
      '| ' + ' | '.join(c.ljust(w) for c, w in zip(line, widths)) + ' |'
      for line in lines)
