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
class Measure:
  """One measure of uncertainty.

  Attributes:
    name: as in results columns, after the prefix.
    formula: in natural logarithms; p is the next-token distribution in
      descending order, c the choices' probabilities.
    source: where it was proposed or used.
    orientation: +1 if high means uncertain, −1 if low does.
    range: smallest and largest possible value.
    needs: answer formats that give it.
    passes: forward passes for one item.
    prefixes: what it is taken over.
    paper_name: column of the paper's own files, after the prefix; '' if none.
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


def _token(name, formula, orientation, bounds, paper_name='', source=_PAPER):
  return Measure(name, formula, source, orientation, bounds,
                 'letters, numbers, text, free', '1; 1 a step for free',
                 _TOKEN, paper_name)


def _choice(name, formula, orientation, bounds, paper_name):
  return Measure(name, formula, _PAPER, orientation, bounds,
                 'letters, numbers, text', '1 an option order', _CHOICE,
                 paper_name)


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
            'choice-ent'),
    _choice('choice_logprob', 'ln max c', -1, (-_INF, 0.0), 'choice-prob'),
    _choice('choice_log_mass', 'ln Σ c', -1, (-_INF, 0.0), 'choice-mass'),
    _choice('choice_log_margin', 'ln(largest c − second largest c)', -1,
            (-_INF, 0.0), 'choice-margin'),
)

# How the answer depends on where the options stand (n_orders > 1).
_ORDERS = (
    Measure('order_agreement', 'share of option orders whose choice is that '
            'of their average', 'Pezeshkpour & Hruschka 2023', -1, (0.0, 1.0),
            'letters, numbers, text; n_orders > 1', 'n_orders', _ITEM),
    Measure('order_entropy_sd', 'standard deviation of choice_entropy over '
            'option orders', 'this project', 1, (0.0, 0.5),
            'letters, numbers, text; n_orders > 1', 'n_orders', _ITEM),
    Measure('order_divergence', 'H(mean of c over orders) − mean of H(c), '
            'over ln K: what position alone adds', 'this project', 1,
            (0.0, 1.0), 'letters, numbers, text; n_orders > 1', 'n_orders',
            _ITEM),
)

# Generated answers: sequences, words, judgements, samples.
_GENERATED = (
    Measure('perplexity', 'exp(mean of −ln p of the generated tokens)',
            _PAPER, 1, (1.0, _INF), 'free', '1 a step', _SEQUENCE, 'ppl'),
    Measure('verbal_confidence', 'the probability stated in words', _TIAN, -1,
            (0.0, 1.0), 'verbal', '1 a token', _ITEM),
    *(Measure(f'verbal_{form}_{order}_confidence',
              f'the same, asked as a {form} {order} the answer', _TIAN, -1,
              (0.0, 1.0), 'verbal', '1 a token', _ITEM)
      for form in ('percent', 'number', 'phrase')
      for order in ('after', 'before')),
    Measure('p_true', 'p(True) / (p(True) + p(False)), mean over both orders',
            _KADAVATH, -1, (0.0, 1.0), 'p_true', '1 a step + 2', _ITEM),
    Measure('sample_modal_share', 'share of the commonest of n answers',
            'Wang et al. 2023', -1, (0.0, 1.0), 'samples', 'n · 1 a step',
            _ITEM),
    Measure('sample_entropy', 'H(shares of n answers) / ln n',
            'Wang et al. 2023', 1, (0.0, 1.0), 'samples', 'n · 1 a step',
            _ITEM),
    Measure('sample_n_distinct', 'number of different answers of n',
            'this project', 1, (1.0, _INF), 'samples', 'n · 1 a step', _ITEM),
    Measure('semantic_entropy', 'H(cluster weights), a sample weighing '
            'exp(mean ln p of its tokens)', _FARQUHAR, 1, (0.0, _INF),
            'samples', 'n · 1 a step + judge', _ITEM),
    Measure('semantic_entropy_sequence', 'the same, a sample weighing p',
            _FARQUHAR, 1, (0.0, _INF), 'samples', 'n · 1 a step + judge',
            _ITEM),
    Measure('semantic_entropy_discrete', 'H(shares of samples in clusters)',
            _FARQUHAR, 1, (0.0, _INF), 'samples', 'n · 1 a step + judge',
            _ITEM),
    Measure('semantic_n_clusters', 'number of meanings of n answers',
            _FARQUHAR, 1, (1.0, _INF), 'samples', 'n · 1 a step + judge',
            _ITEM),
)

MEASURES: dict[str, Measure] = {
    m.name: m for m in (*_NEXT_TOKEN, *_CHOICES, *_ORDERS, *_GENERATED)}


def parse(column: str) -> tuple[str, Measure]:
  """Splits a results column into its prefix (no underscore) and measure.

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
  """Whether a results column holds a measure."""
  try:
    parse(column)
  except UserError:
    return False
  return True


def table() -> str:
  """All measures as a Markdown table, for `--list_measures` and the README."""
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
