"""The stage `steer` on a tiny model: rows, resume, digests, verify."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from launch import tiny_checkpoint
from uncertainty import study
from uncertainty.errors import UserError
from uncertainty.inference import TASKS
from uncertainty.results import columns
from uncertainty.results import steering_columns as cols
from uncertainty.specs import (
  AnalysisSpec,
  DataSpec,
  ModelSpec,
  ProbeSpec,
  PromptSpec,
  ScoreSpec,
  SteerSpec,
  StudySpec,
)

_N = 12
_STEER = SteerSpec(directions='people_entropy,model_entropy', doses='-1,2',
                   n_controls=1, layers='0')


@pytest.fixture(scope='module')
def place(tmp_path_factory):
  """A scored run of a tiny model, with activations."""
  place = tmp_path_factory.mktemp('steer')
  tiny_checkpoint.write(place / 'tiny')
  pd.DataFrame({
      'item_id': [f'q{k}' for k in range(_N)],
      'question': [f'Which is {k}, {7 * k}?' for k in range(_N)],
      'choices': 'sky|blood|grass', 'answer': ['sky', 'blood', 'grass'] * 4,
      'human_counts': [f'{1 + k}|4|{2 + k % 5}' for k in range(_N)],
  }).to_csv(place / 'table.csv', index=False)
  study.run(_spec(place), place / 'run', ('score',))
  return place


def _spec(place, how=_STEER):
  return StudySpec(
      model=ModelSpec(source=str(place / 'tiny')),
      data=DataSpec(name='table', path=str(place / 'table.csv')),
      prompt=PromptSpec(answer='letters', style='completion', few_shot=False),
      score=ScoreSpec(batch_tokens=512, row_tokens=0, top_k=3),
      probe=ProbeSpec(n_folds=3, sites='residual'), steer=how,
      analysis=AnalysisSpec(n_bootstrap=20))


def _run(place, how=_STEER, stages=('steer',)):
  study.run(_spec(place, how), place / 'run', stages)
  return pd.read_parquet(place / 'run' / 'steered' / 'table' / 'tiny.parquet')


@pytest.fixture
def asked(monkeypatch):
  """Ids that a run asked, steered or not."""
  found, task = [], TASKS['letters']

  def run(model, items, spec, *, seed, done=frozenset()):
    for chunk in task(model, items, spec, seed=seed, done=done):
      found.extend(chunk.item_ids)
      yield chunk

  monkeypatch.setitem(TASKS, 'letters', run)
  return found


def test_every_item_is_steered_once_in_every_way(place):
  table = _run(place)
  assert set(table[cols.ALONG]) == {
      'people_entropy', 'model_entropy', 'shuffled-1', 'random-1'}
  for _, rows in table.groupby([cols.ALONG, cols.HOW, cols.DOSE],
                               dropna=False):
    assert sorted(rows[columns.ITEM_ID]) == sorted(f'q{k}' for k in range(_N))
    assert set(rows[cols.FOLD]) == {0, 1}
  assert set(table[cols.DOSE].dropna()) == {-1, 2}
  assert (table[cols.DOSE].isna() == (table[cols.HOW] == cols.REMOVED)).all()
  plain = pd.read_parquet(
      place / 'run' / 'results' / 'table' / 'tiny.parquet')
  before = plain.set_index('item_id')[columns.CHOICE_ENTROPY]
  moved = table[columns.CHOICE_ENTROPY] - table['item_id'].map(before)
  assert (abs(moved) > 1e-6).mean() > .9
  assert not set(table[columns.SETTINGS_DIGEST]) & set(
      plain[columns.SETTINGS_DIGEST])
  assert table[columns.SETTINGS_DIGEST].nunique() == 4 * 3 * 2


def test_a_second_start_asks_nothing_and_a_new_dose_only_its_rows(
    place, asked):
  first = _run(place)
  asked.clear()
  pd.testing.assert_frame_equal(_run(place), first)
  assert not asked
  more = _run(place, dataclasses.replace(_STEER, doses='-1,2,3'))
  assert len(asked) == 4 * _N
  assert set(more[cols.DOSE].dropna()) == {-1, 2, 3}


def test_what_is_lost_is_asked_again(place, asked):
  first = _run(place)
  folder = (place / 'run' / 'shards' / 'table' / 'tiny' / 'steered'
            / 'random-1_2_fold-0' / 'letters')
  lost = list(folder.glob('*.parquet'))
  n = sum(len(pd.read_parquet(path)) for path in lost)
  for path in lost:
    path.unlink()
  asked.clear()
  again = _run(place)
  assert len(asked) == n > 0
  keys = [cols.ALONG, cols.HOW, cols.DOSE, columns.ITEM_ID]
  np.testing.assert_allclose(
      again.sort_values(keys)[columns.CHOICE_ENTROPY],
      first.sort_values(keys)[columns.CHOICE_ENTROPY])


def test_another_layer_is_another_steering(place, asked):
  first = _run(place)
  asked.clear()
  other = _run(place, dataclasses.replace(_STEER, layers='1'))
  assert len(asked) == len(other)
  assert not set(other[columns.SETTINGS_DIGEST]) & set(
      first[columns.SETTINGS_DIGEST])


def test_verify_names_a_steered_number_that_was_changed(place, capsys):
  table = _run(place)
  study.run(_spec(place), place / 'run', ('verify',))
  assert 'verified' in capsys.readouterr().out
  path = place / 'run' / 'steered' / 'table' / 'tiny.parquet'
  table.loc[3, columns.CHOICE_ENTROPY] += .1
  table.to_parquet(path)
  with pytest.raises(UserError, match='stages=steer'):
    study.run(_spec(place), place / 'run', ('verify',))
  said = capsys.readouterr().out
  assert repr(table.loc[3, 'item_id']) in said
  assert columns.CHOICE_ENTROPY in said


@pytest.mark.parametrize('forge, named', [
    (lambda t: t.assign(item_id=t['item_id'].replace('q1', 'ghost')),
     "item 'ghost' in"),
    (lambda t: t.assign(**{cols.DOSE: t[cols.DOSE] * 7}),
     'is steered as the run did not'),
    (lambda t: t.drop(columns=cols.DOSE), 'has no column steer'),
    (lambda t: t.drop(columns='item_id'), 'has no column item_id')])
def test_verify_names_steered_rows_that_were_invented(
    place, capsys, forge, named):
  forged = forge(_run(place))
  forged.to_parquet(place / 'run' / 'steered' / 'table' / 'tiny.parquet')
  capsys.readouterr()
  with pytest.raises(UserError, match='stages=steer'):
    study.run(_spec(place), place / 'run', ('verify',))
  assert named in capsys.readouterr().out


def test_a_direction_of_what_was_never_asked_is_refused(place):
  with pytest.raises(UserError, match='add verbal'):
    _run(place, dataclasses.replace(_STEER, directions='stated_doubt'))


def test_a_start_that_cannot_steer_claims_nothing(place, tmp_path):
  with pytest.raises(UserError, match='run --stages=score first'):
    study.run(_spec(place), tmp_path / 'none', ('probe', 'steer'))
  assert not (tmp_path / 'none' / 'manifest.json').exists()


@pytest.mark.parametrize('stages', [('check',), ('score', 'steer')])
def test_what_cannot_be_steered_is_said_before_anything_is_asked(
    place, tmp_path, stages):
  with pytest.raises(UserError, match='config.steer.doses'):
    study.run(_spec(place, dataclasses.replace(_STEER, doses='1,nan')),
              tmp_path / 'none', stages)
  assert not (tmp_path / 'none').exists()


def test_without_directions_the_stage_does_nothing(place, tmp_path):
  study.run(_spec(place, SteerSpec()), tmp_path / 'none', ('steer',))
  assert not (tmp_path / 'none' / 'steered').exists()
