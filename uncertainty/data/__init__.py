"""Data sets: items with human answers, read without TensorFlow."""

from uncertainty.data import human
from uncertainty.data.registry import BUILDERS, DATASETS, load

__all__ = ['BUILDERS', 'DATASETS', 'human', 'load']
