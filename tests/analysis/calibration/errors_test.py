"""Binned errors by hand, by slow references, and against netcal."""

import numpy as np
import pytest

from uncertainty.analysis.calibration import errors
from uncertainty.types import UserError


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
def test_every_binning_equals_a_loop_over_bins(binned_data, norm):
  confidence, correct = binned_data()
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
def test_width_l1_equals_netcal(binned_data):
  from netcal.metrics import ECE
  confidence, correct = binned_data(ties=False)
  found = errors.ece(errors.bin_sums(
      errors.width_bins(confidence, correct), confidence, correct), 'l1')
  expected = [
      ECE(15).measure(c, y.astype(int))
      for c, y in zip(confidence, correct, strict=True)]
  np.testing.assert_allclose(found, expected, atol=1e-9)


def test_the_sweep_heeds_bins_of_one_item():
  # Three bins would hold .5, 0 and 1.
  np.testing.assert_array_equal(errors.sweep_bins(
      np.array([[.1, .2, .6, .7]]), np.array([[0., 1., 0., 1.]])),
      [[0, 0, 1, 1]])


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


def test_without_ties_mass_and_sweep_are_array_split(binned_data):
  confidence, correct = binned_data(ties=False)
  mass = errors.mass_bins(confidence, correct, 15)
  sweep = errors.sweep_bins(confidence, correct)
  for m in range(len(confidence)):
    np.testing.assert_array_equal(
        mass[m], _array_split_bins(confidence[m], 15))
    np.testing.assert_array_equal(
        sweep[m], _slow_sweep(confidence[m], correct[m]))


def test_split_sweep_is_array_split_in_stored_order(binned_data):
  confidence, correct = binned_data()
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
def test_ties_are_never_split_and_storage_order_does_not_matter(
    binned_data, binning):
  confidence, correct = binned_data()
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


def test_missing_items_change_nothing(binned_data):
  confidence, correct = binned_data()
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


def test_debiased_equals_kumars_formula_bin_by_bin(binned_data):
  confidence, correct = binned_data()
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
  for norm in ('l3', 'brier'):
    with pytest.raises(UserError, match='l1 and l2'):
      errors.ece(sums, norm)
  with pytest.raises(UserError, match='one row per measure'):
    errors.mass_bins(np.zeros((1, 2)), np.zeros((2, 2)))


@pytest.mark.parametrize('n_bins', [0, 2.5])
def test_bins_are_one_or_more_whole(n_bins):
  with pytest.raises(UserError, match='n_bins'):
    errors.width_bins(np.zeros((1, 2)), np.zeros((1, 2)), n_bins)
  one = errors.width_bins(np.array([[0., 1.]]), np.zeros((1, 2)), 1)
  np.testing.assert_array_equal(one, [[0, 0]])


def test_sums_by_hand_with_an_empty_bin():
  found = errors.bin_sums(
      np.array([[0, 2, 0, -1]]), np.array([[.1, .8, .3, np.nan]]),
      np.array([[0., .5, 1., 1.]]), 4)
  np.testing.assert_array_equal(found.count_MB, [[2, 0, 1, 0]])
  for name, expected in (
      ('confidence_MB', [.4, 0, .8, 0]), ('correct_MB', [1, 0, .5, 0]),
      ('squared_MB', [.1, 0, .64, 0]), ('product_MB', [.3, 0, .4, 0]),
      ('graded_MB', [1, 0, .25, 0])):
    np.testing.assert_allclose(getattr(found, name), [expected])


def test_debiased_error_of_bins_of_one_and_two_by_hand():
  sums = errors.bin_sums(
      np.array([[0, 1, 1]]), np.array([[.2, .9, .9]]),
      np.array([[1., 1., 0.]]))
  # Alone: .8², whose noise is not known. Two: .4² − .25 / 1.
  assert errors.debiased_ece(sums)[0] == pytest.approx(
      np.sqrt((.64 + 2 * (.16 - .25)) / 3))
