"""An analysis of a few tables, as the report reads it."""

import pandas as pd
import pytest

from uncertainty import specs
from uncertainty.report.tables import AnalysisTables


@pytest.fixture
def spec():
  return specs.StudySpec()


@pytest.fixture
def made(tmp_path):
  """Table name → rows, and the manifest, as an AnalysisTables."""

  def make(manifest=None, **frames):
    return AnalysisTables(
        tmp_path, {k: pd.DataFrame(v) for k, v in frames.items()},
        manifest or {})

  return make


@pytest.fixture
def alignment_cells():
  """Two models: one measure beats the primary one, and must not be named."""
  rows = []
  for model, primary, other in (('A', .30, .50), ('B', .10, .60)):
    for measure, rho in (('mc_choice_entropy', primary),
                         ('mc_total_entropy', other)):
      rows.append({
          'model': model, 'dataset': 'coane', 'measure': measure,
          'signal': 'human_entropy', 'rho': rho, 'p_value': 0.0, 'n': 40,
          'ci_low': rho - .2, 'ci_high': rho + .2,
          'p_holm': .01 if rho > .2 else .5})
  return pd.DataFrame(rows)


@pytest.fixture
def calibration_cells():
  rows = []
  for metric, mapping, values in (
      ('auroc', 'none', (.7, .8)), ('ece_smooth', 'platt', (.01, .02)),
      ('ece_smooth', 'paper', (.2, .3))):
    for model, value in zip('AB', values):
      rows.append({
          'model': model, 'dataset': 'coane', 'measure': 'mc_choice_logprob',
          'confidence_map': mapping, 'correctness': 'correct',
          'metric': metric, 'value': value, 'ci_low': value - .25,
          'ci_high': value + .05, 'n': 40})
  return pd.DataFrame(rows)
