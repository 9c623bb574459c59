"""`verify` passes on an honest run and names what differs in another."""

import dataclasses
import json
import os
import shutil

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from launch import tiny_checkpoint
from uncertainty import study, verify
from uncertainty.errors import UserError
from uncertainty.results import manifest, outputs, shards
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


def _write_table(place, first='Which is 0?'):
  pd.DataFrame({
      'question': [first, *(f'Which is {k}?' for k in range(1, 6))],
      'choices': 'sky|blood|grass', 'answer': 'sky',
      'human_counts': '3|4|5'}).to_csv(place / 'table.csv', index=False)


def _spec(place):
  return StudySpec(
      model=ModelSpec(source=str(place / 'tiny')),
      data=DataSpec(name='table', path=str(place / 'table.csv')),
      prompt=PromptSpec(answer='letters,free', style='completion',
                        few_shot=False),
      score=ScoreSpec(batch_tokens=512, row_tokens=0, top_k=3),
      free=FreeSpec(max_tokens=3), probe=ProbeSpec(sites='residual', n_folds=2))


@pytest.fixture
def place(tmp_path):
  """A scored workdir."""
  tiny_checkpoint.write(tmp_path / 'tiny')
  _write_table(tmp_path)
  study.run(_spec(tmp_path), tmp_path / 'run', ('score',))
  return tmp_path


def _verify(place):
  study.run(_spec(place), place / 'run', ('verify',))


def _differences(place, capsys):
  capsys.readouterr()
  with pytest.raises(UserError, match='not what the run wrote'):
    _verify(place)
  return [line for line in capsys.readouterr().out.splitlines()
          if line.startswith('differs: ')]


def _flip(path):
  content, stat = bytearray(path.read_bytes()), path.stat()
  content[len(content) // 2] ^= 1
  path.write_bytes(content)
  os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def _raise(path, row, column='mc_choice_entropy'):
  """One number of one row, by someone who knows Parquet."""
  frame = pq.read_table(path).to_pandas()
  frame.loc[row, column] += 0.25
  shards.write_table(frame, path)
  return frame['item_id'][row]


def test_an_honest_run_passes_and_nothing_is_changed(place, capsys):
  def state():
    return {p: p.read_bytes() for p in (place / 'run').rglob('*')
            if p.is_file()}

  before = state()
  _verify(place)
  assert 'verified' in capsys.readouterr().out
  assert state() == before


def test_a_row_changed_in_the_results_is_named(place, capsys):
  item = _raise(next((place / 'run' / 'results').rglob('*.parquet')), 3)
  named = [line for line in _differences(place, capsys) if 'item' in line]
  assert len(named) == 1
  assert f"item '{item}'" in named[0] and 'mc_choice_entropy' in named[0]


def test_a_row_changed_in_a_shard_is_named_and_no_other(place, capsys):
  path = min((place / 'run' / 'shards').glob('*/*/letters/*.parquet'))
  item = _raise(path, 1)
  found = _differences(place, capsys)
  assert any(f'{path}: cannot be read' in line for line in found)
  named = [line for line in found if "item '" in line]
  # By the results, and perhaps by what it answers again.
  assert named and all(
      f"item '{item}' in" in line and line.endswith('mc_choice_entropy')
      for line in named)


def test_a_row_changed_in_shards_and_results_is_asked_again_and_named(
    place, capsys, monkeypatch):
  monkeypatch.setattr(verify, 'SAMPLE', 6)
  run = place / 'run'
  path = min((run / 'shards').glob('*/*/letters/*.parquet'))
  item = _raise(path, 0)
  # The forger also gives the shard the name that goes with its bytes.
  content = path.read_bytes()
  path.unlink()
  shards.ShardStore(path.parent).append(pq.read_table(pa.BufferReader(content)))
  table = next((run / 'results').rglob('*.parquet'))
  rows = pq.read_table(table).to_pandas()['item_id']
  _raise(table, int(np.flatnonzero(rows == item)[0]))
  found = _differences(place, capsys)
  assert any(f"item '{item}' in {path.parent}: mc_choice_entropy" in line
             for line in found)


@pytest.mark.parametrize('damage, named', [
    (lambda p: _flip(p / 'tiny' / 'model.safetensors'), 'the weights of'),
    (lambda p: (p / 'tiny' / 'chat_template.jinja').write_text('a'),
     'the chat template of'),
    (lambda p: _write_table(p, 'Who is it?'), 'the data file'),
    (lambda p: _flip(next((p / 'run' / 'shards').glob('*/*/free/*.parquet'))),
     '.parquet: cannot be read'),
    (lambda p: next((p / 'run' / 'shards').glob(
        '*/*/free/*.parquet')).unlink(), "item '0' is missing"),
    (lambda p: _flip(next((p / 'run' / 'activations').rglob('*.npy'))),
     'the activations'),
    (lambda p: next((p / 'run' / 'results').rglob('*.parquet')).unlink(),
     'is missing'),
])
def test_what_was_changed_is_named(place, capsys, damage, named):
  damage(place)
  assert any(named in line for line in _differences(place, capsys))


@pytest.mark.parametrize('place_of, named', [
    (('models', 'tiny', 'identity'), 'the fingerprint of'),
    (('data', 'table', 'digest'), 'the items of table are not those'),
    (('data', 'table'), 'the items of table are not those'),
    (('data',), 'the items of table are not those')])
def test_what_a_strangers_manifest_lacks_is_no_traceback(
    place, capsys, place_of, named):
  run = place / 'run'
  content = manifest.read(run)
  if place_of[0] == 'models':
    content['models']['tiny']['fingerprint'] = 'another'
  *way, last = place_of
  at = content
  for name in way:
    at = at[name]
  del at[last]
  manifest.write(run, content)
  assert any(named in line for line in _differences(place, capsys))


def _list_all(run):
  """What someone does who wants all to be as the manifest has it."""
  manifest.update(run, outputs={
      name: outputs.digest_of(path)
      for name, path in outputs.standing(run).items()})


def _resealed(change):
  def act(place):
    run = place / 'run'
    change(next((run / 'results').rglob('*.parquet')))
    _list_all(run)
  return act


def _column(name, value):
  return lambda path: shards.write_table(
      pd.read_parquet(path).assign(**{name: value}), path)


def _invent_a_row(path):
  frame = pd.read_parquet(path)
  shards.write_table(
      pd.concat([frame, frame.iloc[:1].assign(item_id='ghost')]), path)


def _copied(folder):
  def act(place):
    path = place / 'run' / folder / 'table'
    shutil.copytree(path / 'tiny', path / 'ghost.1')
  return act


def _beside(name):
  def act(place):
    path = place / 'run' / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b'x')
  return act


