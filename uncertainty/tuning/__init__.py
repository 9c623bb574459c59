"""Tuning: new weights for a model at hand, from items with known answers."""
