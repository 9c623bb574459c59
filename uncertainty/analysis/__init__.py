"""Alignment, calibration and the study's questions, from results tables."""

from uncertainty.analysis.run import run as run
