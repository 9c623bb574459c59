"""Columns of what the stage `steer` writes, and of what is made of it."""

from collections.abc import Mapping

from uncertainty.results import columns, derived
from uncertainty.results.column import Column
from uncertainty.results.table_columns import SHARED, Table, describe

ALONG, HOW, DOSE, FOLD = (
    'steered_along', 'steered_how', 'steered_dose', 'steered_fold')
ADDED, REMOVED = 'added', 'removed'  # values of HOW
SHUFFLED, RANDOM = 'shuffled', 'random'  # kinds of controls
UNSTEERED, CONTROL = 'unsteered', 'control'
CONTROL_LOW, CONTROL_HIGH = 'control_low', 'control_high'
N_CONTROLS = 'n_controls'

_WRITER = 'analysis.claims.steered'
_ALONG = (ALONG, 'string', '', (
    'The direction: a target of config.steer.directions, or a control: '
    '`shuffled-1` (fitted to shuffled labels), `random-1`.'))
_OUTCOME = (columns.OUTCOME, 'string', '', (
    'What was moved (see *Values of outcome* below).'))
_LOW = (derived.LOW, 'float', 'of the outcome', 'Lower end of its interval.')
_HIGH = (derived.HIGH, 'float', 'of the outcome', 'Upper end.')
_HOW = (HOW, 'string', '', (
    '`added`: h + dose · v; `removed`: h less its part along v.'))
_DOSE = (DOSE, 'float', 'of items\' distance', (
    'α, in root mean square distances of items from their mean at the layer; '
    'missing where v is removed.'))

TABLES: Mapping[str, Table] = {t.name: t for t in (
    describe({}, 'steered', 'steer', (
        'One item, steered in one way: DIR/steered/DATASET/MODEL.parquet, with '
        'all that a results table says of the tasks that were steered.'), '',
        _ALONG, _HOW, _DOSE,
        (FOLD, 'int', 'index', (
            'The item\'s fold: v is of the other folds\' items.'))),
    describe(SHARED, 'steering', _WRITER,
             'One outcome of one model, steered in one way, over all items.',
             'model dataset value', _ALONG, _HOW, _DOSE, _OUTCOME,
             (UNSTEERED, 'float', 'of the outcome', 'The same, unsteered.'),
             (derived.DIFFERENCE, 'float', 'of the outcome',
              'value − unsteered.'), _LOW, _HIGH,
             (derived.N_ITEMS, 'int', 'items', 'Items behind it.')),
    describe(SHARED, 'steering_effects', _WRITER, (
        'What a unit of dose along one direction does to one outcome, from the '
        'largest dose against v to the largest along it, less what directions '
        'of shuffled labels do.'),
             'model dataset', _ALONG, _OUTCOME,
             (derived.ESTIMATE, 'float', 'of the outcome', (
                 'The difference from the mean of the controls.')), _LOW, _HIGH,
             (derived.P, 'float', 'probability', 'Two-sided, of none.'),
             (derived.P_CORRECTED, 'float', 'probability', (
                 'After Holm, over the table\'s rows of one data set.')),
             (derived.SLOPE, 'float', 'of the outcome', 'Along the direction.'),
             (CONTROL, 'float', 'of the outcome', 'Mean of the controls.'),
             (CONTROL_LOW, 'float', 'of the outcome', 'The least of them.'),
             (CONTROL_HIGH, 'float', 'of the outcome', 'The largest.'),
             (N_CONTROLS, 'int', 'directions', 'Of shuffled labels.'),
             (derived.N_ITEMS, 'int', 'items', 'Items behind it.'),
             (derived.VERDICT, 'string', '', (
                 'higher, lower, cannot tell, too little data.'))),)}


def find(name: str) -> Column | None:
  """What describes a column of a steered table.

  Args:
    name: the column's.

  Returns:
    Its description; None if nothing describes it.
  """
  return TABLES['steered'].find(name) or columns.find(name)


def control_kind(along: str) -> str:
  """What kind of control a direction is.

  Args:
    along: a value of `ALONG`.

  Returns:
    `SHUFFLED` or `RANDOM`; '' for a target's direction.
  """
  kind, _, number = along.rpartition('-')
  return kind if kind in (SHUFFLED, RANDOM) and number.isdecimal() else ''
