"""Conformal sets: by hand, promised coverage, and an independent reference."""

import numpy as np
import pytest

from uncertainty.analysis.calibration import conformal

N_SPLITS = 1000


def _simulated(seed, n=200, k=4):
  """Items whose labels are drawn from shares that the model half knows."""
  rng = np.random.default_rng(seed)
  shares_NC = rng.dirichlet(np.full(k, .7), n)
  noise_NC = rng.dirichlet(np.full(k, .7), n)
  p_NC = .6 * shares_NC + .4 * noise_NC
  labels_N = (shares_NC.cumsum(1) < rng.uniform(size=(n, 1))).sum(1)
  return p_NC, np.eye(k)[labels_N], shares_NC


def _within(values_R, nominal, atol=0.0):
  """Whether a mean over independent draws is nominal but for chance."""
  error = values_R.std(ddof=1) / np.sqrt(len(values_R))
  return abs(values_R.mean() - nominal) <= 3.5 * error + atol


def test_scores_by_hand():
  p_NC = np.array([[.5, .3, .2], [.25, .5, .25], [.4, .6, np.nan]])
  np.testing.assert_allclose(
      conformal.nonconformity(p_NC, 'lac'),
      [[.5, .7, .8], [.75, .5, .75], [.6, .4, np.nan]])
  np.testing.assert_allclose(
      conformal.nonconformity(p_NC, 'aps'),
      [[.5, .8, 1], [1, .5, 1], [1, .6, np.nan]])
  np.testing.assert_allclose(
      conformal.nonconformity(p_NC, 'aps_random', [.1, .5, 0]),
      [[.05, .53, .82], [.75, .25, .75], [.6, 0, np.nan]])
  with pytest.raises(ValueError, match='raps'):
    conformal.nonconformity(p_NC, 'raps')
  with pytest.raises(ValueError, match='uniform_N'):
    conformal.nonconformity(p_NC, 'aps_random')


def test_the_quantile_by_hand():
  scores_NC = np.array([[.1], [.4], [.2], [.3], [.9]])
  all_RN = np.ones((1, 5), bool)
  ones_NC = np.ones((5, 1))
  # ⌈6 · .5⌉ = 3rd, ⌈6 · .8⌉ = 5th, ⌈6 · .9⌉ = 6th of 5.
  for coverage, expected in ((.5, .3), (.8, .9), (.9, np.inf)):
    assert conformal.thresholds(
        scores_NC, ones_NC, all_RN, coverage) == [expected]
  # Only the calibration items count: ⌈3 · .5⌉ = 2nd of .1 and .4.
  assert conformal.thresholds(
      scores_NC, ones_NC, np.array([[1, 1, 0, 0, 0]], bool), .5) == [.4]


def test_shares_by_hand():
  scores_NC = np.array([[.1, .5], [.2, .8], [.3, np.nan]])
  shares_NC = np.array([[.75, .25], [.5, .5], [1, np.nan]])
  # Covered at .1, .2, .3, .5, .8: .75, 1.25, 2.25, 2.5, 3.
  for coverage, expected in ((.5, .3), (.6, .5), (.75, .8), (.8, np.inf)):
    assert conformal.thresholds(
        scores_NC, shares_NC, np.ones((1, 3), bool), coverage) == [expected]


@pytest.mark.parametrize('score', conformal.SCORES)
@pytest.mark.parametrize('labels', ['answers', 'people'])
def test_coverage_is_nominal_on_exchangeable_splits(score, labels):
  covered_R = np.empty(N_SPLITS)
  for r in range(N_SPLITS):
    p_NC, answer_NC, shares_NC = _simulated(r, n=60)
    rng = np.random.default_rng(10_000 + r)
    scores_NC = conformal.nonconformity(p_NC, score, rng.uniform(size=60))
    weights_NC = answer_NC if labels == 'answers' else shares_NC
    calibration_N = conformal.split_items(60, 1, rng)
    q = conformal.thresholds(scores_NC, weights_NC, calibration_N, .9)[0]
    test_N = ~calibration_N[0]
    covered_R[r] = ((scores_NC <= q) * weights_NC)[test_N].sum(1).mean()
  # One label: exactly ⌈31 · .9⌉ / 31 where scores do not tie (scores of APS
  # tie at 1, and then cover more). Shares: at least .9, at most 1/31 more.
  nominal = 28 / 31 if labels == 'answers' else .9 + .5 / 31
  if score == 'aps':
    error = covered_R.std(ddof=1) / np.sqrt(N_SPLITS)
    assert covered_R.mean() >= .9 - 3.5 * error
  else:
    assert _within(covered_R, nominal, 0 if labels == 'answers' else .5 / 31)


def test_random_aps_is_smaller_than_plain_and_covers_alike():
  p_NC, answer_NC, _ = _simulated(0, n=4000)
  rng = np.random.default_rng(0)
  calibration_RN = conformal.split_items(4000, 1, rng)
  sizes = {}
  for score in conformal.SCORES:
    scores_NC = conformal.nonconformity(p_NC, score, rng.uniform(size=4000))
    q = conformal.thresholds(scores_NC, answer_NC, calibration_RN, .9)[0]
    inside_NC = (scores_NC <= q)[~calibration_RN[0]]
    sizes[score] = inside_NC.sum(1).mean()
  # LAC has the smallest sets of all (Sadinle et al. 2019, theorem 1).
  assert sizes['lac'] <= sizes['aps_random'] < sizes['aps']


