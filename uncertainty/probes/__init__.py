"""What activations know: probes over every layer, fold and target at once."""

from uncertainty.probes.run import run

__all__ = ['run']
