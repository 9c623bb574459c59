"""Steering: the sentence, the curves, the controls."""

import pandas as pd
import pytest

from uncertainty.report.chapters import steering


@pytest.fixture
def doses():
  rows = [(along, how, dose, outcome)
          for along in ('people_entropy', 'shuffled-1', 'random-1')
          for how, dose in (('added', -1.0), ('added', 1.0),
                            ('removed', float('nan')))
          for outcome in ('choice entropy', 'accuracy')]
  table = pd.DataFrame(rows, columns=[
      'steered_along', 'steered_how', 'steered_dose', 'outcome'])
  return table.assign(dataset='coane', model='tiny', value=.4, unsteered=.5,
                      difference=-.1, low=-.2, high=.0, n_items=120)


@pytest.fixture
def effects():
  return pd.DataFrame({
      'dataset': 'coane', 'model': 'tiny', 'steered_along': 'people_entropy',
      'outcome': ['choice entropy', 'accuracy'], 'estimate': [.03, -.01],
      'low': [.01, -.03], 'high': [.05, .01], 'p': [.001, .4],
      'p_corrected': [.002, .4], 'slope': [.04, -.01], 'control': [.01, .0],
      'control_low': -.01, 'control_high': .02, 'n_controls': 5,
      'n_items': 120, 'verdict': ['higher', 'cannot tell']})


def test_sentence_curves_effects_and_ablations_stand_there(
    made, spec, doses, effects):
  claims = pd.DataFrame({
      'claim': ['steered', 'steered', 'aligned'],
      'data': ['coane', 'coane', 'coane'],
      'model': ['tiny steered along people_entropy',
                'tiny-2 steered along people_entropy', 'tiny'],
      'sentence': ['It rises.', 'It falls.', 'Unsure.']})
  chapter = steering.chapter(
      made(steering=doses, steering_effects=effects, claims=claims), spec)
  page = '\n'.join(chapter.blocks)
  assert 'It rises.' in page
  assert 'It falls.' not in page and 'Unsure.' not in page
  assert 'data-plot' in page and 'random' in page
  assert 'reads people' in page and 'higher' not in page
  assert 'ablation' in page
  # An interval of one effect among many is not yet a finding.
  assert 'p, corrected' in page and '0.002' in page
  assert '0.010 [-0.010, 0.020]' in page  # the controls: least and largest
  assert '0.030 [0.010, 0.050]' in page


def test_without_effects_the_curves_remain(made, spec, doses, effects):
  chapter = steering.chapter(
      made(steering=doses, steering_effects=effects.iloc[:0]), spec)
  assert 'data-plot' in '\n'.join(chapter.blocks)


def test_a_study_without_steering_has_no_chapter(made, spec, doses):
  assert steering.chapter(made(), spec) is None
  assert steering.chapter(made(steering=doses.iloc[:0]), spec) is None
