"""Every column of every analysis table, DIR/analysis/TABLE.parquet.

What a column means in several tables is said once (`_SHARED`); a table names
those and describes its own. Tables of probes and of the paper's figures are
in `probe_columns`.
"""

import dataclasses
from collections.abc import Mapping

from uncertainty.results.columns import Column


@dataclasses.dataclass(frozen=True)
class Table:
  """One analysis table.

  Attributes:
    name: of the file, without its ending.
    writer: module of `uncertainty` that makes it.
    meaning: what a row is.
    columns: in no order.
  """

  name: str
  writer: str
  meaning: str
  columns: tuple[Column, ...]

  def find(self, name: str) -> Column | None:
    """What describes one of its columns, or None."""
    return next((c for c in self.columns if c.matches(name)), None)


# name: (type, unit, meaning)
_SHARED: Mapping[str, tuple[str, str, str]] = {
    'model': ('string', '', 'The model; a sweep\'s workdir in parentheses.'),
    'dataset': ('string', '', 'The data set.'),
    'measure': ('string', '', 'Results column of a measure.'),
    'signal': ('string', '', 'Results column of a human signal.'),
    'outcome': ('string', '', ('What was scored: alignment:SIGNAL, ece, auroc, '
                'accuracy, fr_accuracy, agreement, probe_r2.')),
    'kind': ('string', '', '`instruct` or `base`.'),
    'variant': ('string', '', 'A sweep\'s workdir; empty without a sweep.'),
    'family': ('string', '', 'The series the model belongs to.'),
    'value': ('float', 'of the outcome', 'The estimate.'),
    'n': ('int', 'items', 'Items behind it.'),
    'rho': ('float', '−1 to 1', 'Spearman\'s correlation.'),
    'p_value': ('float', 'probability', 'Two-sided p.'),
    'ci_low': ('float', 'of the estimate', 'Lower end of its interval.'),
    'ci_high': ('float', 'of the estimate', 'Upper end of its interval.'),
    'p_holm': ('float', 'probability', 'p after Holm.'),
    'p_bh': ('float', 'probability', 'p after Benjamini-Hochberg.'),
    'n_tests': ('int', 'tests', 'Size of the family of tests.'),
    'confidence': ('float', '0 to 1', 'Mean confidence.'),
    'accuracy': ('float', 'share', 'Mean correctness of the same items.'),
    'confidence_map': ('string', '', ('How the measure became a confidence; '
                       'none for metrics of the order alone.')),
    'correctness': ('string', '', ('Results column of the grade it is held '
                    'against.')),
    'ceiling': ('float', '0 to 1', ('Square root of the signal\'s '
                'reliability: the highest correlation to be had.')),
    'human_entropy': ('float', 'of ln K', 'People\'s entropy.'),
    'n_families': ('int', 'families', 'Families behind it.'),
    'second': ('string', '', 'The flag or score beside alignment.'),
    'form': ('string', '', ('Prompt form: chat or completion, with the stray '
             'brace or without; mixed.')),
    'weights': ('string', '', 'The base model\'s name.'),
}

# (name, type, unit, meaning)
_Row = tuple[str, str, str, str]


def describe(
    shared: Mapping[str, tuple[str, str, str]], name: str, writer: str,
    meaning: str, common: str, *own: _Row) -> Table:
  """A table from the columns that it shares and its own.

  Args:
    shared: name → type, unit, meaning.
    name: of the table.
    writer: module that makes it.
    meaning: what a row is.
    common: names in `shared`, separated by spaces.
    *own: further columns.

  Returns:
    The table.

  Raises:
    KeyError: a common column that is not shared.
  """
  rows = [*((c, *shared[c]) for c in common.split()), *own]
  return Table(name, writer, meaning, tuple(
      Column(column, kind, unit, writer, text)
      for column, kind, unit, text in rows))


def _table(name: str, writer: str, meaning: str, common: str, *own: _Row):
  return describe(
      _SHARED, name, f'analysis.{writer}', meaning, common, *own)


