"""Names of the columns that only analysis tables have, and of outcomes.

Code that writes or reads such a column takes its name from here; those that
results tables have too, or many analysis tables, are in `columns`. What they
mean is in `analysis_columns` and `probe_columns`; what outcomes and metrics
mean, in `outcomes`.
"""

# Of what the analysis asks.
P_BONFERRONI, N_ITEMS, MODEL_SHARES = 'p_bonferroni', 'n_items', 'model_shares'
MODEL_UNCERTAINTY = 'model_uncertainty'
UNCERTAINTY_MEASURE, HUMAN_CHOICE = 'uncertainty_measure', 'human_choice'
MODEL_CHOICE, DISAGREEMENT_KIND = 'model_choice', 'disagreement_kind'
BASE_VALUE, INSTRUCT_VALUE, N_PAIRS = 'base_value', 'instruct_value', 'n_pairs'
MEAN_DIFFERENCE, RANK_BISERIAL = 'mean_difference', 'rank_biserial'
LEAST_P = 'least_p'
P_SIGNED_RANK, PLAIN_P, PLAIN_NAME = 'p_signed_rank', 'plain_p', 'plain_name'
N_MODELS, SLOPE_P, SLOPE_WITHIN = 'n_models', 'slope_p', 'slope_within'
SLOPE_WITHIN_P, FAMILY_SHARE = 'slope_within_p', 'family_share'
FAMILY_P, RHO_P, RHO_P_BH = 'family_p', 'rho_p', 'rho_p_bh'
AUROC_LOW, AUROC_HIGH, AUROC_P = 'auroc_low', 'auroc_high', 'auroc_p'
AUROC_P_BH, N_CELLS, RATE_ALIGNED = 'auroc_p_bh', 'n_cells', 'rate_aligned'
RATE_SECOND, RATE_BOTH, CHANCE_LOW = 'rate_second', 'rate_both', 'chance_low'
CHANCE_HIGH, PARTIAL_RHO = 'chance_high', 'partial_rho'
CONTROL_RHO, GAP_RHO, GAP_P = 'control_rho', 'gap_rho', 'gap_p'
CEILING_LOW, CEILING_HIGH = 'ceiling_low', 'ceiling_high'
COUNT_SOURCE, CORRECTED_RHO, B_SE = 'count_source', 'corrected_rho', 'b_se'
B_P, C_P, DELTA_AIC = 'b_p', 'c_p', 'delta_aic'
CV_R2, N_MEASURES, BEST_SINGLE = 'cv_r2', 'n_measures', 'best_single'
RHO_SINGLE, RHO_COMBINED, GAIN_LOW = 'rho_single', 'rho_combined', 'gain_low'
GAIN_HIGH, R2_COMBINED, PARSE_RATE = 'gain_high', 'r2_combined', 'parse_rate'
MEAN_STATED, MEAN_INTERNAL = 'mean_stated', 'mean_internal'
N_PROMPTS, ENDS_WITH_BRACE = 'n_prompts', 'ends_with_brace'
P_CORRECTED, CORRECTION_FAMILY = 'p_corrected', 'correction_family'
N_RATERS, SMALLEST_EFFECT, EFFECT = 'n_raters', 'smallest_effect', 'effect'
# Ends of statistics' names, and headings of the CSV of the first figure.
SUREST_FIFTH, LEAST_SURE_FIFTH = 'surest_fifth', 'least_sure_fifth'
ALIGNMENT, CALIBRATION_ERROR = 'alignment', 'calibration_error'
P, METRIC, STATISTIC, BINNING = 'p', 'metric', 'statistic', 'binning'
BIN, COUNT, DISAGREEMENT, INSTRUCT = 'bin', 'count', 'disagreement', 'instruct'
DIFFERENCE, ROLE, CLAIM, ESTIMATE = 'difference', 'role', 'claim', 'estimate'
SE, PLAIN, SLOPE, ECE, AUROC = 'se', 'plain', 'slope', 'ece', 'auroc'
BRIER, ABOVE_P = 'brier', 'above_p'
ALIGNED, CALIBRATED, DISCRIMINATES = 'aligned', 'calibrated', 'discriminates'
PERMUTED, CHANCE, ACROSS, UNIT = 'permuted', 'chance', 'across', 'unit'
GIVEN, PEOPLE, GAP, STRATUM = 'given', 'people', 'gap', 'stratum'
ESTIMATOR, RELIABILITY, LOW, HIGH = 'estimator', 'reliability', 'low', 'high'
TIME, SCALE, A, B, C, R2, AIC = 'time', 'scale', 'a', 'b', 'c', 'r2', 'aic'
BIC, PREFIX, GAIN, WORDING = 'bic', 'prefix', 'gain', 'wording'
INTERNAL, OVER, REASON, CHAT = 'internal', 'over', 'reason', 'chat'
FACTOR, HELD, DATA, VERDICT = 'factor', 'held', 'data', 'verdict'
SENTENCE = 'sentence'
CHOICE_CONFIDENCE = 'choice_confidence'
GROUPING, RATER_GROUP, REST = 'grouping', 'rater_group', 'rest'
TUNED_VALUE, N_SEEDS = 'tuned_value', 'n_seeds'

