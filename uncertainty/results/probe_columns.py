"""Columns of the analysis tables of probes and of the paper's figures."""

from collections.abc import Mapping

from uncertainty.results import columns, derived
from uncertainty.results.table_columns import Table, describe

_R2 = ('float', 'at most 1', 'Held-out R².')
SHARED: Mapping[str, tuple[str, str, str]] = {
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
    columns.CI_LOW: ('float', 'of the estimate', 'Lower end of its interval.'),
    columns.CI_HIGH: ('float', 'of the estimate', 'Upper end of its interval.'),
    'figure': ('string', '', 'The figure\'s file stem.'),
    'measure': ('string', '', 'The paper\'s name of the measure.'),
    'value': ('float', 'of the figure', 'Unrounded.'),
    'printed': ('float', 'of the figure', 'As it would be printed.'),
    columns.P_VALUE: ('float', 'probability', 'Two-sided p.'),
    'shown': ('bool', '', 'Whether the paper shows the cell.'),
    columns.TIE_FREE: ('bool', '', 'Whether the order of ties is irrelevant.'),
}
_SITE = 'model dataset site protocol'


def _probe(name: str, meaning: str, common: str, *own) -> Table:
  return describe(SHARED, name, 'probes.run', meaning, common, *own)


def _paper(name: str, writer: str, meaning: str, common: str, *own) -> Table:
  return describe(
      SHARED, name, f'analysis.{writer}', meaning, common, *own)


_PROBES = (
    _probe('probes', 'One target read out of one layer, in one fold.',
           f'{_SITE} layer fold target r2 pearson mse n'),
    _probe('probe_permutations', 'A layer\'s R² against permuted targets.',
           f'{_SITE} layer target r2',
           (derived.NULL_MEAN, 'float', 'at most 1',
            'Mean R² of permutations.'),
           (derived.NULL_95, 'float', 'at most 1', 'Their 95 %.'),
           (derived.NULL_MAX_95, 'float', 'at most 1',
            '95 % of the best layer.'),
           ('selectivity', 'float', 'R²', 'r2 − null_mean.'),
           ('p_value', 'float', 'probability', 'One-sided, this layer.'),
           (derived.P_CORRECTED, 'float', 'probability', 'Over all layers.'),
           (derived.N_PERMUTATIONS, 'int', 'permutations', 'How many.')),
    _probe('probe_increment', 'What activations add to plain features.',
           f'{_SITE} target layer ci_low ci_high',
           ('features', 'string', '', 'The plain features.'),
           (derived.R2_BASELINE, *_R2), (derived.R2_JOINT, *_R2),
           ('increment', 'float', 'R²', 'r2_joint − r2_baseline.'),
           ('p_value', 'float', 'probability', 'One-sided, this layer.'),
           (derived.P_CORRECTED, 'float', 'probability', 'Over all layers.'),
           (derived.N_PERMUTATIONS, 'int', 'permutations', 'How many.')),
    _probe('probe_forward',
           'An item that a probe of one layer was not chosen on.',
           f'{_SITE} target layer fold',
           (columns.ITEM_ID, 'string', '', 'The item.'),
           (derived.RESIDUAL, 'float', 'of the target',
            'The target about output confidence, difficulty, their squares.'),
           (derived.SCORE, 'float', 'of the target',
            'What the layer adds to their prediction.'),
           (derived.N_BASELINE, 'int', 'columns',
            'Columns that the residual is about.')),
    _probe('doubt_probes', 'One probe of doubt at one layer.',
           f'{_SITE} layer target ci_low ci_high n',
           ('probe', 'string', '', 'A name of probes.doubt.PROBES.'),
           ('auroc', 'float', '0 to 1', ('High above low, or right above '
            'wrong parts of items; mean over folds.'))),
    _probe('doubt_forward',
           'An item that a probe of doubt and its layer were not chosen on.',
           f'{_SITE} target layer fold',
           ('probe', 'string', '', 'A name of probes.doubt.PROBES.'),
           ('train', 'string', '', 'The data set that it was fitted to.'),
           (columns.ITEM_ID, 'string', '', 'The item.'),
           (derived.HIGH_SHARE, 'float', '0 to 1', ('1 above the threshold of '
            'the items that train; or the target, a share.')),
           (derived.SCORE, 'float', 'log-odds', ('Of the label; missing where '
            'the items that train have one label.')),
           (derived.RESIDUAL, 'float', 'of the target', ('The target about '
            'output confidence, difficulty, their squares; missing where the '
            'output is not known, or of another data set.')),
           (derived.ADDED, 'float', 'of the target', ('What the layer that '
            'ridge regression chose adds to their prediction.')),
           (derived.N_BASELINE, 'int', 'columns',
            'Columns that the residual is about; 0 where it is missing.')),
    _probe('probe_controls', 'A probe beside what needs no reading.',
           f'{_SITE} layer target r2',
           (derived.R2_CONTROL_TASK, *_R2),
           (derived.R2_CONTROL_TASK_95, 'float', 'at most 1',
            'Its 95th percentile over draws.'),
           ('selectivity', 'float', 'R²', ('r2 − r2_control_task; missing '
            'where all questions begin alike.')),
           (derived.N_CONTROL_DRAWS, 'int', 'draws', 'Of the control task.'),
           (derived.R2_RANDOM_DIRECTION, *_R2)),
    _probe('probe_leakage', 'Repeated questions across folds.', _SITE,
           ('targets', 'string', '', 'Targets that share the items.'),
           (derived.N_ITEMS, 'int', 'items', 'Items probed.'),
           (derived.N_DUPLICATES, 'int', 'items', 'Whose question recurs.'),
           (derived.LEAKED_SHARE, 'float', 'share',
            'Test items with a duplicate in training.')),
    _probe('probe_ceiling', 'The R² that people\'s number allows.',
           'model dataset target n', (derived.CEILING_R2, *_R2)),
    _probe('probe_nonlinear', 'One layer\'s R² by the MLP.',
           f'{_SITE} layer target r2'),
    _probe('probe_depth', 'Where along depth a target becomes readable.',
           f'{_SITE} target',
           (derived.N_LAYERS, 'int', 'layers', 'Of the model.'),
           (derived.FIRST_LAYER, 'float', 'layer',
            'First with p_corrected < .05.'),
           (derived.FIRST_DEPTH, 'float', 'share', 'The same, of the depth.'),
           (derived.PEAK_LAYER, 'int', 'layer', 'Best on all folds.'),
           (derived.PEAK_DEPTH, 'float', 'share', 'The same, of the depth.'),
           (derived.PEAK_R2, *_R2), (derived.CHOSEN_R2, *_R2)),
    _probe('probe_transfer', 'Trained on one set, tested on another.',
           'site protocol target layer r2 pearson mse',
           ('train', 'string', '', 'DATASET/MODEL of the training set.'),
           ('test', 'string', '', 'DATASET/MODEL of the test set.'),
           (derived.N_TRAIN, 'int', 'items', 'Trained on.'),
           (derived.N_TEST, 'int', 'items', 'Tested on.')),
    _probe('truth_probes', 'One truth probe on one left-out topic.',
           'model dataset site layer ci_low ci_high n',
           ('probe', 'string', '', 'Which.'),
           ('test', 'string', '', 'The left-out topic, german or all topics.'),
           ('polarity', 'string', '', 'both, affirmative or negated.'),
           ('accuracy', 'float', 'share', 'Statements told right.'),
           ('auroc', 'float', '0 to 1', 'True above false ones.'),
           ('p_value', 'float', 'probability', 'Of the mean over topics.'),
           (derived.N_TOPICS, 'int', 'topics', 'Behind a mean.')),
)

