"""Claims about the confidence that a model states in words.

Steyvers et al. 2025 (Nature Machine Intelligence 7): people trust an answer by
the words around it, which hold another confidence than the model does.
"""

import numpy as np

from uncertainty.analysis.claims.items import by_t, standard_error
from uncertainty.analysis.claims.study import ClaimStudy, Finding, enough
from uncertainty.analysis.scores.stack import numbers
from uncertainty.measures import registry

_STATED = registry.PRIMARY['verbal']


def stated_gap(study: ClaimStudy) -> list[Finding]:
  """Mean of stated confidence less the largest choice probability.

  Args:
    study: one data set.

  Returns:
    A finding a model that was asked for both.
  """
  return _means(study, lambda m: study.confidence_MN[m])


def overclaimed(study: ClaimStudy) -> list[Finding]:
  """Mean of stated confidence less whether the answer stated with it is right.

  Args:
    study: one data set.

  Returns:
    A finding a model that was asked for both; none on data without right
    answers.
  """
  grade = registry.subject(_STATED).grade
  return _means(
      study, lambda m: numbers(study.stack.frames[study.models[m]], grade))


def _means(study, against) -> list[Finding]:
  """Means of stated confidence less something, [N] of a model's number."""
  found = []
  for m, model in enumerate(study.models):
    gap_N = numbers(study.stack.frames[model], _STATED) - against(m)
    known_N = ~np.isnan(gap_N)
    if known_N.any():
      found.append(_mean(study, gap_N, known_N, Finding(
          model, _STATED, int(known_N.sum()))))
  return found


def _mean(study, gap_N, known_N, unknown) -> Finding:
  """A mean over items with clusters as units, by Student's t."""
  units = study.n_clusters(known_N)
  mean = float(gap_N[known_N].mean())
  if not enough(units):
    return unknown
  se = standard_error(study, np.where(known_N, gap_N - mean, 0.0), known_N)
  return by_t(unknown, mean, se, units - 1, study.level)
