"""Simulated studies whose truth is known, to measure what claims are worth."""
