"""Confidence maps by hand, and learned maps against scikit-learn."""

import numpy as np
import pytest
import sklearn.isotonic
import sklearn.linear_model
import statsmodels.api as sm

from uncertainty.analysis.calibration import confidence_maps
from uncertainty.measures import registry
from uncertainty.types import UserError


def _kind(name):
  measure = registry.MEASURES[name]
  return confidence_maps.paper_kind(name, measure.orientation, measure.range)


def test_every_kind_of_measure_gets_the_papers_formula():
  assert _kind('choice_logprob') == 'log_probability'
  assert _kind('top1_logprob') == 'log_probability'
  assert _kind('choice_entropy') == 'normalised'
  assert _kind('nucleus_entropy_0.5') == 'normalised'
  assert _kind('nucleus_size_0.9') == 'nucleus'
  assert _kind('perplexity') == 'perplexity'
  assert _kind('varentropy') is None
  assert confidence_maps.paper_kind('stated', -1, (0, 1)) == 'probability'
  # No log-probability: an uncertain one may not be high where it is uncertain.
  assert confidence_maps.paper_kind('odd', 1, (-np.inf, 0)) is None
  assert confidence_maps.paper_kind('odd', -1, (0, 2)) is None


@pytest.mark.parametrize(('kind', 'value', 'expected'), [
    ('log_probability', np.log(0.3), 0.3),
    ('normalised', 0.2, 0.8),
    ('probability', 0.2, 0.2),
    ('perplexity', 2.0, np.exp(-2.0)),
    ('nucleus', 3.0, 0.75),
])
def test_paper_confidence(kind, value, expected):
  found = confidence_maps.paper_confidence(
      np.array([value, np.nan]), confidence_maps.PaperMap(kind, largest=9.0))
  np.testing.assert_allclose(found, [expected, np.nan])


def test_nuclei_of_one_token_are_certain():
  found = confidence_maps.paper_confidence(
      np.array([1.0, np.nan]), confidence_maps.PaperMap('nucleus', largest=1.0))
  np.testing.assert_array_equal(found, [1.0, np.nan])


def test_confidence_beyond_its_ends_is_clipped():
  for kind, value, expected in (
      ('probability', -.1, 0), ('probability', 1.1, 1), ('normalised', 1.2, 0),
      ('nucleus', 11.0, 0)):
    found = confidence_maps.paper_confidence(
        np.array([value]), confidence_maps.PaperMap(kind, largest=9.0))
    assert found[0] == expected
  # Two tokens at most: two are not certain at all.
  np.testing.assert_array_equal(confidence_maps.paper_confidence(
      np.array([1.0, 2.0]), confidence_maps.PaperMap('nucleus', 2.0)), [1, 0])


@pytest.mark.parametrize('fit', [
    confidence_maps.crossfit_isotonic, confidence_maps.crossfit_platt])
def test_a_map_needs_three_items_of_the_other_folds(fit):
  certainty = np.array([[.1, .5, .3, .9, .7], [.1, .5, .3, .9, np.nan]])
  correct = np.array([[0., 1., 0., 1., 1.]] * 2)
  found = fit(certainty, correct, np.array([0, 0, 1, 1, 1]))
  # Fold 0 is fitted on three items of the first row, on two of the second;
  # fold 1 always on two.
  assert np.isfinite(found[0, :2]).all() and np.isnan(found[0, 2:]).all()
  assert np.isnan(found[1]).all()


def test_unequal_shapes_are_an_error():
  with pytest.raises(UserError, match='one row per measure'):
    confidence_maps.crossfit_isotonic(
        np.zeros((1, 4)), np.zeros((1, 3)), np.arange(4) % 2)


def test_unknown_map_is_an_error():
  with pytest.raises(UserError, match='log_probability'):
    confidence_maps.paper_confidence(
        np.zeros(2), confidence_maps.PaperMap('odd'))


def test_folds_are_even_repeatable_and_of_the_item():
  folds = confidence_maps.item_folds(23, 5, seed=1)
  assert sorted(np.bincount(folds)) == [4, 4, 5, 5, 5]
  np.testing.assert_array_equal(
      folds, confidence_maps.item_folds(23, 5, seed=1))
  assert sorted(confidence_maps.item_folds(4, 2)) == [0, 0, 1, 1]
  with pytest.raises(UserError, match='2 folds'):
    confidence_maps.item_folds(10, 1)


def test_folds_of_clusters_are_whole_and_of_near_equal_size():
  cluster = np.repeat(np.arange(20), np.random.default_rng(0).integers(
      1, 9, 20))
  folds = confidence_maps.item_folds(len(cluster), 4, groups_N=cluster)
  for c in range(20):
    assert len(set(folds[cluster == c])) == 1
  sizes = np.bincount(folds, minlength=4)
  assert np.ptp(sizes) <= 2
  assert not np.array_equal(folds, confidence_maps.item_folds(
      len(cluster), 4, seed=1, groups_N=cluster))
  with pytest.raises(UserError, match='20'):
    confidence_maps.item_folds(len(cluster), 21, groups_N=cluster)


