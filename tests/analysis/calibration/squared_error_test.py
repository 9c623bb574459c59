"""The debiased squared calibration error: its bias, interval and noise."""

import numpy as np
import pytest
import scipy.stats

from uncertainty.analysis.calibration import squared_error as squared


def test_calibration_intervals_cover_at_and_near_zero():
  rng = np.random.default_rng(2)
  cover = {0.0: [], 0.03: [], 0.15: []}
  for gap, found in cover.items():
    for _ in range(150):
      confidence = rng.uniform(0.3, 0.95, 300)
      correct = (rng.random(300) < confidence - gap).astype(float)
      error = squared.squared_error(
          confidence, correct, np.arange(300), 15)
      low, high = squared.interval(error, 0.95)
      found.append(low <= gap ** 2 <= high)
    assert 0.90 < np.mean(found) < 0.985, gap


def test_the_debiased_square_is_right_on_average_where_the_plug_in_is_not():
  rng = np.random.default_rng(3)
  debiased, plugged = [], []
  for _ in range(200):
    confidence = rng.uniform(0.3, 0.95, 100)
    correct = (rng.random(100) < confidence).astype(float)
    error = squared.squared_error(
        confidence, correct, np.arange(100), 15)
    debiased.append(error.estimate)
    plugged.append(error.square)
  assert np.mean(plugged) > 0.02  # a perfect model looks .14 off
  assert abs(np.mean(debiased)) < 3 * np.std(debiased) / np.sqrt(200)


def test_clusters_of_one_are_kumars_noise_to_rounding():
  rng = np.random.default_rng(4)
  levels = rng.choice([0.3, 0.6, 0.9], 300)  # bins of one confidence each
  correct = (rng.random(300) < levels).astype(float)
  error = squared.squared_error(
      levels, correct, np.arange(300), 3)
  noise = sum(
      np.mean(levels == c) * correct[levels == c].var(ddof=0)
      / (np.sum(levels == c) - 1) for c in (0.3, 0.6, 0.9))
  assert error.noise == pytest.approx(noise)


def test_the_threshold_is_not_crossed_by_clusters_alone():
  """Errors shared within few clusters: corrected claims must stay rare."""
  rng = np.random.default_rng(5)
  cluster = np.arange(424) // 8
  p = []
  for _ in range(500):
    latent = (np.sqrt(0.3) * rng.normal(size=(2, 53))[:, cluster]
              + np.sqrt(0.7) * rng.normal(size=(2, 424)))
    confidence, luck = scipy.stats.norm.cdf(latent)
    confidence = 0.27 + 0.71 * confidence
    error = squared.squared_error(
        confidence, (luck < confidence - 0.1).astype(float), cluster, 15)
    p.append(squared.two_sided_p(error, 0.1 ** 2))
  assert np.mean(np.array(p) < 0.05) < 0.06
  assert np.mean(np.array(p) < 0.005) < 0.008


@pytest.mark.parametrize(('n_wrong', 'gap'), [
    (84, np.sqrt(.01 * 5)), (28, np.sqrt(.01 * 15)), (420, .1)])
def test_the_threshold_holds_where_a_few_bins_have_all_the_error(n_wrong, gap):
  """Noise read off the gaps seen: .018 and .04 of 6 models were told apart."""
  rng = np.random.default_rng(8)
  n, cover, p = 420, [], []
  for _ in range(800):
    confidence = np.where(
        np.arange(n) < n_wrong, .6 + .01 * rng.random(n),
        .965 + .01 * rng.random(n))
    right = confidence - gap * (np.arange(n) < n_wrong)
    error = squared.squared_error(
        confidence, (rng.random(n) < right).astype(float), np.arange(n), 15)
    low, high = squared.interval(error, .95)
    cover.append(low <= .01 <= high)
    p.append(squared.two_sided_p(error, .01))
  # Binomial(800, ·): three standard errors.
  assert np.mean(cover) > .95 - 3 * np.sqrt(.95 * .05 / 800)
  for alpha in (.05, .05 / 6, .05 / 30):
    assert np.mean(np.array(p) < alpha) < alpha + 3 * np.sqrt(alpha / 800)


