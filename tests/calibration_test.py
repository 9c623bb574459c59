"""One-line calibration against libraries, definitions and bad input."""

import doctest

import numpy as np
import pytest
import scipy.stats
from sklearn import metrics

from uncertainty import calibration
from uncertainty.analysis.calibration import smooth
from uncertainty.errors import UserError

_PAIRED = (calibration.ece, calibration.smooth_ece, calibration.brier,
           calibration.auroc, calibration.aurc, calibration.prr,
           calibration.selective_risk)
_PROBABILITY = _PAIRED[:3]
_BOTH_NEEDED = (calibration.auroc, calibration.prr)


def _random(seed, n=200, ties=False):
  rng = np.random.default_rng(seed)
  confidence = rng.random(n)
  if ties:
    confidence = np.round(confidence, 1)
  return confidence, (rng.random(n) < confidence**2).astype(int)


@pytest.mark.parametrize('ties', [False, True])
@pytest.mark.parametrize('seed', range(3))
def test_auroc_and_brier_equal_scikit_learn(seed, ties):
  confidence, correct = _random(seed, ties=ties)
  assert calibration.auroc(confidence, correct) == pytest.approx(
      metrics.roc_auc_score(correct, confidence), abs=1e-12)
  assert calibration.brier(confidence, correct) == pytest.approx(
      metrics.brier_score_loss(correct, confidence), abs=1e-12)


@pytest.mark.parametrize('seed', range(3))
def test_spearman_equals_scipy(seed):
  x, y = _random(seed, ties=True)
  y = y + np.random.default_rng(seed).integers(3, size=len(y))
  assert calibration.spearman(x, y) == pytest.approx(
      scipy.stats.spearmanr(x, y).statistic, abs=1e-12)
  assert calibration.spearman(x, np.exp(x)) == pytest.approx(1)


@pytest.mark.parametrize('n_bins', [1, 7, 15])
@pytest.mark.parametrize('seed', range(2))
def test_ece_equals_the_sum_over_bins(seed, n_bins):
  confidence, correct = _random(seed)
  edges = np.linspace(0, 1, n_bins + 1)[1:-1]
  bins = np.digitize(confidence, edges)
  gaps, weights = [], []
  for b in np.unique(bins):
    gaps.append(confidence[bins == b].mean() - correct[bins == b].mean())
    weights.append(np.mean(bins == b))
  l1 = np.dot(weights, np.abs(gaps))
  l2 = np.sqrt(np.dot(weights, np.square(gaps)))
  assert calibration.ece(confidence, correct, n_bins) == pytest.approx(l1)
  assert calibration.ece(
      confidence, correct, n_bins, norm='l2') == pytest.approx(l2)


@pytest.mark.parametrize('seed', range(2))
def test_aurc_and_prr_equal_their_definitions(seed):
  confidence, correct = _random(seed)

  def area(order):
    wrong = 1 - correct[order]
    return np.mean(np.cumsum(wrong) / np.arange(1, len(wrong) + 1))

  found, oracle = area(np.argsort(-confidence)), area(np.argsort(-correct))
  error = 1 - correct.mean()
  assert calibration.aurc(confidence, correct) == pytest.approx(found)
  assert calibration.prr(confidence, correct) == pytest.approx(
      (error - found) / (error - oracle))


def test_smooth_ece_is_where_error_meets_bandwidth():
  confidence, correct = _random(0)
  value = calibration.smooth_ece(confidence, correct)
  assert 0.05 < value < 0.5  # squared probabilities are far from calibrated
  at = smooth.smooth_ece(
      confidence[None], correct[None], np.array([value])).value_M[0]
  assert at == pytest.approx(value, abs=2 / 4096)


@pytest.mark.parametrize('function', _PAIRED)
def test_the_order_of_items_and_the_container_do_not_matter(function):
  confidence, correct = _random(5, ties=True)
  order = np.random.default_rng(0).permutation(len(correct))
  value = function(confidence, correct)
  assert type(value) is float
  assert function(confidence[order], correct[order]) == pytest.approx(
      value, abs=1e-12)
  assert function(confidence.tolist(), [bool(c) for c in correct]) == value