def test_sets_agree_with_p_values():
  """An independent way: a choice is in if the calibration scores at least as
  high, itself among them, are more than α of all."""
  for seed in range(200):
    p_NC, answer_NC, _ = _simulated(seed, n=40)
    rng = np.random.default_rng(seed)
    coverage = rng.uniform(.5, .99)
    calibration_RN = conformal.split_items(40, 1, rng)
    for score in conformal.SCORES:
      scores_NC = conformal.nonconformity(p_NC, score, rng.uniform(size=40))
      q = conformal.thresholds(
          scores_NC, answer_NC, calibration_RN, coverage)[0]
      reference = [scores_NC[i, np.argmax(answer_NC[i])]
                   for i in range(40) if calibration_RN[0, i]]
      for i in np.flatnonzero(~calibration_RN[0]):
        for c in range(4):
          above = sum(r >= scores_NC[i, c] for r in reference)
          p_value = (above + 1) / (len(reference) + 1)
          assert (scores_NC[i, c] <= q) == (p_value > 1 - coverage)


@pytest.mark.parity
@pytest.mark.peers
def test_sets_agree_with_crepes():
  import crepes

  for seed in range(200):
    p_NC, answer_NC, _ = _simulated(seed, n=60)
    rng = np.random.default_rng(seed)
    calibration_RN = conformal.split_items(60, 1, rng)
    used_N = calibration_RN[0]
    labels_N = answer_NC.argmax(1)
    for score in conformal.SCORES:
      scores_NC = conformal.nonconformity(p_NC, score, rng.uniform(size=60))
      of_label_N = scores_NC[np.arange(60), labels_N]
      plain = crepes.ConformalClassifier().fit(of_label_N[used_N])
      q = conformal.thresholds(scores_NC, answer_NC, calibration_RN, .85)[0]
      np.testing.assert_array_equal(
          scores_NC[~used_N] <= q, plain.predict_set(
              scores_NC[~used_N], confidence=.85, smoothing=False))
      # Class by class (Mondrian).
      by_class = crepes.ConformalClassifier().fit(
          of_label_N[used_N], bins=labels_N[used_N])
      for c in range(4):
        only_NC = np.where(np.arange(4) == c, answer_NC, 0)
        q = conformal.thresholds(scores_NC, only_NC, calibration_RN, .85)[0]
        theirs_N1 = by_class.predict_set(
            scores_NC[~used_N][:, c:c + 1], bins=np.full((~used_N).sum(), c),
            confidence=.85, smoothing=False)
        np.testing.assert_array_equal(
            scores_NC[~used_N][:, c:c + 1] <= q, theirs_N1)


def test_answering_by_hand():
  confidence_N = np.array([.9, .8, .8, .7, .6])
  loss_N = np.array([0, 0, 1, 0, 1.])
  all_RN = np.ones((1, 5), bool)
  # (lost + 1) / 6 is 1/6 at .9, 2/6 at .8 and .7, 3/6 at .6.
  for risk, expected in ((.1, np.inf), (.2, .9), (.4, .7), (.5, .6)):
    assert conformal.answer_thresholds(
        confidence_N, loss_N, all_RN, risk) == [expected]
  # Of five, 60 % and no fewer: the ⌈6 · .6⌉ = 4th highest.
  assert conformal.coverage_thresholds(confidence_N, all_RN, .6) == [.7]
  assert conformal.coverage_thresholds(confidence_N, all_RN, .9) == [-np.inf]


def test_risk_is_controlled_on_exchangeable_splits():
  risks_R, answered_R = np.empty(N_SPLITS), np.empty(N_SPLITS)
  for r in range(N_SPLITS):
    p_NC, answer_NC, _ = _simulated(r, n=100)
    rng = np.random.default_rng(r)
    confidence_N = p_NC.max(1)
    loss_N = 1 - answer_NC[np.arange(100), p_NC.argmax(1)]
    calibration_RN = conformal.split_items(100, 1, rng)
    test_N = ~calibration_RN[0]
    at = conformal.answer_thresholds(
        confidence_N, loss_N, calibration_RN, .1)[0]
    risks_R[r] = (loss_N * (confidence_N >= at))[test_N].mean()
    at = conformal.coverage_thresholds(
        confidence_N, calibration_RN, .8)[0]
    answered_R[r] = (confidence_N >= at)[test_N].mean()
  # At most .1, at least 2 / (n + 1) less (Angelopoulos et al. 2024).
  error = risks_R.std(ddof=1) / np.sqrt(N_SPLITS)
  assert .1 - 2 / 51 - 3.5 * error <= risks_R.mean() <= .1 + 3.5 * error
  assert _within(answered_R, 41 / 51)


def test_splits_are_halves():
  calibration_RN = conformal.split_items(7, 50, np.random.default_rng(0))
  np.testing.assert_array_equal(calibration_RN.sum(1), 3)
  assert len(np.unique(calibration_RN, axis=0)) > 10


def test_choices_that_an_item_lacks_are_in_no_set():
  p_NC = np.array([[.6, .4, np.nan], [.2, .3, .5]])
  for score in conformal.SCORES:
    scores_NC = conformal.nonconformity(p_NC, score, np.zeros(2))
    np.testing.assert_array_equal(
        scores_NC <= np.inf, [[1, 1, 0], [1, 1, 1]])