@pytest.mark.parametrize('damage, named', [
    (_beside('results/table/evil.parquet'),
     "evil.parquet: manifest.json names no 'evil' among its models"),
    (_beside('results/evil/tiny.parquet'), "names no 'evil' among its data"),
    (_beside('steered/table/evil.parquet'), "names no 'evil' among its models"),
    (_beside('analysis/zzz.parquet'), 'analysis/zzz.parquet is in no list'),
    (_beside('tokens/table/tiny.json'), 'tiny.json was changed'),
    (_resealed(_column('kind', 'instruct')), 'tiny.parquet: kind'),
    (_resealed(_column('size', 7.0)), 'tiny.parquet: size'),
    (_resealed(_column('prompt', 'Who?')), 'tiny.parquet: prompt'),
    (_resealed(_column('mc_mine', 1.0)), "the column 'mc_mine', which the run"),
    (_resealed(lambda path: shards.write_table(pd.concat(
        [pd.read_parquet(path)] * 2), path)), "item '0' stands twice in"),
    (_resealed(lambda path: shards.write_table(
        pd.read_parquet(path).iloc[:0], path)), 'holds no rows'),
    (_resealed(_column('item_id', None)), 'a row has no item_id'),
    (_resealed(_invent_a_row), "item 'ghost' in"),
    (_copied('shards'), "names no 'ghost.1' among its models; move the folder"),
    (_copied('activations'), "names no 'ghost.1' among its models"),
])
def test_what_nobody_of_the_run_wrote_is_named(place, capsys, damage, named):
  damage(place)
  assert any(named in line for line in _differences(place, capsys))


@pytest.fixture
def reported(place):
  """A run with its page."""
  study.run(_whole(place), place / 'run', ('probe', 'analyze', 'report'))
  return place


def _whole(place):
  return dataclasses.replace(
      _spec(place), analysis=AnalysisSpec(n_bootstrap=10))


def test_no_other_stage_makes_honest_what_was_changed(reported, capsys):
  run, spec = reported / 'run', _whole(reported)
  readers = {'analysis/alignment.parquet': 'report',
             'analysis/probe_ceiling.parquet': 'analyze',
             'report/index.html': 'verify'}
  for name, reader in readers.items():
    path = run / name
    _flip(path)
    study.run(spec, run, ('score',))
    if reader != 'verify':
      with pytest.raises(UserError, match=f'{name} is not as the stage'):
        study.run(spec, run, (reader,))
  assert _differences(reported, capsys) == [
      f'differs: {run / name} was changed' for name in readers]
  study.run(spec, run, ('probe', 'analyze', 'report'))
  _verify(reported)


def test_a_page_of_questions_before_they_were_edited_is_stale(
    reported, capsys):
  _verify(reported)
  _write_table(reported, 'Who is it?')
  study.run(_whole(reported), reported / 'run', ('score',))
  found = _differences(reported, capsys)
  assert [line.partition('/run/')[2].partition('/')[0] for line in found] == [
      'analysis', 'analysis', 'report']
  assert all('are not those that stand there now' in line for line in found)
  study.run(_whole(reported), reported / 'run', ('probe', 'analyze', 'report'))
  _verify(reported)


