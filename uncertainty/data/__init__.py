"""Data sets: items with human answers, read without TensorFlow."""

from uncertainty.data import human
from uncertainty.data.registry import (
    BUILDERS,
    DATASETS,
    ignored_columns,
    load,
    source_files,
)

__all__ = ['BUILDERS', 'DATASETS', 'human', 'ignored_columns', 'load',
           'source_files']
