"""Binned errors by hand, by slow references, and against netcal."""

import numpy as np
import pytest
import sklearn.metrics

from uncertainty.analysis.calibration import errors
from uncertainty.types import UserError


def _data(rows=6, n_items=97, ties=True):
  rng = np.random.default_rng(2)
  confidence = rng.beta(2, 1, (rows, n_items))
  if ties:
    confidence[::2] = np.round(confidence[::2], 1)
  correct = (rng.random((rows, n_items)) < confidence ** 1.5).astype(float)
  return confidence, correct


def _slow_ece(bins, confidence, correct, norm):
  total = 0.0
  for b in np.unique(bins):
    members = bins == b
    gap = abs(confidence[members].mean() - correct[members].mean())
    total += members.mean() * gap ** (1 if norm == 'l1' else 2)
  return total if norm == 'l1' else np.sqrt(total)


def test_width_bins_close_on_the_left_and_one_joins_the_last():
  confidence = np.array([[0.0, 0.19, 0.2, 0.5, 0.99, 1.0, np.nan]])
  correct = np.ones_like(confidence)
  np.testing.assert_array_equal(
      errors.width_bins(confidence, correct, 5),
      [[0, 0, 1, 2, 4, 4, -1]])


def test_ece_by_hand():
  confidence = np.array([[0.1, 0.3, 0.9, 0.7]])
  correct = np.array([[0.0, 1.0, 1.0, 1.0]])
  sums = errors.bin_sums(
      errors.width_bins(confidence, correct, 2), confidence, correct)
  # Gaps: .2 − .5 and .8 − 1, half of the items each.
  assert errors.ece(sums, 'l1')[0] == pytest.approx(0.25)
  assert errors.ece(sums, 'l2')[0] == pytest.approx(
      np.sqrt((0.09 + 0.04) / 2))


@pytest.mark.parametrize('norm', ['l1', 'l2'])
def test_every_binning_equals_a_loop_over_bins(norm):
  confidence, correct = _data()
  for binning in (errors.width_bins, errors.mass_bins,
                  errors.sweep_bins):
    bins = binning(confidence, correct)
    found = errors.ece(
        errors.bin_sums(bins, confidence, correct), norm)
    expected = [
        _slow_ece(bins[m], confidence[m], correct[m], norm)
        for m in range(len(bins))]
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parity
@pytest.mark.filterwarnings('ignore')
def test_width_l1_equals_netcal():
  from netcal.metrics import ECE
  confidence, correct = _data(ties=False)
  found = errors.ece(errors.bin_sums(
      errors.width_bins(confidence, correct), confidence, correct), 'l1')
  expected = [
      ECE(15).measure(c, y.astype(int))
      for c, y in zip(confidence, correct, strict=True)]
  np.testing.assert_allclose(found, expected, atol=1e-9)


def _array_split_bins(confidence, n_bins):
  bins = np.empty(len(confidence), int)
  order = np.argsort(confidence, kind='stable')
  for b, members in enumerate(np.array_split(order, n_bins)):
    bins[members] = b
  return bins


def _slow_sweep(confidence, correct):
  """Roelofs et al. 2022, one number of bins after the other."""
  best = np.zeros(len(confidence), int)
  for n_bins in range(2, len(confidence) + 1):
    bins = _array_split_bins(confidence, n_bins)
    accuracy = [correct[bins == b].mean() for b in range(n_bins)]
    if np.any(np.diff(accuracy) < 0):
      break
    best = bins
  return best


def test_without_ties_mass_and_sweep_are_array_split():
  confidence, correct = _data(ties=False)
  mass = errors.mass_bins(confidence, correct, 15)
  sweep = errors.sweep_bins(confidence, correct)
  for m in range(len(confidence)):
    np.testing.assert_array_equal(
        mass[m], _array_split_bins(confidence[m], 15))
    np.testing.assert_array_equal(
        sweep[m], _slow_sweep(confidence[m], correct[m]))


def test_split_sweep_is_array_split_in_stored_order():
  confidence, correct = _data()
  sweep = errors.sweep_bins(confidence, correct, split_ties=True)
  for m in range(len(confidence)):
    np.testing.assert_array_equal(
        sweep[m], _slow_sweep(confidence[m], correct[m]))


def test_sweep_takes_as_many_bins_as_items_when_accuracy_never_falls():
  confidence = np.array([[0.1, 0.2, 0.6, 0.7, 0.9]])
  correct = np.array([[0.0, 0.0, 1.0, 1.0, 1.0]])
  np.testing.assert_array_equal(
      errors.sweep_bins(confidence, correct), [[0, 1, 2, 3, 4]])
  np.testing.assert_array_equal(
      errors.sweep_bins(confidence, 1 - correct), [[0] * 5])


@pytest.mark.parametrize('binning', [
    errors.mass_bins, errors.sweep_bins])
def test_ties_are_never_split_and_storage_order_does_not_matter(binning):
  confidence, correct = _data()
  bins = binning(confidence, correct)
  for m in range(0, len(bins), 2):
    for value in np.unique(confidence[m]):
      assert len(np.unique(bins[m, confidence[m] == value])) == 1
  shuffled = np.random.default_rng(0).permutation(confidence.shape[1])
  np.testing.assert_array_equal(
      binning(confidence[:, shuffled], correct[:, shuffled]),
      bins[:, shuffled])


