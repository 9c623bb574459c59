"""Tuning: what moved is said, what did not is not."""

import pandas as pd
import pytest

from uncertainty.report.chapters import tuned


@pytest.fixture
def changes():
  return pd.DataFrame({
      'dataset': 'vader', 'tuned_from': 'tiny',
      'tuning_recipe': ['human on vader', 'human on vader', 'shuffled'],
      'outcome': ['alignment', 'accuracy', 'alignment'],
      'base_value': [.1, .3, .1], 'tuned_value': [.4, .2, .11],
      'difference': [.3, -.1, .01], 'low': [.2, -.2, -.1],
      'high': [.4, -.01, .12], 'p': [.001, .01, .9],
      'p_corrected': [.003, .02, .9], 'n_items': 75, 'n_seeds': [3, 3, 1],
      'verdict': ['higher', 'lower', 'cannot tell']})


def test_the_lead_says_what_moved(made, spec, changes):
  chapter = tuned.chapter(made(tuned=changes), spec)
  page = '\n'.join(chapter.blocks)
  assert ('human on vader: alignment up, accuracy down; shuffled: no change '
          'can be told.') in page
  assert chapter.title == 'Tuning' and 'data-plot' in page


def test_a_study_without_tunings_has_no_chapter(made, spec, changes):
  assert tuned.chapter(made(), spec) is None
  assert tuned.chapter(made(tuned=changes.iloc[:0]), spec) is None