_SCORES = (
    _table('alignment', 'questions.alignment',
           'One measure of one model against one human signal.',
           'model dataset measure signal rho p_value n ci_low ci_high p_holm '
           'p_bh n_tests',
           ('p_bonferroni', 'float', 'probability', 'p times n_tests.')),
    _table('calibration', 'questions.calibrated',
           'One calibration metric of one measure under one confidence map.',
           'model dataset measure confidence_map correctness value ci_low '
           'ci_high n',
           ('metric', 'string', '', 'Which error or ranking metric.')),
    _table('reliability', 'calibration.reliability',
           'One bin of one reliability diagram.',
           'model dataset measure confidence_map correctness confidence '
           'accuracy ci_low ci_high',
           ('binning', 'string', '', 'width, mass or sweep.'),
           ('bin', 'int', 'index', 'Place of the bin, from 0.'),
           ('count', 'int', 'items', 'Items in it.')),
    _table('summary', 'questions.summary', 'One statistic of one model.',
           'model dataset value ci_low ci_high n',
           ('statistic', 'string', '', 'Which; docs of summary_table.'),
           ('n_items', 'int', 'items', 'Items of the data set.')),
    _table('items', 'questions.items',
           'One item and model, most disagreed first.',
           'model dataset human_entropy',
           ('item_id', 'string', '', 'The item.'),
           ('question', 'string', '', 'Its question.'),
           ('choices', 'list of string', '', 'Its options.'),
           ('human_shares', 'list of float', 'share', 'People\'s choices.'),
           ('model_shares', 'list of float', 'share', 'The model\'s.'),
           ('model_uncertainty', 'float', 'of the measure', ('High is '
            'uncertain.')),
           ('uncertainty_measure', 'string', '', 'Column it was taken from.'),
           ('human_choice', 'float', 'index', 'People\'s commonest choice.'),
           ('model_choice', 'float', 'index', 'The model\'s.'),
           ('answer', 'float', 'index', 'The right one; missing if none.'),
           ('disagreement', 'float', '0 to 1', ('Total variation distance, or '
            'distance of ranks.')),
           ('disagreement_kind', 'string', '', 'shares or ranks.')),
    _table('scores', 'scores.scores', 'One outcome of one measure and model.',
           'dataset model kind family outcome measure value p_value n',
           ('size', 'float', 'billions', 'Parameters.')),
)

_TUNING = (
    _table('effects_pairs', 'questions.instruct',
           'Instruct minus base of one pair, over the same items.',
           'dataset variant outcome measure family n ci_low ci_high p_value',
           ('base', 'string', '', 'The base model.'),
           ('instruct', 'string', '', 'The model tuned from it.'),
           ('base_value', 'float', 'of the outcome', 'Its score.'),
           ('instruct_value', 'float', 'of the outcome', 'Its score.'),
           ('difference', 'float', 'of the outcome', 'Instruct − base.')),
    _table('effects', 'questions.instruct', 'The effect over pairs.',
           'dataset variant outcome measure n_families ci_low ci_high p_value '
           'n_tests p_holm p_bh',
           ('n_pairs', 'int', 'pairs', 'Pairs behind it.'),
           ('mean_difference', 'float', 'of the outcome', 'Over pairs.'),
           ('rank_biserial', 'float', '−1 to 1', 'Matched pairs.'),
           ('r_low', 'float', '−1 to 1', 'Lower end of its interval.'),
           ('r_high', 'float', '−1 to 1', 'Upper end of its interval.'),
           ('least_p', 'float', 'probability', ('The smallest p that so many '
            'families can reach.')),
           ('p_signed_rank', 'float', 'probability', ("Wilcoxon's over pairs, "
            'as if they were independent.')),
           ('role', 'string', '', 'hypothesis or screen.')),
    _table('mixed', 'questions.hierarchical',
           'One fixed effect of a mixed model, beside the plain statistic.',
           'dataset variant measure ci_low ci_high p_value n',
           ('claim', 'string', '', 'What it speaks to.'),
           ('term', 'string', '', 'The fixed effect.'),
           ('estimate', 'float', 'of the term', 'Its coefficient.'),
           ('se', 'float', 'of the term', 'Its standard error.'),
           ('plain', 'float', 'of plain_name', ('The statistic without random '
            'effects.')),
           ('plain_p', 'float', 'probability', 'Its p.'),
           ('plain_name', 'string', '', 'What it is.'),
           ('random', 'string', '', 'The random effects that converged.')),
    _table('size', 'questions.size', 'One score against model size.',
           'dataset outcome measure kind n_families rho p_value p_bh',
           ('n_models', 'int', 'models', 'Models behind it.'),
           ('slope', 'float', 'per tenfold size', 'Least squares.'),
           ('slope_p', 'float', 'probability', 'Its p.'),
           ('slope_within', 'float', 'per tenfold size', ('Families as fixed '
            'effects.')),
           ('slope_within_p', 'float', 'probability', 'Its p.'),
           ('family_share', 'float', 'share', ('Of variance, between '
            'families.')),
           ('family_p', 'float', 'probability', 'By permutation.')),
)

