"""The chapter on probes of doubt: curves of every probe, and its claims."""

import pandas as pd
import pytest

from uncertainty.report.chapters import doubt


@pytest.fixture
def probes():
  return pd.DataFrame({
      'model': 'A', 'dataset': 'coane', 'protocol': 'doubt',
      'site': ['residual@second_last'] * 2 + ['residual@before_generating'] * 2,
      'probe': ['sep', 'sep', 'p_ik', 'p_ik'], 'target': 'x',
      'layer': [0, 1] * 2, 'auroc': [.5, .7, .6, .8], 'ci_low': .4,
      'ci_high': .9, 'n': 120})


def _page(made, spec, **tables):
  return '\n'.join(map(str, doubt.chapter(made(**tables), spec).blocks))


def test_each_probe_and_position_is_a_panel(made, spec, probes):
  page = _page(made, spec, doubt_probes=probes)
  assert 'semantic entropy (SEP), second last' in page
  assert 'P(IK), before generating' in page


def test_claims_are_shown_with_their_question(made, spec, probes):
  claims = pd.DataFrame({
      'claim': ['doubt_in_domain', 'aligned'], 'data': 'coane',
      'model': ['A: sep at residual', 'A'],
      'question': ['New items?', 'Other?'],
      'estimate': .7, 'low': .6, 'high': .8, 'p_corrected': .01,
      'n_items': 80, 'verdict': 'supported'})
  page = _page(made, spec, doubt_probes=probes, claims=claims)
  assert 'New items?' in page and 'A: sep at residual' in page
  assert 'Other?' not in page and '0.70 [0.60, 0.80]' in page


def test_without_probes_there_is_no_chapter(made, spec):
  assert doubt.chapter(made(), spec) is None
