"""Columns of the tables that say which items a tuning used."""

from collections.abc import Mapping

from uncertainty.results import columns
from uncertainty.results.table_columns import SHARED, Table, describe

SPLIT, REASON, TEXT = 'tuning_split', 'split_reason', 'compared_text'

_SHARED: Mapping[str, tuple[str, str, str]] = {
    columns.DATASET: SHARED['dataset'],
    columns.ITEM_ID: ('string', '', 'The item\'s, unique in its data set.'),
    columns.ITEM_DIGEST: ('string', '', (
        'Of what its prompt is made of and its answer graded by.')),
}
_COMMON = ' '.join(_SHARED)

TABLES: Mapping[str, Table] = {t.name: t for t in (
    describe(_SHARED, 'splits', 'tuning.splits',
             'One item that a tuning was given, in DIR/splits.parquet.',
             _COMMON,
             (SPLIT, 'string', '', (
                 'train; held_out (asked after, drawn); left_out (asked after, '
                 'named); unused (nearly the same as one that is asked).')),
             (REASON, 'string', '', 'Why it is there.')),
    describe(_SHARED, 'trained_items', 'tuning.trained_items',
             'One item that a tuned model was trained on, beside its weights: '
             'DIR/model/trained_items.parquet.', _COMMON,
             (TEXT, 'string', '', (
                 'Question and right answer, lower case, words and digits '
                 'only: what near-duplicates are known by.'))))}
