"""Tests of calibration: by hand, by a double sum, and at their level."""

import numpy as np
import pytest
from scipy import stats

from uncertainty.analysis.calibration import calibration_tests


def test_spiegelhalter_by_hand():
  # Σ (y − c)(1 − 2c) = .2·(−.6) + (−.6)(−.2) + (.9)(.8) = .72 and
  # Σ (1 − 2c)² c (1 − c) = .36·.16 + .04·.24 + .64·.09 = .1248.
  found = calibration_tests.spiegelhalter(
      np.array([0.8, 0.6, 0.1]), np.array([1.0, 0.0, 1.0]))
  assert found.statistic == pytest.approx(0.72 / np.sqrt(0.1248))
  assert found.p_value == pytest.approx(0.04154, abs=1e-4)


def test_confidences_of_a_half_say_nothing_about_the_brier_score():
  found = calibration_tests.spiegelhalter(np.full(4, 0.5), np.ones(4))
  assert np.isnan(found.statistic) and np.isnan(found.p_value)


def test_the_kernel_error_is_the_sum_over_pairs():
  rng = np.random.default_rng(0)
  confidence = rng.random(30)
  correct = (rng.random(30) < confidence).astype(float)
  pairs = [(i, j) for i in range(30) for j in range(30) if i != j]
  width = np.median([abs(confidence[i] - confidence[j]) for i, j in pairs])
  expected = np.mean([
      (confidence[i] - correct[i]) * (confidence[j] - correct[j])
      * np.exp(-abs(confidence[i] - confidence[j]) / width)
      for i, j in pairs])
  found = calibration_tests.kernel_error(confidence, correct, n_draws=9)
  assert found.statistic == pytest.approx(expected, rel=1e-10)


def test_blocks_of_the_kernel_change_nothing(monkeypatch):
  rng = np.random.default_rng(1)
  confidence, correct = rng.random(20), rng.integers(2, size=20).astype(float)
  whole = calibration_tests.kernel_error(confidence, correct, n_draws=9)
  monkeypatch.setattr(calibration_tests, '_BLOCK', 7)
  blocks = calibration_tests.kernel_error(confidence, correct, n_draws=9)
  assert blocks.statistic == pytest.approx(whole.statistic, rel=1e-10)


def test_both_hold_their_level_and_see_overconfidence():
  rng = np.random.default_rng(2)
  rejected = {0.0: [], 0.15: []}
  for gap, found in rejected.items():
    for _ in range(200):
      confidence = rng.uniform(0.3, 0.95, 150)
      correct = (rng.random(150) < confidence - gap).astype(float)
      found.append([
          calibration_tests.spiegelhalter(confidence, correct).p_value < 0.05,
          calibration_tests.kernel_error(
              confidence, correct, n_draws=99).p_value <= 0.05])
  level, power = (np.mean(found, 0) for found in rejected.values())
  assert (level < 0.05 + 3 * np.sqrt(.05 * .95 / 200)).all()
  assert power[1] > 0.9 and power[0] > 0.3


def test_identical_confidences_make_the_mean_gap():
  # k = 1 everywhere: ((Σ r)² − Σ r²) / (n (n − 1)) with r = ±.5.
  found = calibration_tests.kernel_error(
      np.full(4, 0.5), np.array([1.0, 1.0, 1.0, 0.0]), n_draws=9)
  assert found.statistic == pytest.approx((1.0 - 1.0) / 12)


def test_the_p_value_counts_draws_at_least_as_far():
  # Certain and wrong: no draw of the null comes near.
  wrong = calibration_tests.kernel_error(
      np.full(20, .9), np.zeros(20), n_draws=99)
  assert wrong.p_value == 1 / 100
  assert wrong.statistic == pytest.approx(.81)
  # Two of four right is the least squared sum there is: every draw is as far.
  least = calibration_tests.kernel_error(
      np.full(4, .5), np.array([1.0, 1.0, 0.0, 0.0]), n_draws=99)
  assert least.p_value == 1
  assert least.statistic == pytest.approx((0 - 1) / 12)


