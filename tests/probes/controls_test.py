"""Controls: nulls that hold their level, features, ceilings, leakage."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from uncertainty import human
from uncertainty.probes import controls
from uncertainty.probes.fits import folds, least_squares


def test_permutation_p_by_hand():
  null = np.array([[0.1, 0.2, 0.3], [0.0, 0.5, 0.1]])
  alone, corrected = controls.permutation_p(np.array([0.25, 0.6]), null)
  np.testing.assert_allclose(alone, [2 / 4, 1 / 4])
  # Largest over layers: 0.1, 0.5, 0.3.
  np.testing.assert_allclose(corrected, [3 / 4, 1 / 4])
  # A permutation that is as good counts.
  alone, corrected = controls.permutation_p(np.array([0.2, 0.5]), null)
  np.testing.assert_allclose(alone, [3 / 4, 2 / 4])
  np.testing.assert_allclose(corrected, [3 / 4, 2 / 4])


def test_noise_gives_uniform_p_values_and_the_correction_holds_its_level():
  # 200 studies of pure noise at once: studies are targets, 5 layers, 19
  # permutations each.
  generator = np.random.default_rng(0)
  acts = generator.normal(size=(40, 5, 3))
  acts[:, 1] = acts[:, 0] + 0.1 * acts[:, 1]  # layers resemble each other
  targets = generator.normal(size=(40, 200))
  null = controls.permutations(targets, 19, generator)
  found = least_squares.cross_validate(
      acts, np.concatenate([targets, null], axis=1), folds.k_fold(40, 5))
  r2_LT = found.r2.mean(1)
  null_LTR = r2_LT[:, 200:].reshape(5, 200, 19)
  alone, corrected = zip(*(
      controls.permutation_p(r2_LT[:, t], null_LTR[:, t])
      for t in range(200)))
  # Of 20 equally likely ranks: a chi-squared test of uniformity.
  counts = np.bincount(
      np.rint(np.array(alone)[:, 2] * 20).astype(int), minlength=21)[1:]
  assert stats.chisquare(counts).pvalue > 0.01
  smallest = np.array(corrected).min(1)
  for level in (0.05, 0.2):
    wrong = int((smallest <= level + 1e-9).sum())
    assert stats.binomtest(wrong, 200, level, 'greater').pvalue > 0.01
  # Without the correction the best of five layers fails the same test.
  uncorrected = int((np.array(alone).min(1) <= 0.2 + 1e-9).sum())
  assert stats.binomtest(uncorrected, 200, 0.2, 'greater').pvalue < 0.01


def test_increments_of_noise_hold_their_level():
  # Half of each target is read off a baseline column, the rest is noise.
  generator = np.random.default_rng(0)
  base, acts = np.split(generator.normal(size=(40, 5)), [2], axis=1)
  targets = base[:, :1] + generator.normal(size=(40, 200))
  null = np.concatenate([controls.residual_permutations(
      target, base, 19, generator) for target in targets.T], axis=1)
  every = np.concatenate([targets, null], axis=1)
  split = folds.k_fold(40, 5)
  alone, joint = (least_squares.cross_validate(x[:, None], every, split).r2
                  for x in (base, np.c_[base, acts]))
  added = (joint - alone)[0].mean(0)
  p = [controls.permutation_p(
      added[[t]], added[None, 200 + 19 * t:219 + 19 * t])[0][0]
      for t in range(200)]
  counts = np.bincount(np.rint(np.array(p) * 20).astype(int), minlength=21)
  assert stats.chisquare(counts[1:]).pvalue > 0.01


def test_residual_permutations_keep_what_the_baseline_tells():
  base = np.array([0.0, 0.0, 1.0, 1.0])
  target = np.array([1.0, 3.0, 10.0, 14.0])  # group means 2 and 12
  null = controls.residual_permutations(
      target, base[:, None], 8, np.random.default_rng(0))
  residual = null - np.array([2.0, 2.0, 12.0, 12.0])[:, None]
  np.testing.assert_allclose(
      np.sort(residual, axis=0), np.tile([[-2.0], [-1], [1], [2]], 8))
  assert len({tuple(c) for c in residual.T.round(6)}) > 1


def test_selectivity_is_over_the_mean_of_control_draws():
  found = controls.selectivity(
      np.array([[.5, .2]]), np.array([[.1, .3, .0, .1]]))
  np.testing.assert_allclose(found['r2_control_task'], [[.2, .05]])
  np.testing.assert_allclose(found['selectivity'], [[.3, .15]])
  np.testing.assert_allclose(  # linear between .1 and .3, 0 and .1
      found['r2_control_task_95'], [[.29, .095]])
  assert (found['n_control_draws'] == 2).all()
  three = controls.selectivity(np.array([[.5]]), np.array([[.1, .3, .2]]))
  np.testing.assert_array_equal(three['n_control_draws'], [[3]])
  draws = controls.control_draws(
      list('aabbcc'), np.arange(6.0)[:, None], np.random.default_rng(0), 0, 5)
  assert draws.shape == (6, 5)
  assert (draws[::2] == draws[1::2]).all()
  assert len({tuple(c) for c in draws.T}) > 1
  np.testing.assert_array_equal(draws[:, 0], controls.control_targets(
      list('aabbcc'), np.arange(6.0)[:, None], np.random.default_rng(0))[:, 0])


def test_permutations_keep_each_targets_values_and_their_dependence():
  targets = np.stack([np.arange(6.0), 10 * np.arange(6.0)], axis=1)
  null = controls.permutations(targets, 4, np.random.default_rng(0))
  assert null.shape == (6, 8)
  none = controls.permutations(targets, 0, np.random.default_rng(0))
  assert none.shape == (6, 0)
  np.testing.assert_array_equal(np.sort(null[:, 3]), np.arange(6.0))
  np.testing.assert_array_equal(null[:, 4:], 10 * null[:, :4])


def test_baseline_features_are_finite_and_not_constant():
  frame = pd.DataFrame({
      'n_tokens': [3, 4, 5], 'n_choices': [4, 4, 4],
      'question': ['the cat', 'the dog', 'the cow'],
      'choices': [['a', 'b']] * 3, 'answer_text': ['the', 'dog', 'zebra'],
      'human_mc_prop_correct': [0.2, 0.5, 1.0],
      'mc_choice_log_mass': [np.nan] * 3,
      'mc_choice_entropy': [0.1, np.nan, 0.5],
      'mc_choice_logprob': [-np.inf, -1.0, -2.0]})
  features = controls.baseline_features(frame)
  assert list(features) == [
      'prompt_length', 'answer_log_frequency', 'difficulty',
      'mc_choice_entropy', 'mc_choice_logprob']
  np.testing.assert_array_equal(features['prompt_length'], [3, 4, 5])
  np.testing.assert_allclose(features['difficulty'], [.8, .5, 0])
  np.testing.assert_allclose(
      features['answer_log_frequency'], np.log1p([3, 1, 0]))
  np.testing.assert_allclose(features['mc_choice_entropy'], [.1, .3, .5])
  np.testing.assert_allclose(features['mc_choice_logprob'], [-2, -1, -2])


def test_an_answer_without_words_is_one_that_never_occurs():
  features = controls.baseline_features(pd.DataFrame({
      'question': ['the cat', 'the dog'], 'answer_text': ['?!', 'the']}))
  np.testing.assert_allclose(
      features['answer_log_frequency'], [0, np.log1p(2)])


def test_control_task_gives_each_type_one_value():
  targets = np.arange(6.0)[:, None]
  found = controls.control_targets(
      list('aabbcc'), targets, np.random.default_rng(0))[:, 0]
  assert (found[::2] == found[1::2]).all()
  assert controls.first_words(['Which is it?', '', 'WHO?']) == [
      'which', '', 'who']


def test_leakage_counts_duplicates_across_folds():
  frame = pd.DataFrame({'question': ['A b?', 'a  B', 'c', 'd', 'e', 'f']})
  groups = controls.duplicate_groups(frame)
  apart = folds.from_splits(
      [(np.array([1, 2, 3]), np.array([0, 4, 5])),
       (np.array([0, 4, 5]), np.array([1, 2, 3]))], 6)
  assert controls.leakage(groups, apart) == {
      'n_items': 6, 'n_duplicates': 2, 'leaked_share': 2 / 6}
  together = folds.group_k_fold(groups, 3)
  assert controls.leakage(groups, together)['leaked_share'] == 0


def test_noise_ceiling_rises_with_the_number_of_people():
  generator = np.random.default_rng(0)
  shares = list(generator.dirichlet(np.ones(4), 60))
  few, many = (controls.noise_ceiling(
      shares, np.full(60, n), human.entropy, np.random.default_rng(1), 50)
      for n in (10, 1000))
  assert few < many
  assert many == pytest.approx(1, abs=0.02)


def test_random_directions_find_a_signal_only_where_it_fills_the_space():
  generator = np.random.default_rng(0)
  acts = generator.normal(size=(60, 2, 3))
  acts[:, 1] = acts[:, 1, :1]  # every direction reads the same number
  found = controls.random_directions(
      acts, acts[:, 1, :1], folds.k_fold(60, 5), generator)
  assert found[0, 0] < 0.1
  assert found[1, 0] == pytest.approx(1)


def test_folds_are_grouped_only_where_a_question_repeats():
  unique = pd.DataFrame({'question': [f'q{i}' for i in range(8)]})
  found = controls.question_folds(unique, 4)
  assert found.groups is None and found.leakage['n_duplicates'] == 0
  np.testing.assert_array_equal(
      found.folds.test_FB, folds.k_fold(8, 4).test_FB)
  twice = pd.DataFrame({'question': [f'q{i // 2}' for i in range(8)]})
  found = controls.question_folds(twice, 4)
  assert found.groups == ['q0', 'q0', 'q1', 'q1', 'q2', 'q2', 'q3', 'q3']
  assert found.leakage['n_duplicates'] == 8
  assert controls.leakage(found.groups, found.folds)['leaked_share'] == 0


def test_the_noise_ceiling_of_certain_or_equal_items():
  certain = [np.array([1.0, 0.0]), np.array([0.5, 0.5])]
  found = controls.noise_ceiling(
      certain, np.array([10 ** 6] * 2), lambda s: (s / s.sum()).max(),
      np.random.default_rng(0), 20)
  assert found == pytest.approx(1, abs=1e-3)
  # No variance over items, and noise beyond it: nothing can be known.
  same = [np.array([.5, .5])] * 3
  for statistic in (lambda s: 1.0, lambda s: s[0]):
    assert controls.noise_ceiling(
        same, np.full(3, 4), statistic, np.random.default_rng(0), 9) == 0
  # Shares .5 and .3 of 4 people: variances .01 over items, more in noise.
  assert controls.noise_ceiling(
      [np.array([.5, .5]), np.array([.3, .7])], np.full(2, 4),
      lambda s: s[0] / s.sum(), np.random.default_rng(0), 99) == 0


def test_the_noise_ceiling_by_hand():
  # Shares .9 and .1 of 100 people: .16 over items, .0009 of noise each.
  found = controls.noise_ceiling(
      [np.array([.9, .1]), np.array([.1, .9])], np.full(2, 100),
      lambda s: s[0] / s.sum(), np.random.default_rng(0), 20_000)
  assert found == pytest.approx(1 - .0009 / .16, abs=3e-4)


def test_a_constant_layer_tells_nothing_in_any_direction():
  generator = np.random.default_rng(0)
  targets = generator.normal(size=(40, 2))
  found = controls.random_directions(
      np.ones((40, 1, 3)), targets, folds.k_fold(40, 5), generator)
  assert found.shape == (1, 2)
  assert ((found > -.5) & (found <= 0)).all()
