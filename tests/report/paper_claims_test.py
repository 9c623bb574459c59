"""The paper's claims beside the study's verdicts."""

import pathlib

import pandas as pd
import pytest

from uncertainty.analysis import claims
from uncertainty.report import paper_claims, tables

_KNOWN = {c.id for c in claims.CLAIMS}


def _tables(**made):
  return tables.AnalysisTables(pathlib.Path(), made, {})


def test_verdicts_are_counted_and_sentences_about_many_shown():
  found = paper_claims.section(_tables(claims=pd.DataFrame(
      [('aligned', 'coane', 'A', 'supported', 'A is.'),
       ('aligned', 'coane', 'B', 'cannot tell', 'B?'),
       ('joint_presence', 'coane', '', 'cannot tell', 'Who knows.'),
       ('instruct_accuracy', 'coane', '', 'too little data', 'Too few.')],
      columns=['claim', 'data', 'model', 'verdict', 'sentence'])))
  text = '\n'.join(found)
  assert 'coane, `aligned`: of 2 models 1 supported, 1 cannot tell.' in text
  assert '- Now: coane: Who knows.' in text
  assert '- Now: coane: Too few.' in text and 'A is.' not in text
  assert len(found) == 2 + len(paper_claims.PAPER_CLAIMS)


def test_without_claims_there_is_no_section():
  cells = pd.DataFrame({'figure': ['a']})
  assert paper_claims.section(_tables(cells=cells)) == []


@pytest.mark.parametrize('claim', paper_claims.PAPER_CLAIMS)
def test_every_claim_named_is_one_of_the_study(claim):
  assert set(claim.claims) <= _KNOWN
