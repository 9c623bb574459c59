"""The one table of all measures: what each is and how to read it.

A results column is a prefix and a measure's name: `mc_total_entropy`. The
prefix says over what it was taken (`PREFIXES`).
"""

import math

from uncertainty.measures import activation_spread
from uncertainty.measures.measure import (
    BRACKET,
    BRACKET_FIRST,
    FR,
    FR_FIRST,
    MC,
    OF_CHOICE,
    OF_JUDGED,
    OF_SAMPLES,
    Measure,
    Subject,
)
from uncertainty.measures.measure import column as column
from uncertainty.types import UserError

# Names that code uses of measures that are taken over a prefix …
CHOICE_ENTROPY, CHOICE_LOGPROB = 'choice_entropy', 'choice_logprob'
CHOICE_LOG_MASS, CHOICE_LOG_MARGIN = 'choice_log_mass', 'choice_log_margin'
TOTAL_ENTROPY, VARENTROPY = 'total_entropy', 'varentropy'
TOP1_LOGPROB, PERPLEXITY = 'top1_logprob', 'perplexity'
ORDINAL_ENTROPY, ORDINAL_VARIATION = 'ordinal_entropy', 'ordinal_variation'
SCALE_SD = 'scale_sd'
HEDGES = 'hedges'
# How columns of stated confidences end.
STATED = '_confidence'
# Stems, behind which k or the mass stands, and which there are.
TOP_K_ENTROPY = 'top_k_entropy_'
NUCLEUS_SIZE, NUCLEUS_ENTROPY = 'nucleus_size_', 'nucleus_entropy_'
TOP_KS, NUCLEUS_MASSES = (5, 10, 25, 50, 100), (0.95, 0.9, 0.75, 0.5)
# … and of measures of the item as a whole, where they are columns' too.
P_TRUE = 'p_true'
ORDER_AGREEMENT, ORDER_DIVERGENCE = 'order_agreement', 'order_divergence'
ORDER_ENTROPY_SD = 'order_entropy_sd'
SAMPLE_ENTROPY, SAMPLE_MODAL_SHARE = 'sample_entropy', 'sample_modal_share'
SAMPLE_N_DISTINCT = 'sample_n_distinct'
SEMANTIC_ENTROPY = 'semantic_entropy'
SEMANTIC_ENTROPY_SEQUENCE = 'semantic_entropy_sequence'
SEMANTIC_ENTROPY_DISCRETE = 'semantic_entropy_discrete'
SEMANTIC_N_CLUSTERS = 'semantic_n_clusters'
KERNEL_ENTROPY_HEAT = 'kernel_entropy_heat'
KERNEL_ENTROPY_MATERN = 'kernel_entropy_matern'
DEGREE_UNCERTAINTY, ECCENTRICITY = 'degree_uncertainty', 'eccentricity'
EIGENVALUE_SUM, LEXICAL_SIMILARITY = 'eigenvalue_sum', 'lexical_similarity'
SEMANTIC_DENSITY = 'semantic_density'
SENTENCE_SAR, TOKEN_SAR, SAR = 'sentence_sar', 'token_sar', 'sar'
COCOA_SEQUENCE, COCOA_PERPLEXITY = 'cocoa_sequence', 'cocoa_perplexity'
EIGEN_SCORE, RAUQ = 'eigen_score', 'rauq'
# What is kept of a next-token distribution beside its measures.
TOP_LOGPROBS, TOP_TOKENS = 'top_logprobs', 'top_tokens'
REST_LOGPROB = 'rest_logprob'

_PAPER = 'Moore et al. 2026'
_FARQUHAR = 'Farquhar et al. 2024'
_KADAVATH = 'Kadavath et al. 2022'
_TIAN = 'Tian et al. 2023'
_WANG = 'Wang et al. 2023'
_NIKITIN = 'Nikitin et al. 2024'
_LIN = 'Lin et al. 2024'
_DUAN = 'Duan et al. 2024'
_VASHURIN = 'Vashurin et al. 2025'

# Longest first: `fr_first_x` is not the `first_x` of `fr`.
PREFIXES = {
    BRACKET_FIRST: 'first token inside the braces of the answer',
    FR_FIRST: 'first generated token',
    BRACKET: 'tokens inside the braces of the answer',
    FR: 'whole generated sequence',
    MC: 'next token of a choice prompt, or the item\'s choices',
    '': 'the item, however it was asked',
}
_STARTS = [(prefix, f'{prefix}_' if prefix else '') for prefix in PREFIXES]