def test_a_name_of_an_output_becomes_no_path(place):
  run = place / 'run'
  for name in ('../x', '/etc/shadow', 'zzz', 'report/\ud800'):
    content = manifest.read(run)
    path = manifest.path_of(run)
    honest = path.read_bytes()
    path.write_text(json.dumps({**content, 'outputs': {name: 'd'}}))
    with pytest.raises(UserError, match='json: .*; run --stages=score again'):
      _verify(place)
    path.write_bytes(honest)
  manifest.write(run, {**content, 'outputs': {'report/' + 'x' * 5000: 'd'}})
  with pytest.raises(UserError, match='not what the run wrote'):
    _verify(place)


def test_an_archive_that_no_run_holds_is_not_written_to(place, capsys):
  run = place / 'run'
  (run / '.lock').unlink()
  for path in (run, *run.rglob('*')):
    path.chmod(0o555 if path.is_dir() else 0o444)
  try:
    _verify(place)
  finally:
    for path in (run, *run.rglob('*')):
      path.chmod(0o755)
  assert 'verified' in capsys.readouterr().out
  assert not (run / '.lock').exists()


def test_an_analysis_takes_no_model_that_nobody_asked(place):
  (place / 'run' / 'results' / 'table' / 'evil.parquet').write_bytes(
      next((place / 'run' / 'results').rglob('*.parquet')).read_bytes())
  with pytest.raises(UserError, match=r'evil.parquet: .*move the file away'):
    study.run(_spec(place), place / 'run', ('analyze',))


def _touched(folder):
  """One file that a stage wrote, written otherwise."""
  (file, *_) = sorted(p for p in folder.rglob('*') if p.is_file())
  _flip(file)


@pytest.mark.parametrize('damage, advice', [
    (lambda p: _touched(p / 'report'), 'run --stages=report, which'),
    # A report that was stopped: its end is missing.
    (lambda p: (p / 'report' / 'index.html').unlink(),
     'run --stages=report, which'),
    (lambda p: _flip(p / 'analysis' / 'alignment.parquet'),
     '--stages=analyze,report, which'),
    (lambda p: _flip(p / 'analysis' / 'probes.parquet'),
     '--stages=probe,steer,analyze,report, which'),
    (lambda p: _touched(p / 'results'),
     '--stages=score,probe,steer,analyze,report, which'),
])
def test_the_advice_is_the_stages_that_write_what_differs(
    place, damage, advice):
  run = place / 'run'
  for name in ('report/index.html', 'report/items/0.js',
               'analysis/alignment.parquet', 'analysis/probes.parquet'):
    (run / name).parent.mkdir(parents=True, exist_ok=True)
    (run / name).write_text(name)
  _list_all(run)
  damage(run)
  with pytest.raises(UserError) as caught:
    _verify(place)
  assert advice in str(caught.value)
  assert 'left unfinished by a run that was stopped' in str(caught.value)


def test_no_stage_mends_a_model(place, capsys):
  _flip(place / 'tiny' / 'model.safetensors')
  with pytest.raises(UserError, match='put the old models back') as caught:
    _verify(place)
  assert '--stages' not in str(caught.value)


def test_the_manifest_says_where_all_of_it_comes_from(place):
  held = json.loads((place / 'run' / 'manifest.json').read_text())
  start, = held['starts']
  model = held['models']['tiny']
  assert set(model['identity']) == {
      'weights', 'config', 'tokenizer', 'chat_template', 'generation'}
  assert start['models']['tiny'] == model
  file = start['data']['table']['files']['table']
  assert file['digest'].startswith('sha256:')
  frame = shards.ShardStore(
      place / 'run' / 'shards' / 'table' / 'tiny' / 'letters').read()
  assert set(frame['run_id']) == {start['run']}
  assert set(frame['model_fingerprint']) == {model['fingerprint']}


def test_a_workdir_that_holds_more_items_than_are_asked_now_passes(place):
  spec = dataclasses.replace(_spec(place), probe=ProbeSpec())
  fewer = dataclasses.replace(
      spec, data=dataclasses.replace(spec.data, limit=2))
  for asked in (spec, fewer):
    study.run(asked, place / 'more', ('score',))
  study.run(fewer, place / 'more', ('verify',))


@pytest.mark.parametrize('a, b, same', [
    (1.0, 1.05, True), (1.0, 1.2, False), (1, 1.0, True), (1, 2, False),
    (-np.inf, -np.inf, True), (np.inf, -np.inf, False), (np.inf, 1.0, False),
    (None, np.nan, True), (None, 0.0, False), ([1.0, 2.0], [1.0, 2.01], True),
    ([1.0], [1.0, 2.0], False), ('x', [1, 2], False), ([1, 2], 'x', False),
    (None, [1, 2], False), (1.0, [1.0], False), (1.0, 'text', False),
    ('text', 1.0, False), ({'a': 1}, [1], False)])
def test_entries_are_alike_or_not_whatever_a_forger_puts_there(a, b, same):
  assert verify.alike(a, b, 0.1) is same
