"""Alignment, calibration and the study's questions, from results tables.

`analysis.run.run` is the stage. Nothing is imported here, so that a part (a
single error of `analysis.calibration`) does not wait for all of the others.
"""
