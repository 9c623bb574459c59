"""A study in a notebook, on results of made-up models."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

import uncertainty
from uncertainty import config_files
from uncertainty.errors import UserError
from uncertainty.results import shards


@pytest.fixture
def scored(tmp_path):
  """A workdir with one model's results on 30 items."""
  rng = np.random.default_rng(0)
  shares = rng.dirichlet(np.ones(3), 30)
  logits = np.log(shares) + rng.normal(0, 1, shares.shape)
  logits -= np.log(np.exp(logits).sum(1, keepdims=True))
  answer = rng.integers(3, size=30).astype(float)
  shards.write_table(pd.DataFrame({
      'item_id': [f'i{n}' for n in range(30)],
      'question': [f'Which is {n}?' for n in range(30)],
      'choices': [['a', 'b', 'c']] * 30, 'answer': answer,
      'human_shares': list(shares), 'human_count': 20.0,
      'human_entropy': -(shares * np.log(shares)).sum(1) / np.log(3),
      'prediction': logits.argmax(1).astype(float),
      'correct': (logits.argmax(1) == answer).astype(float),
      'choice_logprobs': list(logits),
      'mc_choice_entropy':
          -(np.exp(logits) * logits).sum(1) / np.log(3),
      'mc_choice_logprob': logits.max(1),
      'model': 'm', 'dataset': 'toy', 'kind': 'base',
      'answer_format': 'letters'}),
      tmp_path / 'scored' / 'results' / 'toy' / 'm.parquet')
  return tmp_path / 'scored'


def test_a_run_has_its_tables_results_and_page(scored, tmp_path):
  config = config_files.load('table:quicktest')
  study = uncertainty.run(
      config, tmp_path / 'run', ('analyze', 'report'),
      results_dir=str(scored), **{'analysis.n_bootstrap': 20})
  assert study.spec.analysis.n_bootstrap == 20
  assert config.analysis.n_bootstrap == 50 and config.results_dir is None
  assert {'alignment', 'calibration'} <= set(study.tables)
  assert len(study.tables) == len(list(study.tables))
  pd.testing.assert_frame_equal(
      study.tables['alignment'],
      pd.read_parquet(tmp_path / 'run' / 'analysis' / 'alignment.parquet'))
  assert 'nosuch' not in study.tables
  with pytest.raises(KeyError, match=r"no table 'nosuch'.*alignment"):
    study.tables['nosuch']
  assert len(study.results['toy', 'm']) == 30
  assert str(study.page) == str(tmp_path / 'run' / 'report' / 'index.html')
  frame = study.page._repr_html_()
  assert frame.startswith('<iframe srcdoc="&lt;!')
  assert frame.count('"') == 8  # the page's own quotes are escaped
  with pytest.raises(dataclasses.FrozenInstanceError):
    study.workdir = tmp_path


def test_without_a_workdir_each_question_has_its_own(
    scored, tmp_path, monkeypatch):
  monkeypatch.chdir(tmp_path)

  def workdir(**overrides):
    return uncertainty.run('table:quicktest', stages=(),
                           results_dir=str(scored), **overrides).workdir

  first = workdir()
  assert first.parts[0] == 'runs' and first.name.startswith('table-')
  assert workdir() == first
  assert workdir(**{'analysis.n_bootstrap': 9}) == first
  assert workdir(seed=1) != first


@pytest.mark.parametrize('config,overrides,message', [
    ('tabel', {}, 'did you mean --config=table'),
    ('table', {'data.limt': 3}, 'did you mean data.limit'),
    ('table', {'data.limit': 'ten'}, 'expected int or None'),
    ('table', {'seed.x': 1}, 'seed is a value'),
    ({'data': {'name': 'vader', 'limit': 0}}, {}, 'must be a number from 1 to'),
])
def test_a_mistake_is_a_user_error(config, overrides, message, tmp_path):
  with pytest.raises(UserError, match=message):
    uncertainty.run(config, tmp_path, **overrides)


@pytest.mark.parametrize('call, message', [
    (lambda: uncertainty.run(3), "config is 3, of type int; expected a name"),
    (lambda: uncertainty.run(None), 'of type NoneType; expected a name'),
    (lambda: uncertainty.run('table', 3), 'workdir is 3, of type int'),
    (lambda: uncertainty.compare(3, 'x'), 'to compare is 3, of type int'),
    (lambda: uncertainty.load(3), 'model.source is 3, of type int; expected a'),
])
def test_another_type_is_a_user_error(call, message):
  with pytest.raises(UserError, match=message):
    call()


def test_what_has_not_run_is_named(tmp_path):
  study = uncertainty.run('table', tmp_path, stages=())
  assert not study.tables
  with pytest.raises(KeyError, match='run the stage analyze'):
    study.tables['alignment']
  with pytest.raises(UserError, match=r"stages=\('report',\)"):
    study.page  # noqa: B018
  with pytest.raises(UserError, match='no results'):
    study.results  # noqa: B018
