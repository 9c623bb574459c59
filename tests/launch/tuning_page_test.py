"""The page of a study of tunings, on a simulated one."""

import json

import pytest

from launch import tuning_page
from uncertainty import specs
from uncertainty.analysis.claims import table, tuned
from uncertainty.analysis.scores import people, stack
from uncertainty.worlds import generator

SPEC = specs.StudySpec(analysis=specs.AnalysisSpec(n_bootstrap=50))


@pytest.fixture
def study(tmp_path):
  """A folder whose one model aligns better once it is tuned."""
  frames = generator.simulate(generator.World(
      n_items=300, families=(1,), seeds=3, alignment=generator.Effects(
          0.1, tuning=0.8)), seed=0, all_measures=False).frames
  place = tmp_path / 'm' / 'all' / 'analysis'
  place.mkdir(parents=True)
  tuned.tuned_table(stack.stack_results(people.estimated(
      frames, SPEC)), SPEC).to_parquet(place / 'tuned.parquet')
  table.claims(frames, SPEC, only={'tuned'}).to_parquet(
      place / 'claims.parquet')
  (tmp_path / 'm' / 'manifest.json').write_text(
      json.dumps({'starts': [{'code': {'commit': '0123456789'}},
                             {'code': None}]}))
  return tmp_path


def test_every_outcome_is_a_row_with_what_the_claim_says(study, capsys):
  tuning_page.main([str(study), '--machine=a lathe'])
  text = capsys.readouterr().out
  lines = [line for line in text.splitlines() if line.startswith('| tuned')]
  assert [line.split(' | ')[1] for line in lines] == list(tuned.OUTCOMES)
  assert lines[0].endswith('| 300 | 3 | rises |')
  assert float(lines[0].split(' | ')[4].split(' ')[0]) > 0.5
  assert lines[3].endswith('| cannot tell |')
  assert 'Made on a lathe.' in text and 'Code: 01234567, no checkout.' in text
  assert '## Famaa_1B, asked world' in text


def test_what_all_recipes_share_is_said_once():
  own, shared = tuning_page.told_apart(
      ['human (shuffle=True, steps=9)', 'human (steps=9)', 'hard (steps=9)'])
  assert shared == ['steps=9']
  assert list(own.values()) == ['human (shuffle=True)', 'human', 'hard']


def test_a_study_that_did_not_end_has_no_page(tmp_path):
  with pytest.raises(SystemExit, match='come to its end'):
    tuning_page.main([str(tmp_path), '--machine=none'])