_JOINT = (
    _table('joint', 'questions.joint',
           'Alignment and calibration of one measure of one model.',
           'dataset model measure rho',
           ('rho_p', 'float', 'probability', 'p of rho.'),
           ('rho_p_bh', 'float', 'probability', 'Corrected.'),
           ('ece', 'float', '0 to 1', 'Width bins, L2.'),
           ('auroc', 'float', '0 to 1', 'Right above wrong answers.'),
           ('auroc_low', 'float', '0 to 1', 'Lower end of its interval.'),
           ('auroc_high', 'float', '0 to 1', 'Upper end of its interval.'),
           ('auroc_p', 'float', 'probability', 'p against one half.'),
           ('auroc_p_bh', 'float', 'probability', 'Corrected.'),
           ('aligned', 'bool', '', 'rho > 0 with corrected p below alpha.'),
           ('calibrated', 'bool', '', 'ece small enough.'),
           ('discriminates', 'bool', '', ('auroc > ½ with corrected p below '
            'alpha.'))),
    _table('joint_chance', 'questions.joint',
           'How often two flags hold together, against chance.',
           'dataset second p_value',
           ('permuted', 'string', '', ('What changes places as a whole under '
            'the null.')),
           ('n_cells', 'int', 'cells', 'Cells of joint behind it.'),
           ('rate_aligned', 'float', 'share', 'Cells that are aligned.'),
           ('rate_second', 'float', 'share', 'Cells with the other flag.'),
           ('rate_both', 'float', 'share', 'Cells with both.'),
           ('chance', 'float', 'share', 'Mean of both under the null.'),
           ('chance_low', 'float', 'share', 'Its 2.5 %.'),
           ('chance_high', 'float', 'share', 'Its 97.5 %.')),
    _table('joint_correlations', 'questions.joint',
           'Alignment against calibration, across models or measures.',
           'dataset second rho p_value p_bh',
           ('n', 'int', 'cells', 'Cells correlated.'),
           ('across', 'string', '', 'models, measures or cells.'),
           ('unit', 'string', '', 'The measure or model held fixed.')),
)

_PEOPLE = (
    _table('partial', 'questions.beyond_difficulty',
           'Alignment with one thing held fixed.',
           'dataset model measure rho ci_low ci_high p_value n p_bh',
           ('given', 'string', '', 'correctness, difficulty or ln K.'),
           ('partial_rho', 'float', '−1 to 1', 'With it held fixed.'),
           ('control_rho', 'float', '−1 to 1', 'Of human entropy with it.')),
    _table('calibration_by_people', 'questions.beyond_difficulty',
           'Calibration where people agree, waver or disagree.',
           'dataset model measure human_entropy confidence accuracy n',
           ('people', 'string', '', 'low, middle or high human entropy.'),
           ('gap', 'float', '−1 to 1', 'confidence − accuracy.'),
           ('ece', 'float', '0 to 1', 'Width bins, L2.'),
           ('gap_rho', 'float', '−1 to 1', ('Spearman of confidence − '
            'correctness with human entropy, over all items.')),
           ('gap_p', 'float', 'probability', 'Its p.')),
    _table('choice_count', 'questions.choice_count',
           'Alignment among items of one number of choices.',
           'dataset model measure rho ci_low ci_high p_value n',
           ('stratum', 'string', '', 'all, K=…, within K, partial on ln K.')),
    _table('ceiling', 'questions.noise_ceiling',
           'Reliability of one human signal.', 'dataset signal ceiling',
           ('reliability', 'float', '0 to 1', 'Split half, stepped up.'),
           ('low', 'float', '0 to 1', '2.5 % of splits.'),
           ('high', 'float', '0 to 1', '97.5 % of splits.'),
           ('n_items', 'int', 'items', 'Items with enough people.'),
           ('people', 'float', 'people', 'Median per item.'),
           ('count_source', 'string', '', ('Whether the counts are published '
            'or the fewest that fit.'))),
    _table('ceiling_corrected', 'questions.noise_ceiling',
           'Alignment over its ceiling.',
           'dataset model measure rho ceiling ci_low ci_high n',
           ('corrected_rho', 'float', '−1 to 1', 'rho / ceiling.')),
    _table('response_time', 'questions.response_time',
           'One form of Hick\'s law for one response time.',
           'dataset model n',
           ('time', 'string', '', 'Results column of the time.'),
           ('scale', 'string', '', 'ms or ln ms.'),
           ('form', 'string', '', 'The regression.'),
           ('a', 'float', 'of scale', 'Intercept.'),
           ('b', 'float', 'of scale, per unit', 'First slope.'),
           ('b_se', 'float', 'of scale, per unit', 'Its standard error.'),
           ('b_p', 'float', 'probability', 'Its p.'),
           ('c', 'float', 'of scale, per unit', 'Second slope, if any.'),
           ('c_p', 'float', 'probability', 'Its p.'),
           ('r2', 'float', 'at most 1', 'Of the fit.'),
           ('aic', 'float', 'nats · 2', 'Akaike.'),
           ('bic', 'float', 'nats · 2', 'Schwarz.'),
           ('delta_aic', 'float', 'nats · 2', 'From the best form.'),
           ('cv_r2', 'float', 'at most 1', 'Held out, ten folds.')),
    _table('combination', 'questions.combination',
           'All measures together against the best single one, held out.',
           'dataset model p_value n',
           ('prefix', 'string', '', 'Over what they were taken.'),
           ('n_measures', 'int', 'measures', 'How many were combined.'),
           ('best_single', 'string', '', 'The one chosen most often.'),
           ('rho_single', 'float', '−1 to 1', 'Its held-out Spearman.'),
           ('rho_combined', 'float', '−1 to 1', 'The combination\'s.'),
           ('gain', 'float', '−2 to 2', 'Their difference.'),
           ('gain_low', 'float', '−2 to 2', 'Lower end of its interval.'),
           ('gain_high', 'float', '−2 to 2', 'Upper end of its interval.'),
           ('r2_combined', 'float', 'at most 1', 'Held-out R².')),
    _table('stated_confidence', 'questions.stated_confidence',
           'Stated against internal confidence of one wording.',
           'model dataset accuracy rho p_value n',
           ('wording', 'string', '', 'Results column of what was stated.'),
           ('internal', 'string', '', ('Results column of what it is held '
            'against.')),
           ('parse_rate', 'float', 'share', 'Statements that were read.'),
           ('mean_stated', 'float', '0 to 1', 'Over items with both.'),
           ('mean_internal', 'float', '0 to 1', 'Over the same.'),
           ('gap', 'float', '−1 to 1', 'stated − internal.'),
           ('over', 'float', '−1 to 1', 'stated − accuracy.')),
    _table('stated_unread', 'questions.stated_confidence',
           'One reason why statements could not be read.', 'model dataset',
           ('wording', 'string', '', 'Results column of what was stated.'),
           ('reason', 'string', '', 'Why.'),
           ('count', 'int', 'items', 'How often.')),
)

