"""Columns of the analysis tables of probes and of the paper's figures."""

from collections.abc import Mapping

from uncertainty.results.analysis_columns import Table, describe

_R2 = ('float', 'at most 1', 'Held-out R².')
_SHARED: Mapping[str, tuple[str, str, str]] = {
    'model': ('string', '', 'The model; a sweep\'s workdir in parentheses.'),
    'dataset': ('string', '', 'The data set.'),
    'site': ('string', '', 'Where in the model activations were taken.'),
    'protocol': ('string', '', 'sound, paper or sums.'),
    'target': ('string', '', 'What was read out: a name of probes.targets.'),
    'layer': ('int', 'layer', ('From 0; −1: chosen inside each training '
              'fold.')),
    'fold': ('int', 'fold', 'From 0; −1: the mean over folds.'),
    'r2': _R2,
    'pearson': ('float', '−1 to 1', 'Correlation of prediction and target.'),
    'mse': ('float', 'of the target, squared', 'Mean squared error.'),
    'n': ('int', 'items', 'Items (tokens, for sums over all positions).'),
    'ci_low': ('float', 'of the estimate', 'Lower end of its interval.'),
    'ci_high': ('float', 'of the estimate', 'Upper end of its interval.'),
    'figure': ('string', '', 'The figure\'s file stem.'),
    'measure': ('string', '', 'The paper\'s name of the measure.'),
    'value': ('float', 'of the figure', 'Unrounded.'),
    'printed': ('float', 'of the figure', 'As it would be printed.'),
    'p_value': ('float', 'probability', 'Two-sided p.'),
    'shown': ('bool', '', 'Whether the paper shows the cell.'),
    'tie_free': ('bool', '', 'Whether the order of ties is irrelevant.'),
}
_SITE = 'model dataset site protocol'


def _probe(name: str, meaning: str, common: str, *own) -> Table:
  return describe(_SHARED, name, 'probes.run', meaning, common, *own)


def _paper(name: str, writer: str, meaning: str, common: str, *own) -> Table:
  return describe(
      _SHARED, name, f'analysis.{writer}', meaning, common, *own)


_PROBES = (
    _probe('probes', 'One target read out of one layer, in one fold.',
           f'{_SITE} layer fold target r2 pearson mse n'),
    _probe('probe_permutations', 'A layer\'s R² against permuted targets.',
           f'{_SITE} layer target r2',
           ('null_mean', 'float', 'at most 1', 'Mean R² of permutations.'),
           ('null_95', 'float', 'at most 1', 'Their 95 %.'),
           ('null_max_95', 'float', 'at most 1', '95 % of the best layer.'),
           ('selectivity', 'float', 'R²', 'r2 − null_mean.'),
           ('p_value', 'float', 'probability', 'One-sided, this layer.'),
           ('p_corrected', 'float', 'probability', 'Over all layers.'),
           ('n_permutations', 'int', 'permutations', 'How many.')),
    _probe('probe_increment', 'What activations add to plain features.',
           f'{_SITE} target layer ci_low ci_high',
           ('features', 'string', '', 'The plain features.'),
           ('r2_baseline', *_R2), ('r2_joint', *_R2),
           ('increment', 'float', 'R²', 'r2_joint − r2_baseline.'),
           ('p_value', 'float', 'probability', 'One-sided, this layer.'),
           ('p_corrected', 'float', 'probability', 'Over all layers.'),
           ('n_permutations', 'int', 'permutations', 'How many.')),
    _probe('probe_controls', 'A probe beside what needs no reading.',
           f'{_SITE} layer target r2',
           ('r2_control_task', *_R2),
           ('r2_control_task_95', 'float', 'at most 1',
            'Its 95th percentile over draws.'),
           ('selectivity', 'float', 'R²', ('r2 − r2_control_task; missing '
            'where all questions begin alike.')),
           ('n_control_draws', 'int', 'draws', 'Of the control task.'),
           ('r2_random_direction', *_R2)),
    _probe('probe_leakage', 'Repeated questions across folds.', _SITE,
           ('targets', 'string', '', 'Targets that share the items.'),
           ('n_items', 'int', 'items', 'Items probed.'),
           ('n_duplicates', 'int', 'items', 'Whose question recurs.'),
           ('leaked_share', 'float', 'share', ('Test items with a duplicate '
            'in training.'))),
    _probe('probe_ceiling', 'The R² that people\'s number allows.',
           'model dataset target n', ('ceiling_r2', *_R2)),
    _probe('probe_nonlinear', 'One layer\'s R² by the MLP.',
           f'{_SITE} layer target r2'),
    _probe('probe_depth', 'Where along depth a target becomes readable.',
           f'{_SITE} target',
           ('n_layers', 'int', 'layers', 'Of the model.'),
           ('first_layer', 'float', 'layer', 'First with p_corrected < .05.'),
           ('first_depth', 'float', 'share', 'The same, of the depth.'),
           ('peak_layer', 'int', 'layer', 'Best on all folds.'),
           ('peak_depth', 'float', 'share', 'The same, of the depth.'),
           ('peak_r2', *_R2), ('chosen_r2', *_R2)),
    _probe('probe_transfer', 'Trained on one set, tested on another.',
           'site protocol target layer r2 pearson mse',
           ('train', 'string', '', 'DATASET/MODEL of the training set.'),
           ('test', 'string', '', 'DATASET/MODEL of the test set.'),
           ('n_train', 'int', 'items', 'Trained on.'),
           ('n_test', 'int', 'items', 'Tested on.')),
    _probe('truth_probes', 'One truth probe on one left-out topic.',
           'model dataset site layer ci_low ci_high n',
           ('probe', 'string', '', 'Which.'),
           ('test', 'string', '', 'The left-out topic, german or all topics.'),
           ('polarity', 'string', '', 'both, affirmative or negated.'),
           ('accuracy', 'float', 'share', 'Statements told right.'),
           ('auroc', 'float', '0 to 1', 'True above false ones.'),
           ('p_value', 'float', 'probability', 'Of the mean over topics.'),
           ('n_topics', 'int', 'topics', 'Behind a mean.')),
)

