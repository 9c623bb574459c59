"""A data set as claims see it, with the settings of a run."""

import pandas as pd

from uncertainty.analysis.claims.study import ClaimStudy
from uncertainty.analysis.scores.aligned import Drawn
from uncertainty.analysis.scores.stack import Stack
from uncertainty.specs import StudySpec


def study(stack: Stack, spec: StudySpec, *, drawn: Drawn | None = None,
          forward: pd.DataFrame | None = None,
          doubt: pd.DataFrame | None = None,
          truth: pd.DataFrame | None = None,
          steered: dict[str, pd.DataFrame] | None = None) -> ClaimStudy:
  """What all claims on one data set share.

  Args:
    stack: its results, with people's entropy as `spec` estimates it.
    spec: `analysis` and `seed` are read.
    drawn: of this run's scores; see `ClaimStudy`.
    forward: see `ClaimStudy`.
    doubt: see there.
    truth: see there.
    steered: see there.

  Returns:
    The study.
  """
  asked = spec.analysis
  return ClaimStudy(
      stack, asked.confidence_level, asked.n_bootstrap, asked.n_bins,
      asked.calibrated_below, spec.seed, drawn,
      forward, doubt, truth, steered or {})
