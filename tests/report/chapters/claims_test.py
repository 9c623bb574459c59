"""The claims chapter says what the table says, and no more."""

import pandas as pd
import pytest

from uncertainty.report.chapters import claims


@pytest.fixture
def table():
  common = {'data': 'coane', 'low': .1, 'high': .3, 'n_items': 8724.0,
            'n_raters': float('nan'), 'n_models': 1, 'p_corrected': .02,
            'model': 'A → B'}
  return pd.DataFrame([
      {**common, 'verdict': 'cannot tell', 'sentence': 'It cannot be told.',
       'estimate': .05},
      {**common, 'verdict': 'supported', 'sentence': 'A follows people.',
       'estimate': .2},
      {**common, 'verdict': 'too little data', 'sentence': 'Six are needed.',
       'estimate': float('nan')}])


def test_sentences_are_those_of_the_table_supported_first(made, spec, table):
  page = '\n'.join(map(str, claims.chapter(made(claims=table), spec).blocks))
  assert '1 supported, 1 cannot tell, 1 too little data' in page
  assert page.index('A follows people.') < page.index('It cannot be told.')
  assert '0.20 [0.10, 0.30]' in page and '0.02' in page
  assert '<td>8724</td><td>–</td><td>1</td>' in page
  folded = page.index('Those with too little data')
  assert folded < page.index('Six are needed.')


def test_a_claim_is_its_models_for_the_filter(made, spec, table):
  table.loc[2, 'model'] = ''
  page = '\n'.join(map(str, claims.chapter(made(claims=table), spec).blocks))
  assert page.count('<tr data-model="A → B"><td>') == 2
  assert '<tr data-of-all><td>too little data' in page


def test_no_claims_is_no_chapter(made, spec):
  assert claims.chapter(made(), spec) is None
