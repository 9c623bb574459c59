"""Every column of every analysis table, DIR/analysis/TABLE.parquet.

Tables of probes and of the paper's figures are in `probe_columns`.
"""

from collections.abc import Mapping

from uncertainty.results import columns, derived
from uncertainty.results.table_columns import SHARED, Row, Table, describe


def _table(name: str, writer: str, meaning: str, common: str, *own: Row,
           ) -> Table:
  return describe(
      SHARED, name, f'analysis.{writer}', meaning, common, *own)


_SCORES = (
    _table('alignment', 'questions.alignment',
           'One measure of one model against one human signal. The interval is '
           'of resamples; so is p_value where items come in clusters, else it '
           'is of Student\'s t of rho as scipy has it, and near .05 both may '
           'differ. Verdicts go by claims.',
           'model dataset measure signal rho p_value n ci_low ci_high p_holm '
           'p_bh n_tests',
           (derived.P_BONFERRONI, 'float', 'probability', 'p times n_tests.')),
    _table('calibration', 'questions.calibrated',
           'One calibration metric of one measure under one confidence map.',
           'model dataset measure confidence_map correctness value ci_low '
           'ci_high n',
           ('metric', 'string', '', (
               'Which error, ranking metric or test (see *Values of metric* '
               'below).')),
           (columns.P_VALUE, 'float', 'probability', (
               'Of calibration: two-sided of spiegelhalter_z, one-sided of '
               'kernel_error; missing elsewhere.'))),
    _table('reliability', 'calibration.reliability',
           'One bin of one reliability diagram.',
           'model dataset measure confidence_map correctness confidence '
           'accuracy ci_low ci_high',
           ('binning', 'string', '', 'width, mass or sweep.'),
           ('bin', 'int', 'index', 'Place of the bin, from 0.'),
           ('count', 'int', 'items', 'Items in it.')),
    _table('summary', 'questions.summary', 'One statistic of one model.',
           'model dataset value ci_low ci_high n',
           ('statistic', 'string', '', ('Which: accuracy, agreement (with '
            'people\'s commonest choice), fr_accuracy, verbal_accuracy, '
            'sample_accuracy; *_chance, *_baseline (the best constant answer), '
            '*_beyond_baseline, *_surest_fifth and *_least_sure_fifth (of the '
            'items of lowest and highest choice entropy); parse_rate of stated '
            'confidences; mean entropies; distances between the model\'s and '
            'people\'s shares; share_correlation; scale_correlation (Spearman '
            'of mean answers, where all items share one scale).')),
           (derived.N_ITEMS, 'int', 'items', 'Items of the data set.')),
    _table('items', 'questions.items',
           'One item and model, most disagreed first.',
           'model dataset human_entropy',
           ('item_id', 'string', '', 'The item.'),
           ('question', 'string', '', 'Its question.'),
           ('choices', 'list of string', '', 'Its options.'),
           ('human_shares', 'list of float', 'share', 'People\'s choices.'),
           (derived.MODEL_SHARES, 'list of float', 'share', 'The model\'s.'),
           (derived.MODEL_UNCERTAINTY, 'float', 'of the measure', ('High is '
            'uncertain.')),
           (derived.UNCERTAINTY_MEASURE, 'string', '',
            'Column it was taken from.'),
           (derived.HUMAN_CHOICE, 'float', 'index',
            'People\'s commonest choice.'),
           (derived.MODEL_CHOICE, 'float', 'index', 'The model\'s.'),
           ('answer', 'float', 'index', 'The right one; missing if none.'),
           ('disagreement', 'float', '0 to 1', ('Total variation distance, or '
            'distance of ranks.')),
           (derived.DISAGREEMENT_KIND, 'string', '', 'shares or ranks.')),
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
           (derived.BASE_VALUE, 'float', 'of the outcome', 'Its score.'),
           (derived.INSTRUCT_VALUE, 'float', 'of the outcome', 'Its score.'),
           ('difference', 'float', 'of the outcome', 'Instruct − base.')),
    _table('effects', 'questions.instruct', 'The effect over pairs.',
           'dataset variant outcome measure n_families ci_low ci_high p_value '
           'n_tests p_holm p_bh',
           (derived.N_PAIRS, 'int', 'pairs', 'Pairs behind it.'),
           (derived.MEAN_DIFFERENCE, 'float', 'of the outcome', 'Over pairs.'),
           (derived.RANK_BISERIAL, 'float', '−1 to 1', 'Matched pairs.'),
           (derived.LEAST_P, 'float', 'probability',
            'The smallest p that so many families can reach.'),
           (derived.P_SIGNED_RANK, 'float', 'probability',
            'Wilcoxon\'s over pairs, as if they were independent.'),
           ('role', 'string', '', 'hypothesis or screen.')),
    _table('tuned', 'claims.tuned',
           ('One outcome of a model against those that `tune` made of it, '
            'over the same items.'), 'dataset',
           (columns.TUNED_FROM, 'string', '', 'The model before.'),
           (columns.RECIPE, 'string', '', 'How it was tuned, but the seed.'),
           (columns.OUTCOME, 'string', '', (
               'What was asked of both (see *Values of outcome* below).')),
           (derived.BASE_VALUE, 'float', 'of the outcome', 'Before.'),
           (derived.TUNED_VALUE, 'float', 'of the outcome',
            'After, mean over seeds.'),
           (derived.DIFFERENCE, 'float', 'of the outcome', 'After − before.'),
           (derived.LOW, 'float', 'of the outcome', (
               'Lower end of its interval, for other items and, with several '
               'seeds, other seeds.')),
           (derived.HIGH, 'float', 'of the outcome', 'Upper end.'),
           (derived.P, 'float', 'probability', 'Two-sided, of no change.'),
           (derived.P_CORRECTED, 'float', 'probability',
            'After Holm, over the table\'s rows of one data set.'),
           (derived.N_ITEMS, 'int', 'items', 'Items of all models.'),
           (derived.N_SEEDS, 'int', 'seeds', 'Models behind the mean.'),
           (derived.VERDICT, 'string', '', (
               'higher, lower, cannot tell or too little data.'))),
    _table('hierarchical', 'questions.hierarchical',
           ('One effect over families and items, beside the plain statistic; '
            'what may be said of it is in `claims`.'),
           'dataset variant measure ci_low ci_high p_value n_families',
           (derived.EFFECT, 'string', '', 'What is estimated.'),
           ('estimate', 'float', 'of the score', 'Mean over families.'),
           ('se', 'float', 'of the score', ('Its standard error, over families '
            'and the items that they share.')),
           (derived.LEAST_P, 'float', 'probability',
            'The smallest p that so many families can reach.'),
           ('plain', 'float', 'of the score', ('Mean over pairs or models, as '
            'if they were independent.')),
           (derived.PLAIN_P, 'float', 'probability', 'Its p.'),
           (derived.PLAIN_NAME, 'string', '', 'What it is.'),
           ('n', 'int', 'pairs or models', 'Behind it.')),
    _table('size', 'questions.size', 'One score against model size.',
           'dataset outcome measure kind n_families rho p_value p_bh',
           (derived.N_MODELS, 'int', 'models', 'Models behind it.'),
           ('slope', 'float', 'per tenfold size', 'Least squares.'),
           (derived.SLOPE_P, 'float', 'probability', 'Its p.'),
           (derived.SLOPE_WITHIN, 'float', 'per tenfold size',
            'Families as fixed effects.'),
           (derived.SLOPE_WITHIN_P, 'float', 'probability', 'Its p.'),
           (derived.FAMILY_SHARE, 'float', 'share', ('Of variance, between '
            'families.')),
           (derived.FAMILY_P, 'float', 'probability', 'By permutation.')),
)

