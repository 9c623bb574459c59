"""`check` says what would run, and claims nothing."""

import dataclasses
import json

import pandas as pd
import pytest

from launch import tiny_checkpoint
from uncertainty import memory, study
from uncertainty.errors import UserError
from uncertainty.specs import (
  DataSpec,
  FreeSpec,
  ModelSpec,
  ProbeSpec,
  PromptSpec,
  StudySpec,
)


@pytest.fixture
def spec(tmp_path):
  """Six questions in two ways to a model of 60 000 weights."""
  tiny_checkpoint.write(tmp_path / 'tiny')
  pd.DataFrame({
      'question': [f'Which is {k}?' for k in range(6)],
      'choices': 'sky|blood|grass'}).to_csv(
          tmp_path / 'table.csv', index=False)
  return StudySpec(
      model=ModelSpec(source=str(tmp_path / 'tiny')),
      data=DataSpec(name='table', path=str(tmp_path / 'table.csv')),
      prompt=PromptSpec(answer='letters,free', style='completion',
                        few_shot=False),
      free=FreeSpec(max_tokens=5))


def test_it_prints_what_would_run_and_writes_nothing(spec, tmp_path, capsys):
  study.run(spec, tmp_path / 'run', ('check',))
  said = capsys.readouterr().out
  assert not (tmp_path / 'run').exists()
  for part in ('table, 6 items', 'letters, free', 'prompts: 12,',
               'answers: at most 30 tokens', 'memory: ', 'disk: ',
               'time: ', 'Which is 0?', 'tiny: base, fingerprint'):
    assert part in said, part


def _said(spec, tmp_path, capsys):
  study.run(spec, tmp_path / 'run', ('check',))
  return capsys.readouterr().out


def test_what_there_is_nothing_of_is_said_in_words(spec, tmp_path, capsys):
  said = _said(dataclasses.replace(
      spec, prompt=dataclasses.replace(spec.prompt, answer='letters')),
      tmp_path, capsys)
  for part in (f'workdir: {tmp_path / "run"}, in which a check changes nothing',
               'weights: less than 1 million', 'answers: the model writes none',
               'memory: less than 1 MiB', 'no activations are kept'):
    assert part in said, part
  kept = dataclasses.replace(spec, probe=ProbeSpec(sites='residual', n_folds=2))
  assert 'disk: less than 1 MiB of activations, and the tables' in _said(
      kept, tmp_path, capsys)


def test_columns_that_are_not_read_are_named_once(spec, tmp_path, capsys):
  assert 'columns that' not in _said(spec, tmp_path, capsys)
  path = tmp_path / 'table.csv'
  pd.read_csv(path).assign(notes='x', difficulty=3).to_csv(path, index=False)
  said = _said(spec, tmp_path, capsys)
  assert said.count('columns that no item is made of: notes, difficulty') == 1


@pytest.mark.parametrize('section, field, value, message', [
    ('probe', 'sites', 'residul', 'residul'),
    ('prompt', 'answer', 'leters', 'leters'),
    ('prompt', 'answer', 'letters,samples', 'n_samples'),
    ('prompt', 'answer', 'letters,verbal', 'verbal'),
    ('data', 'path', 'none.csv', 'no such file'),
    ('data', 'subset', 'maths', 'maths'),
    ('model', 'source', 'none/', 'none'),
])
def test_what_cannot_run_is_refused_before_anything_is_there(
    spec, tmp_path, section, field, value, message):
  spec = dataclasses.replace(
      spec, free=FreeSpec(n_samples=1, verbal='loud'))
  part = dataclasses.replace(getattr(spec, section), **{field: value})
  with pytest.raises(UserError, match=message):
    study.run(dataclasses.replace(spec, **{section: part}), tmp_path / 'run',
              ('score',))
  assert not (tmp_path / 'run').exists()


@pytest.mark.parametrize('stage', ['check', 'score'])
@pytest.mark.parametrize('answer', [
    'letters', 'numbers', 'text', 'statement', 'free', 'samples', 'p_true',
    'verbal', 'response'])
def test_questions_beyond_the_context_are_refused_and_nothing_claimed(
    spec, tmp_path, answer, stage):
  pd.DataFrame({
      'question': ['Which?', 'Which ' * 1000], 'choices': 'sky|blood',
      'response': 'sky'}).to_csv(tmp_path / 'table.csv', index=False)
  spec = dataclasses.replace(
      spec, prompt=dataclasses.replace(spec.prompt, answer=answer),
      free=dataclasses.replace(spec.free, n_samples=2, judge='words'))
  with pytest.raises(UserError, match='tokens.*(reads|can read)'):
    study.run(spec, tmp_path / 'run', (stage,))
  assert not (tmp_path / 'run').exists()


@pytest.mark.parametrize('answer', ['letters', 'text', 'free'])
def test_tokens_without_embeddings_are_refused(spec, tmp_path, answer):
  path = tmp_path / 'tiny' / 'tokenizer.json'
  content = json.loads(path.read_text())
  content['added_tokens'] += [content['added_tokens'][0] | {
      'id': 255 + n, 'content': f'{n}?'} for n in (3, 4, 5)]
  path.write_text(json.dumps(content))
  spec = dataclasses.replace(
      spec, prompt=dataclasses.replace(spec.prompt, answer=answer))
  with pytest.raises(UserError, match='has token 260, .* embeddings of 260'):
    study.run(spec, tmp_path / 'run', ('check',))


def test_too_few_items_for_the_folds_are_refused(spec, tmp_path):
  spec = dataclasses.replace(spec, probe=ProbeSpec(sites='residual', n_folds=7))
  with pytest.raises(UserError, match='6 items are too few.*n_folds=3'):
    study.run(spec, tmp_path / 'run', ('check',))


def test_a_model_beyond_the_memory_is_refused(spec, tmp_path, monkeypatch):
  monkeypatch.setattr(memory.os, 'sysconf', lambda _: 330)
  with pytest.raises(UserError, match='tiny takes .* GiB.*bfloat16'):
    study.run(spec, tmp_path / 'run', ('check',))