@pytest.mark.parametrize('n_clusters', [12, 40])
def test_far_from_zero_the_tails_are_students(n_clusters):
  """Gaps alike in all bins, clusters alike in size: a t test of the mean."""
  rng = np.random.default_rng(n_clusters)
  cluster = np.repeat(np.arange(n_clusters), 200)
  bins = np.tile([0.0, 0.1], len(cluster) // 2)
  gap = 0.5 + (0.04 * rng.normal(size=n_clusters))[cluster]
  error = squared.squared_error(bins + gap, bins, cluster, 1)
  root = 0.5 + 0.04 * 2.9 / np.sqrt(n_clusters)
  mean = gap[::200].mean()
  t = (mean - root) / (gap[::200].std(ddof=1) / np.sqrt(n_clusters))
  expected = scipy.stats.t.cdf(t, n_clusters - 1)
  assert squared.probability_below(error, root ** 2) == pytest.approx(
      expected, rel=0.1)


def test_equal_errors_differ_by_exactly_nothing():
  rng = np.random.default_rng(0)
  for n_bins in range(2, 16):
    confidence = rng.random(200)
    correct = (rng.random(200) < confidence).astype(float)
    one, same = (squared.squared_error(
        confidence, correct, np.arange(200), n_bins) for _ in range(2))
    assert squared.difference_variance(one, same, np.zeros(200), 200) == 0


def test_a_differences_variance_is_that_of_repeats():
  """Of two models that are .05 too bold; influences alone tell 1.5 times it."""
  rng = np.random.default_rng(0)
  n_items, n_repeats = 400, 800
  items = np.arange(n_items)
  difference, told, of_influences = [], [], []
  for _ in range(n_repeats):
    confidence = rng.uniform(.4, .9, (2, n_items))
    correct = (rng.random((2, n_items)) < confidence - .05).astype(float)
    first, second = (
        squared.squared_error(*model, items, 10)
        for model in zip(confidence, correct, strict=True))
    influence = first.influence_N - second.influence_N
    difference.append(first.estimate - second.estimate)
    told.append(squared.difference_variance(
        first, second, influence, n_items))
    of_influences.append((influence ** 2).sum() / n_items ** 2)
  square = (difference - np.mean(difference)) ** 2
  # What 800 repeats leave open of the variance, and of what is told of it.
  error = np.hypot(np.std(square), np.std(told)) / np.sqrt(n_repeats)
  assert np.mean(told) == pytest.approx(square.mean(), abs=4 * error)
  assert np.mean(of_influences) > square.mean() + 4 * error


@pytest.mark.parametrize('alpha', [.05, .005])
def test_the_least_error_above_is_told_with_its_power(alpha):
  def seen(rng, gap):
    confidence = rng.uniform(.4, .9, 400)
    correct = (rng.random(400) < confidence - gap).astype(float)
    return squared.squared_error(confidence, correct, np.arange(400), 15)

  rng = np.random.default_rng(0)
  least = np.sqrt(np.mean([squared.least_above(
      seen(rng, .1), .1 ** 2, alpha, .8) for _ in range(30)]))
  told = [squared.two_sided_p(error, .1 ** 2) < alpha
          for error in (seen(rng, least) for _ in range(400))]
  # Binomial(400, .8): .8 ± 3 standard errors, and what `least` varies by.
  assert .72 < np.mean(told) < .88


def test_a_model_that_is_hardly_ever_wrong_is_not_judged():
  """Bins of right answers alone show no noise: .21 were called too bold."""
  rng = np.random.default_rng(0)
  for n, accuracy, known in ((45, .965, False), (100, .975, False),
                             (600, .965, True)):
    confidence = rng.uniform(.8, .96, n)
    correct = (np.arange(n) >= (1 - accuracy) * n).astype(float)
    assert squared.determined(
        confidence, correct, np.arange(n), 15) == known
    assert squared.determined(
        1 - confidence, 1 - correct, np.arange(n), 15) == known
  assert not squared.determined(  # ten copies of four questions
      confidence[:40], np.tile([0., 1.], 20), np.arange(40) // 10, 1)


def test_p_is_below_alpha_where_the_interval_leaves_the_value_out():
  rng = np.random.default_rng(1)
  for gap in (0, .05, .1, .15):
    for _ in range(25):
      confidence = rng.uniform(.4, .9, 120)
      correct = (rng.random(120) < confidence - gap).astype(float)
      error = squared.squared_error(confidence, correct, np.arange(120), 15)
      low, high = squared.interval(error, .95)
      outside = not low <= .01 <= high
      assert (squared.two_sided_p(error, .01) < .05) == outside
      assert (squared.below_p(error, .01) < .05) == (high < .01)


def test_no_p_is_zero_and_small_ones_keep_their_digits():
  rng = np.random.default_rng(6)
  confidence = rng.uniform(.85, .99, 400)
  correct = (rng.random(400) < .4).astype(float)
  error = squared.squared_error(confidence, correct, np.arange(400), 15)
  steps = np.geomspace(.3, 1e-3, 60)
  p = np.array([squared.two_sided_p(error, theta) for theta in steps])
  assert (p > 0).all() and p[-1] < 1e-12
  falling = p[(p < .5) & (p > 1e-60)]
  assert (np.diff(falling) < 0).all()
  # No step where one way of taking the tail takes over from the other.
  jump = np.diff(np.log(p[p < .05]), 2)
  assert np.abs(jump).max() < 1