def test_the_width_of_many_is_that_of_every_third(monkeypatch):
  rng = np.random.default_rng(3)
  confidence, correct = rng.random(26), rng.integers(2, size=26).astype(float)
  monkeypatch.setattr(calibration_tests, '_MOST', 10)
  found = calibration_tests.kernel_error(confidence, correct, n_draws=9)
  some = np.sort(confidence)[::3]
  width = np.median([abs(a - b) for i, a in enumerate(some)
                     for b in some[:i]])
  gap = confidence - correct
  kernel = np.exp(-abs(confidence[:, None] - confidence) / width)
  np.fill_diagonal(kernel, 0)
  assert found.statistic == pytest.approx(gap @ kernel @ gap / (26 * 25))


def test_many_rows_are_tested_as_one_is():
  rng = np.random.default_rng(3)
  confidence = rng.random((5, 200))
  correct = (rng.random((5, 200)) < confidence).astype(float)
  confidence[1] = np.round(confidence[1], 1)
  confidence[2, :9] = np.nan
  correct[3, 5] = 0.5  # graded between
  for rows, one in (
      (calibration_tests.spiegelhalters, calibration_tests.spiegelhalter),
      (calibration_tests.kernel_errors, calibration_tests.kernel_error)):
    found = rows(confidence, correct)
    assert np.isnan(found.statistic_M[3]) and np.isnan(found.p_value_M[3])
    for m in (0, 1, 2, 4):
      known = ~np.isnan(confidence[m])
      expected = one(confidence[m, known], correct[m, known])
      assert found.statistic_M[m] == pytest.approx(
          expected.statistic, rel=1e-9, abs=1e-15)
      # The kernel's p from moments, against 999 draws of its null.
      assert found.p_value_M[m] == pytest.approx(
          expected.p_value, abs=3 * np.sqrt(.25 / 999))


def test_the_kernels_null_has_the_tail_that_its_moments_say():
  rng = np.random.default_rng(4)
  confidence = np.tile(rng.beta(4, 2, 120), (4000, 1))
  correct = (rng.random(confidence.shape) < confidence).astype(float)
  p = calibration_tests.kernel_errors(confidence, correct).p_value_M
  for level in (0.5, 0.05, 0.005):
    error = np.sqrt(level * (1 - level) / 4000)
    assert np.mean(p < level) == pytest.approx(
        level, abs=3 * error + 0.05 * level), level


def test_the_kernels_p_is_scipys_tail_of_its_moments():
  rng = np.random.default_rng(5)
  # Doubtful, sure and even confidences: skewed much, little and hardly.
  for confidence in (rng.beta(.3, .3, 40), rng.beta(9, 2, 40),
                     np.full(40, .5), np.linspace(.49, .51, 40)):
    correct = (rng.random(40) < confidence).astype(float)
    width = np.median(np.abs(
        confidence[:, None] - confidence)[~np.eye(40, dtype=bool)]) or 1.0
    kernel = np.exp(-np.abs(confidence[:, None] - confidence) / width)
    np.fill_diagonal(kernel, 0)
    variance = confidence * (1 - confidence)
    third = variance * (1 - 2 * confidence)
    square = variance @ kernel ** 2 @ variance / 2
    cube = third @ kernel ** 3 @ third / 2 + np.einsum(
        'i,j,l,ij,jl,il->', variance, variance, variance, kernel, kernel,
        kernel)
    gap = confidence - correct
    expected = stats.pearson3.sf(gap @ kernel @ gap / 2 / np.sqrt(square),
                                 cube / square ** 1.5)
    found = calibration_tests.kernel_errors(confidence[None], correct[None])
    np.testing.assert_allclose(found.p_value_M, expected, rtol=1e-6)


def test_rows_that_cannot_be_tested_are_missing():
  confidence = np.array([[0.4, np.nan], [1.0, 1.0], [np.nan, np.nan]])
  found = calibration_tests.kernel_errors(confidence, np.ones((3, 2)))
  assert np.isnan(found.p_value_M).all()
  assert np.isnan(found.statistic_M[[0, 2]]).all()
  assert found.statistic_M[1] == 0