_PROMPTS = (
    _table('prompt_forms', 'paper.flaws', 'How one model was asked.',
           'dataset model kind form',
           ('n_prompts', 'int', 'prompts', 'How many.'),
           ('ends_with_brace', 'int', 'prompts', 'With the stray brace.'),
           ('chat', 'int', 'prompts', 'With a chat template\'s marks.')),
    _table('design', 'paper.flaws', 'One score under one prompt form.',
           'dataset model weights kind form outcome measure value n'),
    _table('design_contrasts', 'paper.flaws',
           'What one factor does with the others held fixed.',
           'dataset weights outcome measure ci_low ci_high p_value',
           ('factor', 'string', '', 'tuning, chat or brace.'),
           ('held', 'string', '', 'The other two.'),
           ('difference', 'float', 'of the outcome', 'With − without.')),
)

_CLAIMS = (
    _table('claims', 'claims',
           'One claim about one subject of one data set (docs/validity.md).',
           'model measure n_families',
           ('claim', 'string', '', 'Its id, as in `analysis.claims.CLAIMS`.'),
           ('data', 'string', '', 'The data set.'),
           ('question', 'string', '', 'What is asked, in words.'),
           ('estimate', 'float', 'of the claim', 'The estimate.'),
           ('low', 'float', 'of the claim', 'Lower end of its interval.'),
           ('high', 'float', 'of the claim', 'Upper end of its interval.'),
           ('p', 'float', 'probability', 'Two-sided, of this claim alone.'),
           ('p_corrected', 'float', 'probability', ('After Holm, over its '
            'correction family in its data set.')),
           ('correction_family', 'string', '', 'Claims corrected together.'),
           ('n_items', 'int', 'items', 'Items behind it.'),
           ('n_raters', 'float', 'people', ('Median over items; missing where '
            'not published or no part of the claim.')),
           ('n_models', 'int', 'models', 'Models behind it.'),
           ('smallest_effect', 'float', 'of the claim', ('Distance from the '
            'null that is seen with 80 % power, after correction.')),
           ('verdict', 'string', '', ('supported, contradicted, cannot tell '
            'or too little data.')),
           ('sentence', 'string', '', 'What may be said.')),
)

TABLES: Mapping[str, Table] = {
    t.name: t for t in (*_SCORES, *_TUNING, *_JOINT, *_PEOPLE, *_PROMPTS,
                      *_CLAIMS)}
