"""Truth is what large simulated studies find."""

import dataclasses

import numpy as np
import pytest
import scipy.spatial
import scipy.stats

from uncertainty.results import derived
from uncertainty.worlds import generator, truth

_LARGE = generator.World(
    n_items=20_000, families=(1, 1), alignment=generator.Effects(0.4),
    gap=generator.Effects(0.1))


def test_truth_is_what_a_large_study_finds():
  study = generator.simulate(_LARGE, seed=5)
  known = truth.of_models(_LARGE, study.models)
  for m, frame in enumerate(study.frames.values()):
    entropy, correct = frame['mc_choice_entropy'], frame['correct']
    found = scipy.stats.spearmanr(entropy, frame['human_entropy']).statistic
    assert found == pytest.approx(known.rho_M[m], abs=0.02)
    gap = np.exp(frame['mc_choice_logprob']) - correct
    assert gap.mean() == pytest.approx(known.gap_M[m], abs=0.015)
    right, wrong = entropy[correct == 1], entropy[correct == 0]
    auroc = scipy.stats.mannwhitneyu(wrong, right).statistic / (
        len(right) * len(wrong))
    assert auroc == pytest.approx(known.auroc_M[m], abs=0.02)
    assert correct.mean() == pytest.approx(known.accuracy_M[m], abs=0.015)
    sorted_right = correct.to_numpy()[np.argsort(entropy.to_numpy())]
    fifths = sorted_right[:4000].mean() - sorted_right[-4000:].mean()
    assert fifths == pytest.approx(known.fifths_M[m], abs=0.03)


def test_tuning_effects_are_zero_without_tuning_and_the_mean_with():
  null = generator.World(
      alignment=generator.Effects(0.3, 0.1, tuning_family=0.1))
  found = truth.tuning_effects(null)
  assert found['alignment'] == pytest.approx(0, abs=0.003)
  assert found[derived.SQUARED_ERROR] == 0
  assert found['accuracy'] == pytest.approx(0, abs=0.003)
  effect = dataclasses.replace(null, gap=generator.Effects(0.1, tuning=0.05))
  found = truth.tuning_effects(effect)
  assert found[derived.SQUARED_ERROR] == pytest.approx(0.15 ** 2 - 0.1 ** 2)
  assert found['accuracy'] == pytest.approx(-0.05, abs=0.003)


def test_rho_is_odd_monotone_and_lower_with_fewer_raters():
  a = np.linspace(-.9, .9, 7)
  many = truth.rho(a, generator.World())
  np.testing.assert_allclose(many, -many[::-1], atol=1e-12)
  assert (np.diff(many) > 0).all()
  few = truth.rho(a, generator.World(n_raters=5))
  assert (np.abs(few) <= np.abs(many)).all() and few[-1] < many[-1]


def test_a_model_that_is_right_as_often_as_it_says_has_no_gap():
  """Confidence that informs nothing ranks nothing."""
  models = generator.Models(
      ('M',), np.zeros(1, int), np.ones(1), np.zeros(1, bool), np.zeros(1),
      np.array([.3]), np.zeros(1))
  found = truth.of_models(generator.World(), models)
  assert found.gap_M[0] == pytest.approx(0, abs=1e-12)
  assert found.rho_M[0] == pytest.approx(0, abs=1e-12)
  assert found.auroc_M[0] > .6 and found.fifths_M[0] > .3
  blind = truth.of_models(generator.World(informative=0.), models)
  assert blind.auroc_M[0] == pytest.approx(.5)
  assert blind.fifths_M[0] == pytest.approx(0, abs=1e-12)
  assert blind.accuracy_M[0] == pytest.approx(.6)


def test_a_gap_in_a_fifth_of_the_items_is_as_large_in_all():
  world = dataclasses.replace(_LARGE, gap_share=.2)
  study = generator.simulate(world, seed=1, all_measures=False)
  found = truth.of_models(world, study.models)
  np.testing.assert_allclose(found.gap_M, .1, atol=1e-4)
  for m, frame in enumerate(study.frames.values()):
    sd = np.sqrt(.25 / world.n_items)
    assert frame['correct'].mean() == pytest.approx(
        found.accuracy_M[m], abs=4 * sd)
    assert found.accuracy_M[m] == pytest.approx(
        truth.of_models(_LARGE, study.models).accuracy_M[m]
        + .1 * (1 - np.sqrt(.2)), abs=1e-3)


def test_ties_are_shared_between_both_sides():
  world = dataclasses.replace(_LARGE, tied=.5)
  study = generator.simulate(world, seed=1, all_measures=False)
  found = truth.of_models(world, study.models)
  for m, frame in enumerate(study.frames.values()):
    entropy, correct = frame['mc_choice_entropy'], frame['correct']
    assert entropy.value_counts().max() == pytest.approx(10_000, abs=300)
    right, wrong = entropy[correct == 1], entropy[correct == 0]
    auroc = scipy.stats.mannwhitneyu(wrong, right).statistic / (
        len(right) * len(wrong))
    assert auroc == pytest.approx(found.auroc_M[m], abs=0.02)
    assert correct.mean() == pytest.approx(found.accuracy_M[m], abs=0.015)


def test_own_tunings_change_what_a_large_study_sees_change():
  world = dataclasses.replace(
      _LARGE, families=(1,), seeds=3, alignment=generator.Effects(
          0.2, tuning=0.3), boldness=generator.Effects(0.3),
      gap=generator.Effects(0.02, tuning=0.15))
  known = truth.tuning_effects(world) | truth.seen_by_people(world)
  base, *tuned = generator.simulate(world, seed=6).frames.values()

  def change(value):
    return np.mean([value(frame) for frame in tuned]) - value(base)

  def divergence(frame):  # in bits; scipy gives its root, in nats
    return np.mean(scipy.spatial.distance.jensenshannon(
        np.stack(list(frame['human_shares'])),
        np.exp(np.stack(list(frame['choice_logprobs']))), axis=1)
        ** 2) / np.log(2)

  assert known[derived.DIVERGENCE] == pytest.approx(
      change(divergence), abs=0.004)
  agreement = change(lambda frame: frame['agrees'].mean())
  accuracy = change(lambda frame: frame['correct'].mean())
  assert known['agreement'] == pytest.approx(agreement, abs=0.01)
  assert known['accuracy'] == pytest.approx(accuracy, abs=0.01)
  assert max(agreement, accuracy) < -0.08
  assert known[derived.SQUARED_ERROR] == pytest.approx(0.17 ** 2 - 0.02 ** 2)
  assert known['alignment'] > 0.2