def test_cut_within_ties_moves_to_the_nearer_end():
  # Cut in two at 3: inside the run 1 … 4, whose end 4 is nearer than 1.
  confidence = np.array([[0.1, 0.5, 0.5, 0.5, 0.8, 0.9]])
  np.testing.assert_array_equal(
      errors.mass_bins(confidence, np.ones((1, 6)), 2),
      [[0, 0, 0, 0, 1, 1]])


def test_all_items_tied_are_one_bin():
  confidence = np.full((1, 9), 0.4)
  correct = np.array([[1.0, 0, 1, 0, 1, 0, 0, 0, 0]])
  for binning in (errors.mass_bins, errors.sweep_bins):
    assert np.all(binning(confidence, correct) == 0)


def test_missing_items_change_nothing():
  confidence, correct = _data()
  gaps = confidence.copy()
  gaps[:, 50:] = np.nan
  for binning in (errors.width_bins, errors.mass_bins,
                  errors.sweep_bins):
    bins = binning(gaps, correct)
    assert np.all(bins[:, 50:] == -1)
    np.testing.assert_array_equal(
        bins[:, :50], binning(confidence[:, :50], correct[:, :50]))
    np.testing.assert_allclose(
        errors.ece(errors.bin_sums(bins, gaps, correct)),
        errors.ece(errors.bin_sums(
            bins[:, :50], confidence[:, :50], correct[:, :50])))


def test_no_items_give_nan():
  nothing = np.full((2, 4), np.nan)
  sums = errors.bin_sums(
      errors.mass_bins(nothing, nothing), nothing, nothing, 3)
  assert np.isnan(errors.ece(sums, 'l1')).all()
  assert np.isnan(errors.debiased_ece(sums)).all()
  assert np.isnan(errors.brier(sums)['brier']).all()


def test_debiased_equals_kumars_formula_bin_by_bin():
  confidence, correct = _data()
  bins = errors.mass_bins(confidence, correct)
  found = errors.debiased_ece(
      errors.bin_sums(bins, confidence, correct))
  for m in range(len(bins)):
    total = 0.0
    for b in np.unique(bins[m]):
      c, y = confidence[m, bins[m] == b], correct[m, bins[m] == b]
      noise = y.mean() * (1 - y.mean()) / (len(y) - 1) if len(y) > 1 else 0
      total += len(y) / len(bins[m]) * ((c.mean() - y.mean()) ** 2 - noise)
    assert found[m] == pytest.approx(np.sqrt(max(total, 0)), abs=1e-12)


def test_debiased_square_is_right_on_average_where_the_plain_one_is_not():
  rng = np.random.default_rng(0)
  confidence = np.tile(np.linspace(0.05, 0.95, 10).repeat(20), (500, 1))
  correct = (rng.random(confidence.shape) < np.clip(
      confidence - 0.1, 0, 1)).astype(float)
  truth = np.mean((confidence[0] - np.clip(confidence[0] - 0.1, 0, 1)) ** 2)
  sums = errors.bin_sums(
      errors.width_bins(confidence, correct, 10), confidence, correct)
  # Noise of the mean of 500: about .0002.
  assert np.mean(errors.ece(sums) ** 2) > truth + 0.005
  assert np.mean(errors.debiased_ece(sums) ** 2) == pytest.approx(
      truth, abs=0.001)


def test_brier_equals_scikit_learn_and_its_parts_add_up():
  confidence, correct = _data()
  for binning in (errors.width_bins, errors.mass_bins):
    parts = errors.brier(errors.bin_sums(
        binning(confidence, correct), confidence, correct))
    np.testing.assert_allclose(parts['brier'], [
        sklearn.metrics.brier_score_loss(y, c)
        for c, y in zip(confidence, correct, strict=True)], atol=1e-12)
    np.testing.assert_allclose(
        parts['brier_reliability'] - parts['brier_resolution']
        + parts['brier_uncertainty'] + parts['brier_within_variance']
        - parts['brier_within_covariance'], parts['brier'], atol=1e-12)
    rate = correct.mean(1)
    np.testing.assert_allclose(
        parts['brier_uncertainty'], rate * (1 - rate), atol=1e-12)


def test_within_bin_terms_vanish_when_a_bin_holds_one_confidence():
  confidence, correct = _data()
  bins = errors.width_bins(confidence[:1], correct[:1], 20)
  parts = errors.brier(
      errors.bin_sums(bins, confidence[:1], correct[:1]))
  np.testing.assert_allclose(parts['brier_within_variance'], 0, atol=1e-12)
  np.testing.assert_allclose(parts['brier_within_covariance'], 0, atol=1e-12)


def test_perfect_calibration_is_zero_error():
  confidence = np.array([[0.0, 0.0, 1.0, 1.0]])
  sums = errors.bin_sums(
      errors.width_bins(confidence, confidence), confidence, confidence)
  assert errors.ece(sums, 'l1')[0] == 0
  assert errors.debiased_ece(sums)[0] == 0


@pytest.mark.parametrize('wrong', [-0.01, 1.01])
def test_confidence_outside_zero_to_one_is_an_error(wrong):
  with pytest.raises(UserError, match=r'must lie in \[0, 1\]'):
    errors.width_bins(np.array([[0.5, wrong]]), np.ones((1, 2)))


def test_unknown_norm_and_shapes_are_errors():
  sums = errors.bin_sums(
      np.zeros((1, 2), int), np.zeros((1, 2)), np.zeros((1, 2)))
  with pytest.raises(UserError, match='l1 and l2'):
    errors.ece(sums, 'l3')
  with pytest.raises(UserError, match='rows over items'):
    errors.mass_bins(np.zeros((1, 2)), np.zeros((2, 2)))
