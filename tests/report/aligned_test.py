"""One number of alignment, with one interval."""

import pytest

from uncertainty.report import aligned


def _claim(**more):
  return {'claim': 'aligned', 'data': 'coane', 'model': 'A', 'estimate': .3,
          'measure': 'mc_choice_entropy', 'low': .05, 'high': .5,
          'n_items': 38, 'n_raters': 50.0, 'verdict': 'supported'} | more


def test_the_claims_estimate_comes_first(made, alignment_cells):
  found = aligned.of(
      made(alignment=alignment_cells, claims=[
          _claim(claim='calibrated', estimate=.9), _claim()]), 'coane', 'A')
  assert found == aligned.Alignment(
      'mc_choice_entropy', .3, .05, .5, 38, 'supported')


@pytest.mark.parametrize('claims', [
    [], [_claim(estimate=float('nan'))], [_claim(model='B')]])
def test_without_a_claim_it_is_the_tables_over_items(
    made, alignment_cells, claims):
  tables = made(alignment=alignment_cells, claims=claims)
  found = aligned.of(tables, 'coane', 'A')
  assert (found.value, found.low) == (.3, .3 - .2)
  assert found.verdict == ''
  assert aligned.of(tables, 'coane', 'A') is found  # found once


def test_without_either_there_is_none(made, alignment_cells):
  assert aligned.of(made(alignment=alignment_cells), 'coane', 'C') is None
  assert aligned.of(made(), 'coane', 'A') is None