# Over what a model generated.
GENERATED = (FR, BRACKET, FR_FIRST, BRACKET_FIRST)
_TOKEN = (MC, *GENERATED)
_CHOICE = (MC,)
_ITEM = ('',)

_INF = math.inf


def _token(name, formula, orientation, bounds, paper_name, kind):
  return Measure(name, formula, _PAPER, orientation, bounds,
                 'letters, numbers, text, free, response',
                 '1; 1 a step for free', _TOKEN, paper_name, kind=kind)


def _choice(name, formula, orientation, bounds, paper_name, primary=False,
            kind='choices'):
  return Measure(name, formula, _PAPER, orientation, bounds,
                 'letters, numbers, text', '1 an option order', _CHOICE,
                 paper_name, primary=primary, kind=kind)


def _scaled(name, formula, bounds, source):
  return Measure(name, formula, source, 1, bounds,
                 'letters, numbers, text; choices on a scale',
                 '1 an option order', _CHOICE)


def _order(name, formula, orientation, bounds, source='this project'):
  return Measure(name, formula, source, orientation, bounds,
                 'letters, numbers, text; n_orders > 1', 'n_orders', _ITEM,
                 of=OF_CHOICE)


def _stated(name, formula, primary=False):
  # The column without its ending names the wording whose answer was graded.
  grade = name.removesuffix(STATED) + '_correct'
  return Measure(name, formula, _TIAN, -1, (0.0, 1.0), 'verbal', '1 a token',
                 _ITEM, of=Subject('stated', grade, ()), primary=primary)


def _sampled(name, formula, orientation, bounds, source=_FARQUHAR,
             passes='n · 1 a step + judge', primary=False):
  return Measure(name, formula, source, orientation, bounds, 'samples', passes,
                 _ITEM, of=OF_SAMPLES, primary=primary)


_NEXT_TOKEN = (
    _token(TOTAL_ENTROPY, 'H(p) / ln V', 1, (0.0, 1.0), 'total-ent',
           'next token'),
    _token(VARENTROPY, 'Σ p (−ln p − H)²', 1, (0.0, _INF), 'var-ent',
           'next token'),
    _token(TOP1_LOGPROB, 'ln p₁', -1, (-_INF, 0.0), 'top-1-prob',
           'next token'),
    *(_token(f'{TOP_K_ENTROPY}{k}', f'H(top {k} renormalised) / ln {k}', 1,
             (0.0, 1.0), f'top-k-ent-{k}', 'top k') for k in TOP_KS),
    *(_token(f'{NUCLEUS_SIZE}{p}', f'n = #{{i : Σ_{{j<i}} p_j < {p}}}', 1,
             (1.0, _INF), f'top-p-len-{p}', 'nucleus size')
      for p in NUCLEUS_MASSES),
    *(_token(f'{NUCLEUS_ENTROPY}{p}',
             f'H(nucleus {p} renormalised) / ln n; 0 if n = 1', 1,
             (0.0, 1.0), f'top-p-ent-{p}', 'nucleus entropy')
      for p in NUCLEUS_MASSES),
)

_CHOICES = (
    _choice(CHOICE_ENTROPY, 'H(c renormalised) / ln K', 1, (0.0, 1.0),
            'choice-ent', primary=True),
    _choice(CHOICE_LOGPROB, 'ln max c', -1, (-_INF, 0.0), 'choice-prob'),
    _choice(CHOICE_LOG_MASS, 'ln Σ c', -1, (-_INF, 0.0), 'choice-mass',
            kind='mass of the choices'),
    _choice(CHOICE_LOG_MARGIN, 'ln(largest c − second largest c)', -1,
            (-_INF, 0.0), 'choice-margin'),
)