_FLAWS = (
    _paper('free_response_ece', 'paper.flaws',
           'One free-response cell under both definitions of correctness.',
           'dataset model figure measure n',
           (derived.AGAINST_CHOICE, 'float', '0 to 1',
            'ECE, published definition.'),
           (derived.AGAINST_ANSWER, 'float', '0 to 1', 'ECE, graded answers.'),
           ('change', 'float', '−1 to 1', 'Second − first.'),
           (derived.PRINTED_CHOICE, 'float', '0 to 1', 'Rounded.'),
           (derived.PRINTED_ANSWER, 'float', '0 to 1', 'Rounded.'),
           (derived.CHANGES_PRINT, 'bool', '', 'Whether they differ.')),
    _paper('free_response_flaw', 'paper.flaws',
           'What the definition changes on one data set.', 'dataset',
           (derived.N_CELLS, 'int', 'cells', 'Cells.'),
           (derived.N_CHANGED, 'int', 'cells', 'That change in print.'),
           (derived.MEAN_ABS_CHANGE, 'float', '0 to 1', 'Over cells.'),
           (derived.LARGEST_CHANGE, 'float', '−1 to 1', 'Of one cell.'),
           (derived.MEAN_CHOICE, 'float', '0 to 1', 'Mean against_choice.'),
           (derived.MEAN_ANSWER, 'float', '0 to 1', 'Mean against_answer.'),
           (derived.RANK_CORRELATION, 'float', '−1 to 1', 'Of both.'),
           (derived.N_PRINTED, 'int', 'cells', 'Printed cells at hand.'),
           (derived.REPRODUCED_CHOICE, 'int', 'cells',
            'Of them, by the first.'),
           (derived.REPRODUCED_ANSWER, 'int', 'cells',
            'Of them, by the second.')),
)

_PAPER = (
    _paper('cells', 'paper.cells', 'One cell of one figure of the paper.',
           'figure measure model value p_value n shown printed tie_free'),
    _paper('cells_by_mode', 'paper.tables',
           'The same by the paper\'s recipes and by sound ones.',
           'figure measure model shown tie_free', *(
               (f'{name}_{mode}', *SHARED[name][:2],
                f'{SHARED[name][2][:-1]}, in mode {mode}.')
               for mode in ('reproduction', 'sound')
               for name in ('value', 'printed', 'p_value', 'n'))),
    _paper('compare', 'paper.compare', 'One cell against the printed one.',
           'figure measure model printed value p_value n tie_free',
           ('status', 'string', '', 'match, differs, blank here …'),
           (derived.PRINTED_THERE, 'float', 'of the figure', 'In the paper.')),
    _paper('compare_counts', 'paper.compare', 'How many cells match.',
           'figure',
           ('part', 'string', '', 'models or instruct column.'),
           ('printed', 'int', 'cells', 'Printed there.'),
           ('match', 'int', 'cells', 'Of them, reproduced.'),
           ('differs', 'int', 'cells', 'Of them, not.'),
           ('blanks', 'int', 'cells', 'Blank there.'),
           (derived.BLANKS_RIGHT, 'int', 'cells', 'Blank in both.'),
           ('tie_free', 'int', 'cells', 'Printed, without ties.'),
           (derived.TIE_FREE_MATCH, 'int', 'cells', 'Of them, reproduced.'),
           (derived.FEWER_PAIRS, 'int', 'cells', 'Over fewer pairs.')),
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
