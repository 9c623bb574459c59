"""A rerun never mixes: what was edited is asked again, and nothing else."""

import dataclasses
import json
import logging

import numpy as np
import pandas as pd
import pytest

from launch import tiny_checkpoint
from uncertainty import scoring, study
from uncertainty.errors import UserError
from uncertainty.inference import TASKS
from uncertainty.results import tokens
from uncertainty.specs import (
  DataSpec,
  FreeSpec,
  ModelSpec,
  ProbeSpec,
  PromptSpec,
  ScoreSpec,
  StudySpec,
)

_N = 6


@pytest.fixture
def place(tmp_path):
  """A model, a table of questions, and where a run of them goes."""
  tiny_checkpoint.write(tmp_path / 'tiny')
  _write_table(tmp_path)
  return tmp_path


def _questions(n=8):
  return [f'Which is {k}?' for k in range(n)]


def _write_table(place, questions=None, **columns):
  questions = questions or _questions()
  pd.DataFrame({
      'item_id': [f'q{k}' for k in range(len(questions))],
      'question': questions, 'choices': 'sky|blood|grass',
      'answer': [('sky', 'blood', 'grass')[k % 3]
                 for k in range(len(questions))],
      'human_counts': ['3|4|5'] * len(questions), **columns,
  }).to_csv(place / 'table.csv', index=False)


def _spec(place, model='tiny', answer='letters', limit=_N, **probe):
  sources = ','.join(str(place / name) for name in model.split(','))
  return StudySpec(
      model=ModelSpec(source=sources),
      data=DataSpec(name='table', path=str(place / 'table.csv'), limit=limit),
      prompt=PromptSpec(answer=answer, style='completion', few_shot=False),
      score=ScoreSpec(batch_tokens=512, row_tokens=0, top_k=3),
      probe=ProbeSpec(n_folds=3, **probe))


@pytest.fixture
def asked(monkeypatch):
  """(model, task) → ids that a run asked, since it was last cleared."""
  found = {}

  def watched(name, task):
    def run(model, items, spec, *, seed, done=frozenset()):
      for chunk in task(model, items, spec, seed=seed, done=done):
        found.setdefault((model.name, name), []).extend(chunk.item_ids)
        yield chunk
    return run

  for name, task in list(TASKS.items()):
    monkeypatch.setitem(TASKS, name, watched(name, task))
  return found


def _score(place, workdir='run', **changes):
  study.run(_spec(place, **changes), place / workdir, ('score',))


def _table(place, workdir='run', model='tiny'):
  return pd.read_parquet(
      place / workdir / 'results' / 'table' / f'{model}.parquet')


def _same_as_a_fresh_run(place, **changes):
  _score(place, 'fresh', **changes)
  mine, fresh = _table(place), _table(place, 'fresh')
  assert list(mine) == list(fresh)
  for name in mine:
    if mine[name].dtype.kind == 'f':
      np.testing.assert_allclose(mine[name], fresh[name], atol=1e-5,
                                 err_msg=name)
    elif name in ('prompt', 'item_digest', 'prompt_digest',
                  'model_fingerprint', 'settings_digest', 'question'):
      assert mine[name].tolist() == fresh[name].tolist(), name


def test_a_second_start_asks_nothing_and_loads_nothing(
    place, asked, monkeypatch):
  _score(place)
  before = _table(place)
  asked.clear()
  monkeypatch.setattr(scoring, 'load_model', None)
  _score(place)
  assert not asked
  pd.testing.assert_frame_equal(_table(place), before, check_exact=True)


def test_an_edited_question_alone_is_asked_again(place, asked, caplog):
  _score(place)
  asked.clear()
  edited = _questions()
  edited[2] = 'What is 2, then?'
  _write_table(place, edited)
  with caplog.at_level(logging.INFO, 'absl'):
    _score(place)
  assert asked == {('tiny', 'letters'): ['q2']}
  assert '1 rows are set aside: the question was edited' in caplog.text
  assert 'What is 2, then?' in _table(place)['prompt'][2]
  _same_as_a_fresh_run(place)


def test_a_corrected_answer_is_graded_anew(place, asked):
  _score(place)
  right = _table(place)['correct'].tolist()
  asked.clear()
  chosen = _table(place)['prediction'].astype(int)
  _write_table(place, answer=[
      ('sky', 'blood', 'grass')[k] for k in chosen] + ['sky'] * (8 - _N))
  _score(place)
  assert sorted(asked['tiny', 'letters']) == [
      f'q{k}' for k in range(_N) if not right[k]]
  assert _table(place)['correct'].eq(1).all()


def test_edited_counts_are_named_as_what_they_are(place, asked, caplog):
  _write_table(place, human_counts=['1|2|3'] * 8)
  _score(place)
  asked.clear()
  _write_table(place, human_counts=['1|2|3'] * 2 + ['3|2|1'] + ['1|2|3'] * 5)
  with caplog.at_level(logging.INFO, 'absl'):
    _score(place)
  assert asked == {('tiny', 'letters'): ['q2']}
  assert ('1 rows are set aside: people\'s counts or shares were edited'
          in caplog.text)
  assert 'question_digest' not in _table(place)
  _same_as_a_fresh_run(place)