@pytest.mark.parametrize('function', _PAIRED)
@pytest.mark.parametrize('confidence,correct,message', [
    ([0.5, 0.6], [1], 'confidence has 2 values and correct 1'),
    ([], [], 'one-dimensional'),
    ([[0.5]], [[1]], r'shape \(1, 1\)'),
    ([0.5, np.nan], [1, 0], r'confidence\[1\] is nan'),
    ([0.5, 0.6], [np.inf, 0], r'correct\[0\] is inf'),
    ([0.5, 0.6], [0, 2], r'correct must lie in \[0, 1\], got 0 to 2'),
    (['high', 'low'], [0, 1], 'confidence must be numbers'),
])
def test_bad_input_is_named(function, confidence, correct, message):
  with pytest.raises(UserError, match=message):
    function(confidence, correct)


@pytest.mark.parametrize('function', _PROBABILITY)
def test_errors_need_probabilities(function):
  with pytest.raises(UserError, match='confidence must lie in .* -0.5 to 1'):
    function([-0.5, 1], [0, 1])


def test_selective_risk_needs_a_share_of_the_items():
  for coverage in (0, 1.1, 'all'):
    with pytest.raises(UserError, match=r'coverage must lie in \(0, 1\]'):
      calibration.selective_risk([0.5], [1], coverage)


def test_parts_of_the_brier_score_by_hand():
  found = calibration.brier_parts([0.25, 0.25, 0.75], [0, 1, 1], 2)
  # One bin of two: s = 1/4; all: s = (2/9) / 2.
  assert found == pytest.approx({
      'reliability': 2 / 3 / 16 + 1 / 3 / 16 - 2 / 3 / 4,
      'resolution': 2 / 3 / 36 + 1 / 3 / 9 - 2 / 3 / 4 + 1 / 9,
      'uncertainty': 2 / 9 + 1 / 9})


@pytest.mark.parametrize(
    'function', [calibration.spiegelhalter, calibration.kernel_error,
                 calibration.brier_parts])
def test_tests_of_calibration_need_right_and_wrong(function):
  with pytest.raises(UserError, match='graded between'):
    function([0.5, 0.6], [1, 0.5])
  with pytest.raises(UserError, match='confidence must lie in .* -0.5 to 1'):
    function([-0.5, 1], [0, 1])


@pytest.mark.parametrize('function', _BOTH_NEEDED)
@pytest.mark.parametrize('grade', [1, 0])
def test_ranking_needs_better_and_worse_answers(function, grade):
  with pytest.raises(UserError, match=f'all 2 have the grade {grade}'):
    function([-3.0, 7.0], [grade] * 2)


def test_ranking_takes_any_scale():
  confidence, correct = _random(1)
  for function in _PAIRED[3:]:
    assert function(100 * confidence - 50, correct) == pytest.approx(
        function(confidence, correct))


@pytest.mark.parametrize('x,y,message', [
    ([1, 2], [1, 2], 'needs 3 pairs, got 2'),
    ([1, 2, 3], [4, 4, 4], r'y is constant \(4\)'),
    ([1, 2, 3], [1, 2], 'x has 3 values and y 2'),
    ([1, 2, np.nan], [1, 2, 3], r'x\[2\] is nan'),
])
def test_spearman_names_what_has_no_correlation(x, y, message):
  with pytest.raises(UserError, match=message):
    calibration.spearman(x, y)


def test_ece_names_its_norms_and_needs_a_bin():
  with pytest.raises(UserError, match="'l3'; there are l1 and l2"):
    calibration.ece([0.5], [1], norm='l3')
  with pytest.raises(UserError, match='needs a bin or more, got 0'):
    calibration.ece([0.5], [1], 0)


def test_examples_hold():
  found = doctest.testmod(calibration)
  assert found.attempted >= 7 and found.failed == 0
