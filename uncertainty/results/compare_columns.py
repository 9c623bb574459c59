"""Columns of the tables that compare two runs."""

from collections.abc import Mapping

from uncertainty.results import derived
from uncertainty.results.table_columns import Table, describe

PART, NAME = 'changed_part', 'changed_field'
BEFORE, AFTER = 'first_run', 'second_run'

_P = ('float', 'probability', 'Two-sided, of this difference alone.')
_WRITER = 'analysis.compare'

TABLES: Mapping[str, Table] = {t.name: t for t in (
    describe({}, 'changes', _WRITER, 'One thing that differs between two runs.',
             '',
             (PART, 'string', '', 'config, data, model or package.'),
             (NAME, 'string', '', 'What differs.'),
             (BEFORE, 'string', '', 'In the first run; empty if not there.'),
             (AFTER, 'string', '', 'In the second run.')),
    describe({}, 'differences', _WRITER,
             'One claim\'s estimate in two runs, over the items of both.', '',
             (derived.CLAIM, 'string', '', 'Its id, as in `claims`.'),
             (derived.DATA, 'string', '', 'The data set.'),
             ('model', 'string', '', 'The model, or first → second.'),
             (BEFORE, 'float', 'of the claim', 'Its estimate in the first.'),
             (AFTER, 'float', 'of the claim', 'Its estimate in the second.'),
             (derived.DIFFERENCE, 'float', 'of the claim', 'Second − first.'),
             (derived.LOW, 'float', 'of the claim', ('Lower end of its paired '
              'interval; missing for claims over families.')),
             (derived.HIGH, 'float', 'of the claim', 'Upper end.'),
             (derived.P, *_P),
             (derived.P_CORRECTED, 'float', 'probability',
              'After Holm, over all differences of the table.'),
             (derived.N_ITEMS, 'int', 'items', 'Items of both runs.'),
             (derived.VERDICT, 'string', '',
              ('higher, lower, no '
              'difference, cannot tell or too little data.'))))}
