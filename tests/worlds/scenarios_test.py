"""Every claim has worlds in which it is true, false and undecided."""

import pytest

from uncertainty.analysis import claims
from uncertainty.worlds import scenarios


@pytest.mark.parametrize('claim', claims.CLAIMS, ids=lambda c: c.id)
def test_every_claim_has_a_null_an_effect_and_all_sentences(claim):
  known = scenarios.SCENARIOS[claim.id]
  assert known.nulls and len(known.effects) >= 3
  assert set(known.nulls + known.effects) <= set(scenarios.WORLDS)
  assert not set(known.nulls) & set(known.effects)
  assert set(claim.sentences) == set(claims.VERDICTS)


def test_claims_are_named_once():
  ids = [c.id for c in claims.CLAIMS]
  assert len(set(ids)) == len(ids) and set(ids) == set(scenarios.SCENARIOS)
