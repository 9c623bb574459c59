"""The small version of docs/validity.md."""

import pytest

from uncertainty import specs
from uncertainty.worlds import scenarios, validity

_SPEC = specs.StudySpec(analysis=specs.AnalysisSpec(n_bootstrap=200))


@pytest.mark.parametrize('claims', [
    ['aligned'], ['calibrated'], ['calibration_difference'],
    ['sure_and_right', 'surest_fifth'], ['steered'],
    ['probe_beyond_output'], ['tuned'], ['stated_gap', 'overclaimed'],
    ['doubt_in_domain', 'doubt_out_of_domain', 'doubt_beyond_output']])
def test_claims_hold_their_level_in_a_few_worlds(claims):
  known = scenarios.SCENARIOS[claims[0]]
  scores = [score for name in (known.nulls[0], known.effects[-1])
            for seed in range(2)
            for score in validity.score_world(name, claims, _SPEC, seed)]
  table = validity.summary(scores)
  assert set(table['claim']) == set(claims)
  assert (table['false'] <= 0.5).all()
  assert (table['coverage'] > 0.85).all()
  assert (table.groupby('claim')['power'].max() > 0.02).all()


@pytest.mark.parametrize('claim', [
    'instruct_alignment', 'instruct_calibration', 'instruct_accuracy'])
def test_tuning_is_claimed_where_it_changes_models_and_not_where_it_does_not(
    claim):
  known = scenarios.SCENARIOS[claim]
  null, effect = (
      [validity.score_world(name, [claim], _SPEC, seed)[0]
       for seed in range(4)] for name in (known.nulls[0], known.effects[-1]))
  assert sum(s.any_false for s in null) == 0
  assert sum(s.covered for s in null + effect) >= 6
  assert sum(s.seen for s in effect) >= 1


def test_joint_presence_is_claimed_where_it_is_and_not_where_it_is_not():
  known = scenarios.SCENARIOS['joint_presence']
  null, close = (
      [validity.score_world(name, ['joint_presence'], _SPEC, seed)[0]
       for seed in range(4)] for name in (known.nulls[0], known.effects[-1]))
  assert sum(s.any_false for s in null) == 0
  assert sum(s.covered for s in null) >= 3
  assert sum(s.covered for s in close) >= 3
  assert sum(s.seen for s in close) >= 1


def test_truth_is_read_where_topics_share_it_and_not_where_they_do_not():
  table = validity.summary([
      validity.score_world(name, ['truth_readable'], _SPEC, number)[0]
      for name in ('truth of each topic alone, 5 topics',
                   'truth that topics share, much, 5 topics')
      for number in range(12)])
  assert (table['false'] <= .2).all()
  # 72 intervals a row: .88 lies 2.7 standard errors below .95.
  assert (table['coverage'] > .88).all()
  assert table['power'].max() > .1


@pytest.mark.parametrize(('false', 'covered', 'holds'), [
    (0.04, 0.95, True), (0.06, 0.95, True), (0.09, 0.95, False),
    (0.04, 0.88, False), (0.04, 1.0, False)])
def test_a_claim_holds_within_its_monte_carlo_error(false, covered, holds):
  scores = [
      validity.Score('aligned', 'no alignment', True, float(i < 400 * false),
                     float(i < 400 * covered), 0.0, 0.0) for i in range(400)]
  [row] = validity.summary(scores).to_dict('records')
  assert row['holds'] == holds
  assert ('**no**' in validity.markdown(validity.summary(scores))) != holds
