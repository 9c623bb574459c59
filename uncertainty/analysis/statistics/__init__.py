"""Ranks, resampling and multiplicity: statistics that know no table."""
