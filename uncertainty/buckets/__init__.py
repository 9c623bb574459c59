"""Workdirs in buckets: a copy in the user's cache, kept the same."""

from uncertainty.buckets.mirror import Mirror as Mirror
from uncertainty.buckets.mirror import brought as brought
from uncertainty.buckets.mirror import opened as opened