# Of choices that stand on a scale; no pass beyond the choices' own.
_ORDINAL = (
    _scaled(ORDINAL_ENTROPY, 'Σ_k h(F_k) / (K − 1), F_k = Σ_{j≤k} c_j, '
            'h binary entropy in bits', (0.0, 1.0), 'Vogel & Dobbener 1982'),
    _scaled(ORDINAL_VARIATION, '4 Σ_k F_k (1 − F_k) / (K − 1)', (0.0, 1.0),
            'Blair & Lacy 2000'),
    _scaled(SCALE_SD, 'standard deviation of the choices\' places under c',
            (0.0, _INF), 'this project'),
)

# How the answer depends on where the options stand (n_orders > 1).
_ORDERS = (
    _order(ORDER_AGREEMENT, 'share of option orders whose choice is that '
           'of their average', -1, (0.0, 1.0), 'Pezeshkpour & Hruschka 2023'),
    _order(ORDER_ENTROPY_SD, 'standard deviation of choice_entropy over '
           'option orders', 1, (0.0, 0.5)),
    _order(ORDER_DIVERGENCE, 'H(mean of c over orders) − mean of H(c), '
           'over ln K: what position alone adds', 1, (0.0, 1.0)),
)

# Generated answers: sequences, words, judgements, samples.
_ANSWERS = (
    Measure(PERPLEXITY, 'exp(mean of −ln p of the generated tokens)',
            _PAPER, 1, (1.0, _INF), 'free, response', '1 a step', GENERATED,
            'ppl', primary=True),
    Measure(HEDGES, 'share of the words of the answer that hedge, by a '
            'stated list', 'after Hyland 2005', 1, (0.0, 1.0),
            'free, response', '1 a step', (FR,)),
    _stated(f'verbal{STATED}', 'the probability stated in words',
            primary=True),
    *(_stated(f'verbal_{form}_{order}{STATED}',
              f'the same, asked as a {form} {order} the answer')
      for form in ('percent', 'number', 'phrase')
      for order in ('after', 'before')),
    Measure(P_TRUE, 'p(True) / (p(True) + p(False)), mean over both orders',
            _KADAVATH, -1, (0.0, 1.0), 'p_true', '1 a step + 2', _ITEM,
            of=OF_JUDGED, primary=True),
    _sampled(SAMPLE_MODAL_SHARE, 'share of the commonest of n answers', -1,
             (0.0, 1.0), _WANG, 'n · 1 a step'),
    _sampled(SAMPLE_ENTROPY, 'H(shares of n answers) / ln n', 1, (0.0, 1.0),
             _WANG, 'n · 1 a step'),
    _sampled(SAMPLE_N_DISTINCT, 'number of different answers of n', 1,
             (1.0, _INF), 'this project', 'n · 1 a step'),
    _sampled(SEMANTIC_ENTROPY, 'H(cluster weights), a sample weighing '
             'exp(mean ln p of its tokens)', 1, (0.0, _INF), primary=True),
    _sampled(SEMANTIC_ENTROPY_SEQUENCE, 'the same, a sample weighing p', 1,
             (0.0, _INF)),
    _sampled(SEMANTIC_ENTROPY_DISCRETE, 'H(shares of samples in clusters)',
             1, (0.0, _INF)),
    _sampled(SEMANTIC_N_CLUSTERS, 'number of meanings of n answers', 1,
             (1.0, _INF)),
)

