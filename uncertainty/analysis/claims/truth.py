"""Whether activations tell true statements from false ones, on new topics.

Each topic's accuracy is that of a probe which the topics before it gave
(`probes.truth_forward`). Topics are the units: about their mean, accuracies
are uncorrelated, and a t over them counts how topics differ.
"""

import dataclasses

import numpy as np

from uncertainty.analysis.claims import items
from uncertainty.analysis.claims.study import ClaimStudy, Finding
from uncertainty.results import columns

CHANCE = 0.5  # of balanced accuracy
_LEAST = 3  # tested topics


def truth_readable(study: ClaimStudy) -> list[Finding]:
  """Mean over topics of the balanced accuracy; t over topics.

  Args:
    study: one data set, with `truth` of the probe stage.

  Returns:
    A finding a model whose truth probes ran; none without.
  """
  if study.truth is None:
    return []
  return [
      _over_topics(study, Finding(str(model), '', int(rows[columns.N].sum())),
                   rows[columns.ACCURACY].dropna().to_numpy(float))
      for model, rows in study.truth.groupby(columns.MODEL, sort=False)]


def _over_topics(study: ClaimStudy, unknown: Finding, accuracy_T: np.ndarray
                 ) -> Finding:
  n_topics = len(accuracy_T)
  # Topics that are all read alike show no error.
  if n_topics < _LEAST or not np.ptp(accuracy_T):
    return dataclasses.replace(
        unknown, estimate=accuracy_T.mean() if n_topics else np.nan)
  away = items.by_t(
      unknown, float(accuracy_T.mean()) - CHANCE,
      float(accuracy_T.std(ddof=1) / np.sqrt(n_topics)), n_topics - 1,
      study.level)
  return dataclasses.replace(
      away, estimate=away.estimate + CHANCE, low=away.low + CHANCE,
      high=away.high + CHANCE, freedom=n_topics - 1)
