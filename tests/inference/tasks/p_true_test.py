"""The task `p_true`: both orders, and what is missing."""

import math

import numpy as np
import pytest

from uncertainty.inference.tasks import p_true


def test_p_true_averages_both_orders_and_keeps_the_mass():
  row = p_true.p_true_columns('x', np.log([.6, .2]), np.log([.3, .3]))
  assert row['p_true'] == pytest.approx((.75 + .5) / 2)
  assert row['p_true_mass'] == pytest.approx(.6)
  assert row['p_true_label_shift'] == pytest.approx(.125)
  assert row['p_true_reason'] == ''


def test_p_true_is_missing_where_the_judge_answers_neither():
  row = p_true.p_true_columns('x', np.log([.6, .2]), np.log([.004, .002]))
  assert math.isnan(row['p_true'])
  assert row['p_true_reason'] == 'answers neither True nor False'
  assert row['p_true_mass'] == pytest.approx(.006)
  row = p_true.p_true_columns('', np.log([.6, .2]), np.log([.6, .2]))
  assert math.isnan(row['p_true']) and row['p_true_reason'] == 'empty answer'
