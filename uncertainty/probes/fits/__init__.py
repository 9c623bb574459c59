"""Fits on plain arrays: every layer, fold and target at once, no tables."""