# Of how alike samples are, a(i, j) of the judge in [0, 1]: W = (a + aᵀ) / 2,
# L its Laplacian, m the commonest answer.
_ALIKE = (
    _sampled(KERNEL_ENTROPY_HEAT, '−Tr K ln K, K = exp(−0.3 · 2L) to trace 1',
             1, (0.0, _INF), _NIKITIN),
    _sampled(KERNEL_ENTROPY_MATERN, 'the same, K = (2 I + 2L)⁻¹ to trace 1',
             1, (0.0, _INF), _NIKITIN),
    _sampled(DEGREE_UNCERTAINTY, '1 − mean of W: the degree matrix', 1,
             (0.0, 1.0), _LIN),
    _sampled(EIGENVALUE_SUM, 'Σ max(0, 1 − λ), λ of the normalised L', 1,
             (1.0, _INF), _LIN),
    _sampled(ECCENTRICITY, '√Σ (u − ū)², u of the normalised L, λ < 0.9', 1,
             (0.0, _INF), _LIN),
    _sampled(LEXICAL_SIMILARITY, 'mean ROUGE-L of two answers\' words', -1,
             (0.0, 1.0), 'Fomicheva et al. 2020', 'n · 1 a step'),
    _sampled(SEMANTIC_DENSITY, 'Σ p a(m, ·) / Σ p over different answers, '
             'p = exp(mean ln p)', -1, (0.0, 1.0),
             'Qiu & Miikkulainen 2024'),
    _sampled(SENTENCE_SAR, 'mean of −ln(p_s + Σ_{k≠s} a(s, k) p_k / 0.001)',
             1, (-_INF, _INF), _DUAN),
    _sampled(TOKEN_SAR, 'mean of Σ R_t (−ln p_t) / Σ R_t, R_t = 1 − a(answer, '
             'answer without t); free.token_relevance', 1, (0.0, _INF), _DUAN,
             'n · 1 a step + judge, 1 a token'),
    _sampled(SAR, 'sentence_sar, ln p_s being −token-SAR of s; '
             'free.token_relevance', 1, (-_INF, _INF), _DUAN,
             'n · 1 a step + judge, 1 a token'),
    _sampled(COCOA_SEQUENCE, '−ln p_m · mean of 1 − a(m, ·)', 1, (0.0, _INF),
             _VASHURIN),
    _sampled(COCOA_PERPLEXITY, 'the same with the mean of −ln p of its tokens',
             1, (0.0, _INF), _VASHURIN),
)

# Of what the model holds while it writes.
_INSIDE = (
    _sampled(EIGEN_SCORE, 'mean of ln(λ + 0.001), λ of Z J Zᵀ, Z the middle '
             'layer at the last token of n answers, J = I − 11ᵀ/D; '
             'free.middle_layer', 1, (math.log(activation_spread.ALPHA), _INF),
             'Chen et al. 2024', 'n · 1 a step'),
    Measure(RAUQ, 'max over layers of −mean ln c, c_t = 0.2 p_t + 0.8 a_t '
            'c_{t−1}, a_t the weight on t − 1 of the head that attends most '
            'to it; free.attention', 'Vazhentsev et al. 2025', 1, (0.0, _INF),
            'free', '1 a step', (FR, BRACKET)),
)

MEASURES: dict[str, Measure] = {
    m.name: m for m in (
        *_NEXT_TOKEN, *_CHOICES, *_ORDINAL, *_ORDERS, *_ANSWERS, *_ALIKE,
        *_INSIDE)}

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
    'letters': MEASURES[CHOICE_ENTROPY].primary_column,
    'numbers': MEASURES[CHOICE_ENTROPY].primary_column,
    'text': MEASURES[CHOICE_ENTROPY].primary_column,
    'free': MEASURES[PERPLEXITY].primary_column,
    'response': MEASURES[PERPLEXITY].primary_column,
    'verbal': MEASURES[f'verbal{STATED}'].primary_column,
    'p_true': MEASURES[P_TRUE].primary_column,
    'samples': MEASURES[SEMANTIC_ENTROPY].primary_column,
}
# What each is called where one number stands for a way of asking.
PRIMARY_WORDS: dict[str, str] = {
    PRIMARY['letters']: 'choice entropy',
    PRIMARY['free']: 'perplexity of the answer',
    PRIMARY['verbal']: 'stated confidence',
    PRIMARY['p_true']: 'p(True)',
    PRIMARY['samples']: 'semantic entropy',
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
  found = _split(column)
  if found is None:
    raise UserError(
        f'no measure is called {column!r}; `python -m uncertainty.main '
        '--list_measures` lists them')
  return found


# Asked of every column of every table, many times over; not remembered, as
# plugins add measures.
def _split(column: str) -> tuple[str, Measure] | None:
  for prefix, start in _STARTS:
    if column.startswith(start):
      measure = MEASURES.get(column[len(start):])
      if measure and prefix in measure.prefixes:
        return prefix, measure
  return None


def is_measure(column: str) -> bool:
  """Whether a results column holds a measure.

  Args:
    column: any column's name.

  Returns:
    True if `parse` reads it.
  """
  return _split(column) is not None


def is_stated(column: str) -> bool:
  """Whether a results column holds a confidence that the model stated.

  Args:
    column: any column's name.

  Returns:
    True for `verbal_confidence`, in any wording.
  """
  return is_measure(column) and subject(column).about == 'stated'


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
