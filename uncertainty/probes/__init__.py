"""What activations know: probes over every layer, fold and target at once."""

from uncertainty.probes.run import run
from uncertainty.probes.sums import Sums

__all__ = ['Sums', 'run']