_JOINT = (
    _table('joint', 'questions.joint',
           'Alignment and calibration of one measure of one model.',
           'dataset model measure rho',
           (derived.RHO_P, 'float', 'probability', 'p of rho.'),
           (derived.RHO_P_BH, 'float', 'probability', 'Corrected.'),
           (derived.CALIBRATION_ERROR, 'float', 'squared',
            'Debiased; below 0 where there is less than noise would give.'),
           (derived.ABOVE_P, 'float', 'probability', ('Of an error not '
            'below analysis.calibrated_below.')),
           ('auroc', 'float', '0 to 1', 'Right above wrong answers.'),
           (derived.AUROC_LOW, 'float', '0 to 1', 'Lower end of its interval.'),
           (derived.AUROC_HIGH, 'float', '0 to 1',
            'Upper end of its interval.'),
           (derived.AUROC_P, 'float', 'probability', 'p against one half.'),
           (derived.AUROC_P_BH, 'float', 'probability', 'Corrected.'),
           ('aligned', 'bool', '', 'rho > 0 with corrected p below alpha.'),
           ('calibrated', 'bool', '', ('The error\'s interval ends below '
            'analysis.calibrated_below.')),
           ('discriminates', 'bool', '', ('auroc > ½ with corrected p below '
            'alpha.'))),
    _table('joint_chance', 'questions.joint',
           'How often two flags hold together, against chance.',
           'dataset second p_value',
           ('permuted', 'string', '', ('What changes places as a whole under '
            'the null.')),
           (derived.N_CELLS, 'int', 'cells', 'Cells of joint behind it.'),
           (derived.RATE_ALIGNED, 'float', 'share', 'Cells that are aligned.'),
           (derived.RATE_SECOND, 'float', 'share',
            'Cells with the other flag.'),
           (derived.RATE_BOTH, 'float', 'share', 'Cells with both.'),
           ('chance', 'float', 'share', 'Mean of both under the null.'),
           (derived.CHANCE_LOW, 'float', 'share', 'Its 2.5 %.'),
           (derived.CHANCE_HIGH, 'float', 'share', 'Its 97.5 %.')),
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
           (derived.PARTIAL_RHO, 'float', '−1 to 1', 'With it held fixed.'),
           (derived.CONTROL_RHO, 'float', '−1 to 1',
            'Of human entropy with it.')),
    _table('calibration_by_people', 'questions.beyond_difficulty',
           'Calibration where people agree, waver or disagree.',
           'dataset model measure human_entropy confidence accuracy n',
           ('people', 'string', '', 'low, middle or high human entropy.'),
           ('gap', 'float', '−1 to 1', 'confidence − accuracy.'),
           ('ece', 'float', '0 to 1', 'Width bins, L2.'),
           (derived.GAP_RHO, 'float', '−1 to 1', ('Spearman of confidence − '
            'correctness with human entropy, over all items.')),
           (derived.GAP_P, 'float', 'probability', 'Its p.')),
    _table('choice_count', 'questions.choice_count',
           'Alignment among items of one number of choices.',
           'dataset model measure rho ci_low ci_high p_value n',
           ('stratum', 'string', '', 'all, K=…, within K, partial on ln K.')),
    _table('ceiling', 'questions.noise_ceiling',
           'Reliability of one human signal.', 'dataset signal ceiling',
           ('estimator', 'string', '', ('Of people\'s entropy: plain, '
            'miller_madow, chao_shen or dirichlet.')),
           ('reliability', 'float', '−1 to 1', ('Split half, stepped up; '
            'missing without published counts.')),
           ('low', 'float', '−1 to 1', ('Lower end of its interval over items '
            'and their people; a bound without published counts.')),
           ('high', 'float', '−1 to 1', 'Upper end; 1 without counts.'),
           (derived.CEILING_LOW, 'float', '0 to 1', 'Root of low.'),
           (derived.CEILING_HIGH, 'float', '0 to 1', 'Root of high.'),
           (derived.N_ITEMS, 'int', 'items', 'Items with enough people.'),
           ('people', 'float', 'people', 'Median per item.'),
           (derived.COUNT_SOURCE, 'string', '',
            'Whether the counts are published or the fewest that fit.')),
    _table('ceiling_corrected', 'questions.noise_ceiling',
           'Alignment over its ceiling; bounds without published counts.',
           'dataset model measure rho ceiling ci_low ci_high n',
           (derived.CORRECTED_RHO, 'float', '−1 to 1',
            'rho / ceiling; missing without published counts.')),
    _table('rater_groups', 'questions.rater_groups',
           'One group of raters against all others, for one model.',
           'dataset model value ci_low ci_high p_value p_bh n',
           ('grouping', 'string', '', 'Kind of group, such as gender.'),
           (derived.RATER_GROUP, 'string', '', 'The group.'),
           ('statistic', 'string', '', ('alignment: of the model\'s choice '
            'entropy with the group\'s; or jensen_shannon, mean divergence '
            'of their shares.')),
           ('rest', 'float', 'of the statistic', 'The same of all others.'),
           ('difference', 'float', 'of the statistic',
            ('Group − rest, beyond what as many raters with labels dealt '
             'anew show.')),
           (derived.N_RATERS, 'int', 'people', 'Raters of the group.')),
    _table('response_time', 'questions.response_time',
           'One form of Hick\'s law for one response time.',
           'dataset model n',
           ('time', 'string', '', 'Results column of the time.'),
           ('scale', 'string', '', 'ms or ln ms.'),
           ('form', 'string', '', 'The regression.'),
           ('a', 'float', 'of scale', 'Intercept.'),
           ('b', 'float', 'of scale, per unit', 'First slope.'),
           (derived.B_SE, 'float', 'of scale, per unit', 'Its standard error.'),
           (derived.B_P, 'float', 'probability', 'Its p.'),
           ('c', 'float', 'of scale, per unit', 'Second slope, if any.'),
           (derived.C_P, 'float', 'probability', 'Its p.'),
           ('r2', 'float', 'at most 1', 'Of the fit.'),
           ('aic', 'float', 'nats · 2', 'Akaike.'),
           ('bic', 'float', 'nats · 2', 'Schwarz.'),
           (derived.DELTA_AIC, 'float', 'nats · 2', 'From the best form.'),
           (derived.CV_R2, 'float', 'at most 1', 'Held out, ten folds.')),
    _table('combination', 'questions.combination',
           'All measures together against the best single one, held out.',
           'dataset model p_value n',
           ('prefix', 'string', '', 'Over what they were taken.'),
           (derived.N_MEASURES, 'int', 'measures', 'How many were combined.'),
           (derived.BEST_SINGLE, 'string', '', 'The one chosen most often.'),
           (derived.RHO_SINGLE, 'float', '−1 to 1', 'Its held-out Spearman.'),
           (derived.RHO_COMBINED, 'float', '−1 to 1', 'The combination\'s.'),
           ('gain', 'float', '−2 to 2', 'Their difference.'),
           (derived.GAIN_LOW, 'float', '−2 to 2', 'Lower end of its interval.'),
           (derived.GAIN_HIGH, 'float', '−2 to 2',
            'Upper end of its interval.'),
           (derived.R2_COMBINED, 'float', 'at most 1', 'Held-out R².')),
    _table('stated_confidence', 'questions.stated_confidence',
           'Stated against internal confidence of one wording.',
           'model dataset accuracy rho p_value n',
           ('wording', 'string', '', 'Results column of what was stated.'),
           ('internal', 'string', '', ('Results column of what it is held '
            'against.')),
           (derived.PARSE_RATE, 'float', 'share', 'Statements that were read.'),
           (derived.MEAN_STATED, 'float', '0 to 1', 'Over items with both.'),
           (derived.MEAN_INTERNAL, 'float', '0 to 1', 'Over the same.'),
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
           (derived.N_PROMPTS, 'int', 'prompts', 'How many.'),
           (derived.ENDS_WITH_BRACE, 'int', 'prompts', 'With the stray brace.'),
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
    _table('claims', 'claims.table',
           'One claim about one subject of one data set (docs/validity.md).',
           'model n_families',
           (columns.MEASURE, 'string', '',
            ('The results column that it goes by; choice_confidence is the '
             'largest choice probability, renormalised over the choices.')),
           ('claim', 'string', '', 'Its id, as in `analysis.claims.CLAIMS`.'),
           ('data', 'string', '', 'The data set.'),
           ('question', 'string', '', 'What is asked, in words.'),
           ('estimate', 'float', 'of the claim', 'The estimate.'),
           ('low', 'float', 'of the claim', 'Lower end of its interval.'),
           ('high', 'float', 'of the claim', 'Upper end of its interval.'),
           ('p', 'float', 'probability', 'Two-sided, of this claim alone.'),
           (derived.P_CORRECTED, 'float', 'probability',
            'After Holm, over its correction family in its data set.'),
           (derived.CORRECTION_FAMILY, 'string', '',
            'Claims corrected together.'),
           (derived.N_ITEMS, 'int', 'items', 'Items behind it.'),
           (derived.N_RATERS, 'float', 'people',
            ('Median over items; missing where not published or no part of the '
             'claim.')),
           (derived.N_MODELS, 'int', 'models', 'Models behind it.'),
           (derived.SMALLEST_EFFECT, 'float', 'of the claim',
            ('Distance from the null that is seen with 80 % power, after '
             'correction.')),
           ('verdict', 'string', '', ('supported, contradicted, cannot tell '
            'or too little data.')),
           ('sentence', 'string', '', 'What may be said.')),
)

TABLES: Mapping[str, Table] = {
    t.name: t for t in (*_SCORES, *_TUNING, *_JOINT, *_PEOPLE, *_PROMPTS,
                      *_CLAIMS)}

# Columns that hold p-values, in any table.
P_VALUES = frozenset(
    c.name for table in TABLES.values() for c in table.columns
    if c.unit == 'probability')
