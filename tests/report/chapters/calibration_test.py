"""The calibration chapter: what confidence is, over models, by its map."""

import json
import re

import numpy as np
import pandas as pd

from uncertainty.report.chapters import calibration, instruct


def _page(chapter):
  return '\n'.join(map(str, chapter.blocks))


def test_lead_is_of_the_confidence_in_a_choice(made, spec, calibration_cells):
  page = _page(calibration.chapter(made(calibration=calibration_cells), spec))
  assert ('With the letter mass of the choice, AUROC against the right answer: '
          '0.75 in the median of 2 models; smooth calibration error against '
          'the right answer: 0.25 in the median of 2 models' in page)


def test_one_model_is_given_with_its_interval(made, spec, calibration_cells):
  one = calibration_cells[calibration_cells['model'] == 'A']
  page = _page(calibration.chapter(made(calibration=one), spec))
  assert 'A has 0.70 [0.45, 0.75]' in page
  assert 'A has 0.20 [-0.05, 0.25]' in page


def test_answers_as_texts_are_probabilities_over_the_choices(
    made, spec, calibration_cells):
  manifest = {'config': {'prompt': {'answer': 'text'}}}
  page = _page(calibration.chapter(
      made(manifest, calibration=calibration_cells), spec))
  assert 'With the probability over the choices of the choice' in page
  assert 'letter mass' not in page


def test_the_papers_map_is_first(calibration_cells):
  assert calibration.first_map(calibration_cells[2:]) == 'paper'
  assert calibration.first_map(calibration_cells[2:4]) == 'platt'


def test_every_metric_keeps_its_picture(made, spec, calibration_cells):
  tables = made(calibration=calibration_cells)
  calibration.chapter(tables, spec)
  tables.write_files()
  assert sorted(p.name for p in tables.figures().iterdir()) == [
      f'{name}.{suffix}' for name in (
          'auroc_coane_mc_none_correct', 'ece_smooth_coane_mc_paper_correct',
          'ece_smooth_coane_mc_platt_correct')
      for suffix in ('csv', 'pdf', 'png', 'svg')]


def test_reliability_has_a_panel_a_model_with_bins_and_intervals(
    made, spec, calibration_cells):
  bins = pd.DataFrame({
      'model': ['A', 'A', 'A', 'B'], 'dataset': 'coane',
      'measure': 'mc_choice_logprob', 'confidence_map': 'paper',
      'binning': 'width', 'correctness': 'correct',
      'confidence': [.2, .8, np.nan, .5], 'accuracy': [.3, .6, .5, .5],
      'count': [10, 30, 0, 7], 'ci_low': [.1, .5, 0, .2],
      'ci_high': [.5, .7, 1, .9]})
  page = _page(calibration.chapter(
      made(calibration=calibration_cells, reliability=bins), spec))
  found = re.search(r'data-plot.*?json">(.*?)</script>', page)
  assert found
  plot = json.loads(found.group(1))
  first, second = plot['panels']
  assert first['title'] == 'A (n = 40)' and second['model'] == 'B'
  assert first['series'][0] == {
      'x': [.2, .8], 'y': [.3, .6], 'line': True, 'low': [.1, .5],
      'high': [.5, .7], 'n': [10, 30], 'sized': True}
  assert 'its line an interval' in page


def test_labels_of_calibration_errors_say_their_norm():
  labels = {name: label for name, (label, *_) in calibration.METRICS.items()
            if name.startswith('ece_')}
  assert labels
  for name, label in labels.items():
    assert ('L1' in label) != ('L2' in label), name
    assert not name.endswith('_l2') or 'L2' in label
  assert 'squared' in instruct.OUTCOMES['calibration_error']
  # The number of bins is a setting.
  assert not any('15' in label for label in labels.values())
