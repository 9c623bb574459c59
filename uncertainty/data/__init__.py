"""Data sets: items with human answers, read without TensorFlow."""

from uncertainty.data.registry import (
    BUILDERS,
    DATASETS,
    beside,
    ignored_columns,
    load,
    source_files,
)

__all__ = ['BUILDERS', 'DATASETS', 'beside', 'ignored_columns', 'load',
           'source_files']