_FLAWS = (
    _paper('free_response_ece', 'paper.flaws',
           'One free-response cell under both definitions of correctness.',
           'dataset model figure measure n',
           ('against_choice', 'float', '0 to 1', 'ECE, published definition.'),
           ('against_answer', 'float', '0 to 1', 'ECE, graded answers.'),
           ('change', 'float', '−1 to 1', 'Second − first.'),
           ('printed_choice', 'float', '0 to 1', 'Rounded.'),
           ('printed_answer', 'float', '0 to 1', 'Rounded.'),
           ('changes_print', 'bool', '', 'Whether they differ.')),
    _paper('free_response_flaw', 'paper.flaws',
           'What the definition changes on one data set.', 'dataset',
           ('n_cells', 'int', 'cells', 'Cells.'),
           ('n_changed', 'int', 'cells', 'That change in print.'),
           ('mean_abs_change', 'float', '0 to 1', 'Over cells.'),
           ('largest_change', 'float', '−1 to 1', 'Of one cell.'),
           ('mean_choice', 'float', '0 to 1', 'Mean against_choice.'),
           ('mean_answer', 'float', '0 to 1', 'Mean against_answer.'),
           ('rank_correlation', 'float', '−1 to 1', 'Of both.'),
           ('n_printed', 'int', 'cells', 'Printed cells at hand.'),
           ('reproduced_choice', 'int', 'cells', 'Of them, by the first.'),
           ('reproduced_answer', 'int', 'cells', 'Of them, by the second.')),
)

_PAPER = (
    _paper('cells', 'paper.cells', 'One cell of one figure of the paper.',
           'figure measure model value p_value n shown printed tie_free'),
    _paper('cells_by_mode', 'paper.tables',
           'The same by the paper\'s recipes and by sound ones.',
           'figure measure model shown tie_free', *(
               (f'{name}_{mode}', *_SHARED[name][:2],
                f'{_SHARED[name][2][:-1]}, in mode {mode}.')
               for mode in ('reproduction', 'sound')
               for name in ('value', 'printed', 'p_value', 'n'))),
    _paper('compare', 'paper.compare', 'One cell against the printed one.',
           'figure measure model printed value p_value n tie_free',
           ('status', 'string', '', 'match, differs, blank here …'),
           ('printed_there', 'float', 'of the figure', 'In the paper.')),
    _paper('compare_counts', 'paper.compare', 'How many cells match.',
           'figure',
           ('part', 'string', '', 'models or instruct column.'),
           ('printed', 'int', 'cells', 'Printed there.'),
           ('match', 'int', 'cells', 'Of them, reproduced.'),
           ('differs', 'int', 'cells', 'Of them, not.'),
           ('blanks', 'int', 'cells', 'Blank there.'),
           ('blanks_right', 'int', 'cells', 'Blank in both.'),
           ('tie_free', 'int', 'cells', 'Printed, without ties.'),
           ('tie_free_match', 'int', 'cells', 'Of them, reproduced.'),
           ('fewer_pairs', 'int', 'cells', 'Over fewer pairs.')),
    _paper('tie_orders', 'paper.tables',
           'How many sweep cells one way of treating ties gives.', '',
           ('ties', 'string', '', 'The way.'),
           ('match', 'int', 'cells', 'Reproduced.'),
           ('printed', 'int', 'cells', 'Printed there.')),
    _paper('published_columns', 'paper.tables',
           'One column of one of the paper\'s files.', 'dataset model',
           ('file', 'string', '', 'The file, or where it was filled in from.'),
           ('column', 'string', '', 'Its name there.'),
           ('ours', 'string', '', 'Its name here; empty if it has none.'),
           ('status', 'string', '', 'mapped, extra, missing or filled in.')),
    _paper('probes_published', 'questions.probe_readout',
           'The paper\'s own probe results.',
           f'{_SITE} layer target fold r2 pearson mse n',
           ('width', 'int', 'channels', 'Width of the activations.')),
)

TABLES: Mapping[str, Table] = {t.name: t for t in (*_PROBES, *_FLAWS, *_PAPER)}