def _graded(n_items=90):
  rng = np.random.default_rng(7)
  certainty = rng.normal(size=(4, n_items))
  certainty[1] = np.round(certainty[1])
  correct = (rng.random((4, n_items)) < 1 / (
      1 + np.exp(-certainty))).astype(float)
  certainty[2, 5:9] = np.nan
  correct[2, 20] = np.nan
  return certainty, correct, confidence_maps.item_folds(n_items, 5, seed=0)


def _each_fold(certainty, correct, folds):
  for m in range(len(certainty)):
    known = ~(np.isnan(certainty[m]) | np.isnan(correct[m]))
    for fold in range(5):
      yield m, known & (folds != fold), known & (folds == fold)


def test_isotonic_equals_scikit_learn_fold_by_fold():
  certainty, correct, folds = _graded()
  found = confidence_maps.crossfit_isotonic(certainty, correct, folds)
  for m, train, test in _each_fold(certainty, correct, folds):
    theirs = sklearn.isotonic.IsotonicRegression(out_of_bounds='clip')
    theirs.fit(certainty[m, train], correct[m, train])
    np.testing.assert_allclose(
        found[m, test], theirs.predict(certainty[m, test]), atol=1e-9)
  assert np.isnan(found[2, [5, 20]]).all()


def test_platt_equals_a_binomial_regression_on_smoothed_targets():
  certainty, correct, folds = _graded()
  found = confidence_maps.crossfit_platt(certainty, correct, folds)
  for m, train, test in _each_fold(certainty, correct, folds):
    y = correct[m, train]
    target = np.where(y == 1, (y.sum() + 1) / (y.sum() + 2),
                      1 / ((1 - y).sum() + 2))
    fit = sm.GLM(target, sm.add_constant(certainty[m, train]),
                 family=sm.families.Binomial()).fit()
    expected = fit.predict(sm.add_constant(
        certainty[m, test], has_constant='add'))
    np.testing.assert_allclose(found[m, test], expected, atol=1e-6)


def test_plain_platt_equals_scikit_learns_logistic_regression():
  certainty, correct, folds = _graded()
  found = confidence_maps.crossfit_platt(
      certainty[:2], correct[:2], folds, smooth_targets=False)
  for m, train, test in _each_fold(certainty[:2], correct[:2], folds):
    theirs = sklearn.linear_model.LogisticRegression(C=1e12, tol=1e-10)
    theirs.fit(certainty[m, train, None], correct[m, train])
    np.testing.assert_allclose(
        found[m, test], theirs.predict_proba(certainty[m, test, None])[:, 1],
        atol=1e-5)


def test_platts_folds_of_equal_counts_tie_in_any_company():
  rng = np.random.default_rng(2)
  # The first row has three values and the same counts in each fold; fits of
  # the second take another number of steps in each.
  folds = np.repeat(np.arange(4), 8)
  right = np.tile(rng.integers(0, 2, 8).astype(float), 4)
  values = np.tile(rng.integers(0, 3, 8) * .3 + .1, 4)
  certainty = np.stack([values, rng.normal(size=32)])
  correct = np.stack([right, (certainty[1] > .2).astype(float)])
  found = confidence_maps.crossfit_platt(certainty, correct, folds)
  assert len(np.unique(found[0])) == 3


@pytest.mark.parametrize('fit', [
    confidence_maps.crossfit_isotonic, confidence_maps.crossfit_platt])
def test_a_measures_unit_does_not_matter(fit):
  certainty, correct, folds = _graded()
  np.testing.assert_allclose(
      fit(1e-14 * certainty, correct, folds), fit(certainty, correct, folds),
      atol=1e-7)


@pytest.mark.parametrize('fit', [
    confidence_maps.crossfit_isotonic, confidence_maps.crossfit_platt])
def test_no_item_sees_its_own_grade(fit):
  certainty, correct, folds = _graded()
  found = fit(certainty, correct, folds)
  flipped = correct.copy()
  flipped[0, 0] = 1 - flipped[0, 0]
  again = fit(certainty, flipped, folds)
  same_fold = folds == folds[0]
  np.testing.assert_array_equal(found[0, same_fold], again[0, same_fold])
  assert np.any(found[0, ~same_fold] != again[0, ~same_fold])


@pytest.mark.parametrize('fit', [
    confidence_maps.crossfit_isotonic, confidence_maps.crossfit_platt])
def test_separated_constant_and_infinite_measures_stay_finite(fit):
  correct = np.tile([0.0, 1.0], (3, 10))
  certainty = np.stack([
      correct[0], np.full(20, 0.5),
      np.where(correct[0] == 1, -1.0, -np.inf)])
  found = fit(certainty, correct, confidence_maps.item_folds(20, 4))
  assert np.isfinite(found).all()
  assert found.min() >= 0 and found.max() <= 1
  assert found[0][correct[0] == 1].min() > found[0][correct[0] == 0].max()
  assert found[2][correct[0] == 1].min() > found[2][correct[0] == 0].max()
