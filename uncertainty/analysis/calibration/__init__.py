"""Calibration of stated and implied confidence: errors, ranks, maps."""
