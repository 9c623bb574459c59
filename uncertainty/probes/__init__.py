"""What activations know: probes over every layer, fold and target at once.

    from uncertainty import probes
    probes.probe(acts_NLD, target_N).r2     # of each layer, held out

`run` is the stage of a study.
"""

from uncertainty.probes.layers import LayerScores, probe
from uncertainty.probes.run import run
from uncertainty.probes.sums import Sums

__all__ = ['LayerScores', 'Sums', 'probe', 'run']
