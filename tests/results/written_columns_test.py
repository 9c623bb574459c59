"""What small runs of every task write is what the tables of columns say."""

import importlib.util
import pathlib

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from uncertainty import data, plan, scoring, study
from uncertainty.results import columns, outcomes, page, published
from uncertainty.specs import (
  AnalysisSpec,
  DataSpec,
  FreeSpec,
  ModelSpec,
  ProbeSpec,
  PromptSpec,
  ScoreSpec,
  StudySpec,
)
from uncertainty.types import Item

_TINY = pathlib.Path(__file__).parents[1] / 'inference' / 'tiny_model.py'
_ITEMS = [
    Item(f'q{i}', f'Which is {i}?', ('sky', 'blood', 'grass'), answer=i % 3,
         answer_text=('sky', 'blood', 'grass')[i % 3], group='colours',
         human_shares=(0.1 * (i % 7), 0.8 - 0.1 * (i % 7), 0.2),
         human_count=20,
         human={'human_mc_rt_combined': 1000.0 + i, 'human_mood': float(i)})
    for i in range(24)]


def _spec(answer: str, sites: str = '', n_orders: int = 1) -> StudySpec:
  return StudySpec(
      model=ModelSpec(source='tiny'),
      data=DataSpec(name='table', limit=24 if sites else 7),
      prompt=PromptSpec(answer=answer, style='completion', few_shot=False,
                        n_orders=n_orders),
      score=ScoreSpec(row_tokens=0, top_k=3),
      free=FreeSpec(max_tokens=4, n_samples=2, judge='words', grader='model',
                    verbal='percent_after,phrase_before'),
      probe=ProbeSpec(sites=sites, n_folds=2, n_permutations=3),
      analysis=AnalysisSpec(n_bootstrap=10))


@pytest.fixture
def tiny(monkeypatch):
  """Makes `study` find a tiny model and these items."""
  spec = importlib.util.spec_from_file_location('tiny_model', _TINY)
  assert spec and spec.loader
  module = importlib.util.module_from_spec(spec)
  spec.loader.exec_module(module)
  model = module.make()
  monkeypatch.setattr(scoring, 'load_model', lambda *_: model)
  monkeypatch.setattr(
      plan, 'open_model', lambda *_, **__: module.opened(model))
  monkeypatch.setattr(data, 'source_files', lambda _: {})
  monkeypatch.setattr(data, 'load', lambda spec: _ITEMS[:spec.limit])
  return model


def _type(kind: pa.DataType) -> str:
  """As `Column.type` says it; '' where a column holds nothing."""
  if pa.types.is_list(kind) or pa.types.is_large_list(kind):
    return f'list of {_type(kind.value_type)}'
  for name, is_it in (('float', pa.types.is_floating),
                      ('int', pa.types.is_integer),
                      ('bool', pa.types.is_boolean),
                      ('', pa.types.is_null)):
    if is_it(kind):
      return name
  return 'string'


def _check(path: pathlib.Path, find) -> set[str]:
  """Every column has a description of its type; their names."""
  table = pq.read_schema(path)
  for name, kind in zip(table.names, table.types, strict=True):
    found = find(name)
    assert found, f'{path.name}: nothing describes {name!r}'
    if found is not columns.ANY_MEASURE and _type(kind):
      assert _type(kind) in found.type.split(' or '), f'{path.name}: {name}'
  return set(table.names)


def _check_values(path: pathlib.Path) -> None:
  """Every outcome and metric has its meaning."""
  frame = pd.read_parquet(path)
  for outcome in set(frame.get('outcome', ())):
    assert outcomes.meaning(outcome), f'{path.name}: {outcome}'
  assert set(frame.get('metric', ())) <= set(outcomes.METRICS), path.name


@pytest.mark.parametrize('answer, sites, n_orders, some', [
    ('letters,free,verbal,p_true,samples', '', 2,
     {'family', 'size', 'base', 'human_mood', 'free_n_tokens',
      'fr_correct_model', 'verbal_phrase_before_answer', 'semantic_variant',
      'order_agreement', 'order_choice_logprobs', 'p_true_mass'}),
    ('text', 'final_norm', 1, {'choice_logprobs_neutral', 'captured_tokens'}),
])
def test_every_written_column_is_described(
    tmp_path, tiny, answer, sites, n_orders, some):
  spec = _spec(answer, sites, n_orders)
  study.run(spec, tmp_path, ('score', 'probe', 'analyze'))
  path, = tmp_path.glob('results/*/*.parquet')
  assert some <= _check(path, columns.find)
  row = pd.read_parquet(path).iloc[0]
  assert (row['family'], row['base'], row['kind']) == ('llama', '', 'base')
  # 84 tokens of width 16; two layers of attention and a gated MLP; norms.
  vocabulary = 2 * tiny.config.vocab_size * 16
  layer = 16 * (16 + 8 + 8 + 16) + 3 * 16 * 32 + 2 * 16
  assert row['size'] == pytest.approx((vocabulary + 2 * layer + 16) / 1e9)
  analysed = sorted(tmp_path.glob('analysis/*.parquet'))
  assert len(analysed) > 20
  lacking = {}
  for path in analysed:
    assert path.stem in page.TABLES, f'nothing describes the table {path.stem}'
    names = _check(path, page.TABLES[path.stem].find)
    _check_values(path)
    # Whoever reads a table counts on all that describes it, rows or none.
    missing = page.TABLES[path.stem].missing(names)
    lacking |= {path.stem: missing} if missing else {}
  assert not lacking


def test_what_is_read_from_the_papers_files_is_described(tmp_path):
  pd.DataFrame({
      'mc_total-ent': [.1, .2], 'cloze_pred': ['B', 'A'], 'fr_correct?': 'Y',
      'mc_choice-pdf': [[-1., -2.]] * 2, 'Correct_Answer': ['B', 'B'],
      'Question': ['q1', 'q2'], 'Answers': [['x', 'y']] * 2,
      'Answer_Ratios': [[.1, .9], [.5, .5]], 'human-ent': [.5, 1.],
      'FR_Human_RT_DNA': np.nan, 'formatted_question_fr': 'q {',
      'model': 'M', 'model_type': 'base', 'model_size': 7.,
  }).to_parquet(tmp_path / 'coane_M.parquet')
  frame, = published.read(tmp_path).frames.values()
  assert {'fr_prompt', 'fr_grade', 'model_size'} <= set(frame)
  for name in frame:
    assert columns.find(name), name