def test_peoples_times_may_be_added_without_asking(place, asked):
  _score(place)
  asked.clear()
  _write_table(place, human_mc_rt_combined=[900.0] * 8)
  _score(place)
  assert not asked
  assert _table(place)['human_mc_rt_combined'].eq(900).all()


def test_edited_clusters_are_taken_over_without_asking(place, asked):
  _write_table(place, cluster=list('aabbccdd'))
  _score(place)
  asked.clear()
  _write_table(place, cluster=list('abababab'))
  _score(place)
  assert not asked
  assert _table(place)['cluster'].tolist() == list('ababab')


def test_edited_clusters_of_one_model_of_two_are_not_mixed(place, asked):
  tiny_checkpoint.write(place / 'other')
  _write_table(place, cluster=list('aabbccdd'))
  both = {'model': 'tiny,other'}
  _score(place, **both)
  _write_table(place, cluster=list('abababab'))
  _score(place)
  with pytest.raises(UserError, match="differ in 'cluster' of item 'q"):
    study.run(_spec(place), place / 'run', ('analyze',))
  asked.clear()
  _score(place, **both)
  assert not asked
  for model in ('tiny', 'other'):
    assert _table(place, model=model)['cluster'].tolist() == list('ababab')


def test_a_deleted_manifest_changes_nothing(place, asked):
  _score(place)
  (place / 'run' / 'manifest.json').unlink()
  edited = _questions()
  edited[4] = 'And 4?'
  _write_table(place, edited)
  asked.clear()
  _score(place)
  assert asked == {('tiny', 'letters'): ['q4']}
  (place / 'run' / 'manifest.json').unlink()
  tiny_checkpoint.write_weights(place / 'tiny', seed=1)
  with pytest.raises(UserError, match='holds answers of a model with'):
    _score(place)


def _template(place):
  (place / 'tiny' / 'chat_template.jinja').write_text('{{ messages }}')


def _tokenizer(place):
  path = place / 'tiny' / 'tokenizer.json'
  content = json.loads(path.read_text())
  content['normalizer'] = {'type': 'Lowercase'}
  path.write_text(json.dumps(content))


@pytest.mark.parametrize('edit, part', [
    (lambda p: tiny_checkpoint.write_weights(p / 'tiny', seed=1), 'weights'),
    (_template, 'chat template'), (_tokenizer, 'tokenizer')])
def test_a_changed_model_in_a_claimed_workdir_is_an_error(
    place, asked, edit, part):
  _score(place)
  before = (place / 'run' / 'manifest.json').read_bytes()
  asked.clear()
  edit(place)
  with pytest.raises(UserError, match=f'{part} changed since.*--workdir'):
    _score(place, limit=8)
  assert not asked
  assert (place / 'run' / 'manifest.json').read_bytes() == before
  _score(place, 'other')
  assert len(asked['tiny', 'letters']) == _N


def test_weights_that_are_replaced_while_another_model_is_asked_are_refused(
    place, asked, monkeypatch):
  tiny_checkpoint.write(place / 'later')
  tiny_checkpoint.write(place / 'new', seed=1)
  loaded = scoring.load_model

  def load(spec, opened):
    model = loaded(spec, opened)
    # In place: the memory map of the opened model shows the new bytes.
    weights = 'model.safetensors'
    (place / 'later' / weights).write_bytes(
        (place / 'new' / weights).read_bytes())
    return model

  monkeypatch.setattr(scoring, 'load_model', load)
  with pytest.raises(UserError, match='later were replaced while this run'):
    _score(place, model='tiny,later')
  assert set(asked) == {('tiny', 'letters')}


def test_two_directories_of_one_name_are_both_scored(place, asked):
  tiny_checkpoint.write(place / 'b' / 'tiny', seed=1)
  _score(place, model='tiny,b/tiny')
  assert {name for name, _ in asked} == {'tiny', 'tiny-2'}
  one, two = _table(place), _table(place, model='tiny-2')
  assert not np.allclose(one['mc_total_entropy'], two['mc_total_entropy'])
  asked.clear()
  _score(place, model='b/tiny,tiny')
  _score(place, model='b/tiny')
  assert not asked


def test_a_model_named_twice_is_refused_and_nothing_claimed(place):
  with pytest.raises(UserError, match='names a model twice'):
    _score(place, model='tiny,tiny')
  assert not (place / 'run').exists()


def test_a_run_grows_by_items_ways_and_models(place, asked):
  _score(place)
  asked.clear()
  _score(place, limit=8)
  assert asked == {('tiny', 'letters'): ['q6', 'q7']}
  asked.clear()
  _score(place, limit=8, answer='letters,statement')
  assert set(asked) == {('tiny', 'statement')}
  asked.clear()
  tiny_checkpoint.write(place / 'more', seed=1)
  _score(place, limit=8, answer='letters,statement', model='tiny,more')
  assert set(asked) == {('more', 'letters'), ('more', 'statement')}
  assert len(_table(place)) == len(_table(place, model='more')) == 8
  _same_as_a_fresh_run(
      place, limit=8, answer='letters,statement', model='tiny,more')


