"""What activations know: probes over every layer, fold and target at once."""

from uncertainty.probes.run import run
from uncertainty.probes.running import Sums

__all__ = ['Sums', 'run']
