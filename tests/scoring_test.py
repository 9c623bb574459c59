"""Models are loaded once for studies that share one; what is done stays."""

import pytest

from launch import tiny_checkpoint
from uncertainty import plan, scoring
from uncertainty.results import shards
from uncertainty.specs import DataSpec, ModelSpec, PromptSpec, StudySpec

_TABLE = 'question,choices,answer\nOne?,a|b,A\nTwo?,c|d,B\n'


@pytest.fixture
def planned(tmp_path):
  tiny_checkpoint.write(tmp_path / 'tiny')
  tiny_checkpoint.write(tmp_path / 'other', seed=1)
  (tmp_path / 'items.csv').write_text(_TABLE)
  return plan.make(StudySpec(
      model=ModelSpec(source=f'{tmp_path}/tiny,{tmp_path}/other'),
      data=DataSpec(name='table', path=str(tmp_path / 'items.csv')),
      prompt=PromptSpec(answer='letters', style='completion')),
      tmp_path / 'run')


def test_the_last_model_is_kept_and_no_other(planned):
  one, two = planned.each_model()
  first = scoring.load_model(planned.spec.model, one)
  assert scoring.load_model(planned.spec.model, one) is first
  assert scoring.load_model(planned.spec.model, two) is not first
  assert scoring.load_model(planned.spec.model, one) is not first


def test_what_is_in_shards_is_not_asked_again(planned, tmp_path, monkeypatch):
  workdir = tmp_path / 'run'
  workdir.mkdir()
  scoring.run(planned, workdir, None, workdir / 'progress.jsonl')
  tables = sorted((workdir / 'results' / 'table').glob('*.parquet'))
  assert [path.stem for path in tables] == ['other', 'tiny']
  before = [path.read_bytes() for path in tables]
  assert len(shards.ShardStore(
      workdir / 'shards' / 'table' / 'tiny' / 'letters').read()) == 2
  monkeypatch.setattr(scoring, 'load_model', None)
  scoring.run(planned, workdir, None, workdir / 'progress.jsonl')
  assert [path.read_bytes() for path in tables] == before
