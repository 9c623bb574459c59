"""How often may a model answer if few of its answers may be wrong?

It answers where its most probable choice is probable enough. Two rules set
where that is, on one half of the items, and are tried on the other: control of
the risk (Angelopoulos et al. 2024, Conformal risk control), and a fixed share
of items to answer.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from uncertainty.analysis.calibration import conformal
from uncertainty.analysis.questions import prediction_sets
from uncertainty.analysis.statistics.parallel import each
from uncertainty.results import columns, derived

SHARE_ANSWERED = 0.8  # that of `selective_risk_0.8`
COLUMNS = (
    columns.MODEL, columns.DATASET, derived.LABELS, derived.RULE,
    derived.NOMINAL, derived.ANSWERED, derived.RISK, derived.RISK_LOW,
    derived.RISK_HIGH, derived.SELECTIVE_RISK, columns.ACCURACY, columns.N,
    derived.N_CALIBRATION)


def table(
    labels: prediction_sets.Labels, risk: float, seed: int) -> pd.DataFrame:
  """Both rules for every model, against right answers and against people.

  Args:
    labels: of `prediction_sets.of_models`.
    risk: nominal, of wrong answers among all items.
    seed: of the splits, the same for all models of a data set.

  Returns:
    `COLUMNS`; `selective_risk` is NaN where nothing is answered.
  """
  found = each(lambda one: _of_model(*one, labels[one], risk, seed),
               list(labels))
  return pd.DataFrame(
      [row for rows in found for row in rows], columns=list(COLUMNS))


def _of_model(
    dataset: str, model: str, choices: Sequence[prediction_sets.Labelled],
    risk: float, seed: int) -> list[tuple]:
  """One model's rows."""
  rows = []
  for data in choices:
    splits_RN = conformal.split_items(
        len(data.p_NC), prediction_sets.N_SPLITS, np.random.default_rng(seed))
    confidence_N = np.nanmax(data.p_NC, 1)
    loss_N = 1 - data.weights_NC[
        np.arange(len(data.p_NC)), np.nanargmax(data.p_NC, 1)]
    for rule, nominal, at_R in (
        ('risk', risk, conformal.answer_thresholds(
            confidence_N, loss_N, splits_RN, risk)),
        ('coverage', SHARE_ANSWERED, conformal.coverage_thresholds(
            confidence_N, splits_RN, SHARE_ANSWERED))):
      rows.append((
          model, dataset, data.labels, rule, nominal,
          *_tried(confidence_N, loss_N, ~splits_RN, at_R),
          float(1 - loss_N.mean()), len(loss_N), int(splits_RN[0].sum())))
  return rows


def _tried(confidence_N: np.ndarray, loss_N: np.ndarray, tested_RN: np.ndarray,
           at_R: np.ndarray) -> tuple[float, float, float, float, float]:
  """Answered, risk with its range, and selective risk, of tested halves."""
  answered_RN = tested_RN & (confidence_N >= at_R[:, None])
  risk_R = (answered_RN * loss_N).sum(1) / tested_RN.sum(1)
  low, high = np.quantile(risk_R, (.025, .975))
  total = answered_RN.sum()
  return (float(total / tested_RN.sum()), float(risk_R.mean()), float(low),
          float(high),
          float((answered_RN * loss_N).sum() / total) if total else np.nan)