# Values of `METRIC`, `STATISTIC` and `columns.OUTCOME` that name no column.
AURC, AUGRC, PRR, AGREEMENT = 'aurc', 'augrc', 'prr', 'agreement'
SELECTIVE_RISK_80 = 'selective_risk_0.8'
SPIEGELHALTER_Z, KERNEL_ERROR = 'spiegelhalter_z', 'kernel_error'
ECE_SMOOTH, ECE_DEBIASED = 'ece_smooth', 'ece_debiased'
ECE_SPLIT = 'ece_sweep_split_l2'
BRIER_RELIABILITY = 'brier_reliability'
BRIER_RESOLUTION = 'brier_resolution'
BRIER_UNCERTAINTY = 'brier_uncertainty'
BRIER_VARIANCE = 'brier_within_variance'
BRIER_COVARIANCE = 'brier_within_covariance'
FR_ACCURACY, PROBE_R2 = 'fr_accuracy', 'probe_r2'
VERBAL_ACCURACY, SAMPLE_ACCURACY = 'verbal_accuracy', 'sample_accuracy'
# Of what tuning and steering change, in words.
DIVERGENCE = 'divergence from people'
SQUARED_ERROR = 'squared calibration error'
MEAN_ENTROPY, MEAN_CONFIDENCE = 'choice entropy', 'stated confidence'

# Of sets of choices, and of abstention.
LABELS, NONCONFORMITY, CONDITION = 'labels', 'nonconformity', 'condition'
NOMINAL, COVERAGE, SET_SIZE = 'nominal', 'coverage', 'set_size'
COVERAGE_LOW, COVERAGE_HIGH = 'coverage_low', 'coverage_high'
EMPTY_SHARE, UACC = 'empty_share', 'uacc'
N_CALIBRATION, STRATUM_KIND = 'n_calibration', 'stratum_kind'
RULE, ANSWERED, RISK = 'rule', 'answered', 'risk'
SELECTIVE_RISK = 'selective_risk'
RISK_LOW, RISK_HIGH = 'risk_low', 'risk_high'

# Of probes and of the paper's figures.
NULL_MEAN, NULL_95, NULL_MAX_95 = 'null_mean', 'null_95', 'null_max_95'
N_PERMUTATIONS, R2_BASELINE = 'n_permutations', 'r2_baseline'
R2_JOINT, R2_CONTROL_TASK = 'r2_joint', 'r2_control_task'
R2_CONTROL_TASK_95, N_CONTROL_DRAWS = 'r2_control_task_95', 'n_control_draws'
R2_RANDOM_DIRECTION, N_DUPLICATES = 'r2_random_direction', 'n_duplicates'
LEAKED_SHARE, CEILING_R2, N_LAYERS = 'leaked_share', 'ceiling_r2', 'n_layers'
FIRST_LAYER, FIRST_DEPTH = 'first_layer', 'first_depth'
PEAK_LAYER, PEAK_DEPTH, PEAK_R2 = 'peak_layer', 'peak_depth', 'peak_r2'
CHOSEN_R2, N_TRAIN, N_TEST = 'chosen_r2', 'n_train', 'n_test'
N_BASELINE, RESIDUAL, SCORE = 'n_baseline', 'residual', 'score'
HIGH_SHARE, ADDED = 'high_share', 'added'
N_TOPICS, AGAINST_CHOICE = 'n_topics', 'against_choice'
AGAINST_ANSWER, PRINTED_CHOICE = 'against_answer', 'printed_choice'
PRINTED_ANSWER, CHANGES_PRINT = 'printed_answer', 'changes_print'
N_CHANGED, MEAN_ABS_CHANGE = 'n_changed', 'mean_abs_change'
LARGEST_CHANGE, MEAN_CHOICE = 'largest_change', 'mean_choice'
MEAN_ANSWER, RANK_CORRELATION = 'mean_answer', 'rank_correlation'
N_PRINTED, REPRODUCED_CHOICE = 'n_printed', 'reproduced_choice'
REPRODUCED_ANSWER, PRINTED_THERE = 'reproduced_answer', 'printed_there'
BLANKS_RIGHT, TIE_FREE_MATCH = 'blanks_right', 'tie_free_match'
FEWER_PAIRS = 'fewer_pairs'
SITE, PROTOCOL, TARGET, LAYER = 'site', 'protocol', 'target', 'layer'
FOLD, PEARSON, MSE, FIGURE = 'fold', 'pearson', 'mse', 'figure'
PRINTED, SHOWN, SELECTIVITY = 'printed', 'shown', 'selectivity'
FEATURES, INCREMENT, TARGETS = 'features', 'increment', 'targets'
TRAIN, TEST, PROBE, POLARITY = 'train', 'test', 'probe', 'polarity'
CHANGE, STATUS, PART, MATCH = 'change', 'status', 'part', 'match'
DIFFERS, BLANKS, TIES, FILE = 'differs', 'blanks', 'ties', 'file'
COLUMN, OURS, WIDTH = 'column', 'ours', 'width'


def alignment_with(signal: str) -> str:
  """The outcome (`columns.OUTCOME`) that is alignment with a human signal.

  Args:
    signal: its column; '' gives what all of them begin with.

  Returns:
    Such as `alignment:human_entropy`.
  """
  return f'alignment:{signal}'


def aligned_signal(outcome: str) -> str | None:
  """The signal that an outcome is alignment with.

  Args:
    outcome: a value of `columns.OUTCOME`.

  Returns:
    Its column; None of other outcomes.
  """
  start = alignment_with('')
  return outcome.removeprefix(start) if outcome.startswith(start) else None


def binned_error(binning: str, norm: str) -> str:
  """The metric (`METRIC`) that is a calibration error over a binning.

  Args:
    binning: a value of `BINNING`: width, mass or sweep.
    norm: l1 or l2.

  Returns:
    Such as `ece_width_l2`.
  """
  return f'ece_{binning}_{norm}'


def unbiased(metric: str) -> str:
  """The metric that is a part of the Brier score without few items' bias.

  Args:
    metric: that part as it is, such as `BRIER_RESOLUTION`.

  Returns:
    Such as `brier_resolution_unbiased`.
  """
  return f'{metric}_unbiased'
