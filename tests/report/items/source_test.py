"""Which results the item view takes, and which of their columns."""

import dataclasses

import pandas as pd
import pytest

from uncertainty import specs
from uncertainty.report.items import numbers, source
from uncertainty.types import UserError


def test_models_of_a_workdir_with_what_is_shown(workdir, spec):
  (dataset, models), = source.answered(workdir, spec).items()
  assert dataset == 'vader' and [m.model for m in models] == ['A', 'B']
  frame = models[1].read()
  assert len(frame) == 11 and frame['fr_answer'][0] == 'bad'
  assert 'mc_choice_entropy' in frame and 'verbal_confidence' in frame
  assert models[0].texts == {}


def test_nothing_is_found_where_nothing_is(tmp_path, spec):
  assert source.answered(tmp_path, spec) == {}


def test_a_damaged_table_is_named(workdir, spec):
  (workdir / 'results/vader/A.parquet').write_bytes(b'PAR1')
  models = source.answered(workdir, spec)['vader']
  with pytest.raises(UserError, match='A.parquet'):
    models[0].read()


@pytest.mark.parametrize(('name', 'taken'), [
    ('item_id', True), ('free_prompt', True), ('human_mood', True),
    ('verbal_phrase_before_confidence', True), ('verbal_text', True),
    ('fr_total_entropy', True), ('n_tokens', False),
    ('prompt_digest', False), ('run_id', False)])
def test_columns_that_are_shown(name, taken):
  assert list(source.shown([name])) == [name] * taken


def test_the_papers_files_come_with_the_models_measures(tmp_path):
  pd.DataFrame({
      'mc_total-ent': [1., 2.], 'mc_top-k-ent-5': [.5, .25],
      'human-ent': [.1, .2], 'Question': ['Who?', 'What?'],
      'model_type': 'base',
  }).to_parquet(tmp_path / 'coane_M.parquet')
  spec = dataclasses.replace(
      specs.StudySpec(), results_dir=str(tmp_path),
      analysis=specs.AnalysisSpec(results_format='published'))
  (model,) = source.answered(tmp_path, spec)['coane']
  frame = model.read()
  assert frame['mc_total_entropy'].tolist() == [1, 2]
  assert [c['name'] for c in numbers.of_model(frame, pd.DataFrame())] == [
      'mc_total_entropy', 'mc_top_k_entropy_5']


@pytest.mark.shared
def test_the_papers_files_are_read_as_they_are(shared, tmp_path):
  spec = dataclasses.replace(
      specs.StudySpec(), results_dir=str(shared / 'published' / 'protoqa'),
      analysis=specs.AnalysisSpec(results_format='published'))
  models = source.answered(tmp_path, spec)['protoqa']
  assert {m.model: len(m.read()) for m in models} == {
      'Llama_3.2_1B': 8724, 'Llama_3.2_1B_Ins': 8724}
