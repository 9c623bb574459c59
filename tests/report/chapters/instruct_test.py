"""Instruction tuning: differences, and one pair is no claim."""

import numpy as np
import pandas as pd
import pytest

from uncertainty.report.chapters import instruct


@pytest.fixture
def effects():
  return pd.DataFrame({
      'dataset': 'coane', 'variant': '', 'outcome': 'auroc',
      'measure': ['mc_choice_entropy', 'mc_total_entropy', 'mc_varentropy'],
      'n_pairs': 8, 'mean_difference': [-.1, .2, .01], 'ci_low': -.3,
      'ci_high': .3, 'rank_biserial': .1, 'p_value': .01,
      'p_holm': [.01, np.nan, np.nan], 'p_bh': [.9, .02, .5]})


def _page(made, spec, effects):
  return '\n'.join(instruct.chapter(made(effects=effects), spec).blocks)


def test_what_can_be_told_is_left_to_the_claims(made, spec, effects):
  page = _page(made, spec, effects)
  assert 'is among the claims' in page and 'One pair only' not in page
  assert 'median' not in page


def test_one_pair_says_nothing_of_tuning(made, spec, effects):
  page = _page(made, spec, effects.assign(n_pairs=1))
  assert 'One pair only' in page