def test_every_way_of_asking_keeps_its_prompt_and_its_tokens_texts(place):
  study.run(dataclasses.replace(
      _spec(place, answer='letters,free', limit=2),
      free=FreeSpec(max_tokens=3)), place / 'run', ('score',))
  table = _table(place)
  assert table['free_prompt'].str.endswith('{').all()
  assert table['free_prompt'].str.contains('Which is 1?', regex=False)[1]
  assert not table['prompt'].str.endswith('{').any()
  texts = tokens.read(place / 'run' / 'results' / 'table' / 'tiny.parquet')
  assert set(tokens.named(table)) == set(texts)
  assert {int(t) for ids in table['fr_token_ids'] for t in ids} <= set(texts)


@pytest.mark.parametrize('damage', ['cut', 'flipped', 'gone'])
def test_damaged_activations_are_asked_again(place, asked, damage):
  capture = {'sites': 'residual'}
  _score(place, **capture)
  folder = place / 'run' / 'activations' / 'table' / 'tiny' / 'residual'
  path = min(folder.glob('*.npy'))
  ids = json.loads(path.with_suffix('.json').read_text())['item_ids']
  content = bytearray(path.read_bytes())
  if damage == 'cut':
    path.write_bytes(content[:-9])
  elif damage == 'flipped':
    content[-9] ^= 1
    path.write_bytes(content)
  else:
    path.unlink()
  asked.clear()
  _score(place, **capture)
  assert asked == {('tiny', 'letters'): ids}


@pytest.mark.parametrize('damage', ['cut', 'gone', 'edited'])
def test_damaged_sums_are_made_anew(place, asked, damage):
  capture = {'sites': 'residual', 'store': 'sums'}
  _score(place, **capture)
  path = place / 'run' / 'moments' / 'table' / 'tiny' / 'residual.npz'
  whole = np.load(path)['sums_FLEE']
  if damage == 'cut':
    path.write_bytes(path.read_bytes()[:-99])
  elif damage == 'gone':
    path.unlink()
  else:
    _write_table(place, ['Which, then?', *_questions()[1:]])
  asked.clear()
  _score(place, **capture)
  assert len(asked['tiny', 'letters']) == _N
  found = np.load(path)['sums_FLEE']
  if damage == 'edited':
    assert not np.allclose(found, whole)
  else:
    np.testing.assert_allclose(found, whole, rtol=1e-6, atol=1e-6)


def test_a_failed_start_claims_nothing(place):
  spec = _spec(place)
  for changes in (
      {'model': dataclasses.replace(spec.model, source=str(place / 'none'))},
      {'data': dataclasses.replace(spec.data, path=str(place / 'no.csv'))},
      {'prompt': dataclasses.replace(spec.prompt, answer='leters')}):
    with pytest.raises(UserError):
      study.run(dataclasses.replace(spec, **changes), place / 'run',
                ('score',))
    assert not (place / 'run').exists()


def _write_open_questions(place):
  pd.DataFrame({'question': _questions(), 'answer': 'sky'}).to_csv(
      place / 'table.csv', index=False)


@pytest.mark.parametrize('spoil, said', [
    (_write_open_questions, 'needs two or more'),  # before weights are read
    (lambda p: _write_table(p, ['Which ' * 5000]), 'tokens and tiny reads')])
def test_a_start_that_the_questions_stop_claims_nothing(place, spoil, said):
  spoil(place)
  with pytest.raises(UserError, match=said):
    _score(place)
  assert not (place / 'run' / 'manifest.json').exists()
  _write_table(place)
  _score(place, answer='text')  # which another claim would refuse


def test_a_start_that_is_refused_leaves_what_was_there(place):
  _score(place)
  manifest = place / 'run' / 'manifest.json'
  before = manifest.read_bytes()
  _write_table(place, [*_questions(_N), 'Which ' * 5000])
  with pytest.raises(UserError, match='tokens and tiny reads'):
    _score(place, limit=7)
  assert manifest.read_bytes() == before


def test_an_edited_template_asks_those_again_whose_prompts_differ(
    place, asked):
  path = place / 'mine.jinja'
  path.write_text('{{ question }}\n{{ choices | join(" ") }}\nAnswer:')
  spec = _spec(place)
  spec = dataclasses.replace(spec, prompt=dataclasses.replace(
      spec.prompt, template=str(path)))
  study.run(spec, place / 'run', ['score'])
  assert _table(place)['prompt'][2] == (
      '<s>Which is 2?\nsky blood grass\nAnswer:')
  asked.clear()
  path.write_text('{{ question }}{{ " Say." if "4" in question }}\n'
                  '{{ choices | join(" ") }}\nAnswer:')
  study.run(spec, place / 'run', ['score'])
  assert asked == {('tiny', 'letters'): ['q4']}
  # The wording of the package again: every prompt is another.
  asked.clear()
  _score(place)
  assert len(asked['tiny', 'letters']) == _N
