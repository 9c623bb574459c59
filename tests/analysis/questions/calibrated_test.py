"""Calibration as tables: a row a metric, and curves of what has bins."""

import numpy as np
import pandas as pd
import pytest

from uncertainty.analysis.questions import calibrated
from uncertainty.analysis.scores import calibrate, stack


@pytest.fixture
def data():
  confidence = np.repeat([.25, .75], 20)
  right = np.concatenate([np.arange(20) < 5, np.arange(20) < 10])
  found, = stack.stack_results({('d', 'M'): pd.DataFrame({
      'item_id': [f'i{i}' for i in range(40)],
      'mc_choice_logprob': np.log(confidence),
      'correct': right.astype(float)})})
  return found


def test_rows_are_metrics_and_curves_are_bins(data):
  found = list(calibrate.calibrate(data, np.ones((40, 2), np.int32), level=.95))
  table = calibrated.calibration_table(data, found)
  assert list(table) == list(calibrated.COLUMNS)
  cell = table[(table['confidence_map'] == 'paper')
               & (table['metric'] == 'ece_width_l1')]
  # Half of the items are .25 from their accuracy, the others right on it.
  assert cell['value'].item() == pytest.approx(.125)
  assert cell['n'].item() == 40
  paper, = (one for one in found if one.confidence_map == 'paper')
  curve = calibrated.curves(data, paper, level=.95)
  assert sorted(curve[curve['binning'] == 'width']['count']) == [20, 20]
  ranking, = (one for one in found
              if one.confidence_map == calibrate.RANKING)
  assert calibrated.curves(data, ranking, level=.95).empty


def test_without_grades_there_is_a_table_without_rows(data):
  table = calibrated.calibration_table(data, [])
  assert table.empty and list(table) == list(calibrated.COLUMNS)
