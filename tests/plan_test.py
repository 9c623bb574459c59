"""What a run refuses before it starts, and the names of its models."""

import dataclasses
import types

import pytest

from launch import tiny_checkpoint
from uncertainty import data, models, plan, plugins
from uncertainty.errors import UserError
from uncertainty.inference.tasks import equivalence
from uncertainty.models import identity, lineage
from uncertainty.specs import (
    DataSpec,
    FreeSpec,
    ModelSpec,
    PromptSpec,
    StudySpec,
)
from uncertainty.tuning import trained_items


def _spec(answer):
  return StudySpec(prompt=PromptSpec(answer=answer))


def _opened(source, weights='w'):
  return models.Opened(
      config=types.SimpleNamespace(family='llama'), tokenizer=None,
      name='tiny', kind='base', source=source, revision=None,
      identity=identity.Identity(weights, 'c', 't', 'p', 'g'),
      checkpoint=None, family=None, n_parameters=1)


def test_ways_of_asking_keep_the_order_of_the_config():
  assert plan.task_names(_spec('free,letters')) == ('free', 'letters')


@pytest.mark.parametrize(('answer', 'said'), [
    ('letters,poem', "'poem'; known: .*letters"),
    ('free,free', 'different tasks'), ('', 'one or more'),
    ('letters,text', r'in 2 ways \(letters, text\)')])
def test_ways_of_asking_that_cannot_be(answer, said):
  with pytest.raises(UserError, match=said):
    plan.task_names(_spec(answer))


def test_a_model_that_is_named_twice_is_refused(tmp_path):
  spec = dataclasses.replace(
      _spec('letters'), model=ModelSpec(source='a,a'))
  with pytest.raises(UserError, match='names a model twice'):
    plan.make(spec, tmp_path / 'none')
  assert not (tmp_path / 'none').exists()


def test_models_of_one_name_are_numbered():
  model = _opened('here')
  assert plan.named(model, {}, set()).name == 'tiny'
  assert plan.named(model, {}, {'tiny', 'tiny-2'}).name == 'tiny-3'
  held = {'tiny': plan.model_entry(_opened('there', 'others'))}
  assert plan.named(model, held, set()).name == 'tiny-2'
  # The same files from another place are the same model.
  held = {'tiny': plan.model_entry(_opened('there'))}
  assert plan.named(model, held, set()).name == 'tiny'


def test_files_that_changed_in_their_place_are_refused():
  held = {'tiny': plan.model_entry(_opened('here'))}
  with pytest.raises(UserError, match='whose weights changed since'):
    plan.named(_opened('here', 'edited'), held, set())


def _tuned(name, folder):
  opened = _opened(str(folder))
  return dataclasses.replace(
      opened, name=name,
      checkpoint=types.SimpleNamespace(files=(folder / 'm.safetensors',)),
      lineage=lineage.Lineage(name, lineage.Base('b', 's', 'f'), '', '', '',
                              ''))


def test_items_that_a_model_was_trained_on_are_not_asked(
    tmp_path, monkeypatch):
  table = tmp_path / 'quiz.csv'
  table.write_text('question,choices,answer\n' + ''.join(
      f'What is {word}?,a thing|a place,a thing\n'
      for word in ('rain', 'thunder', 'a glacier', 'sediment')))
  data_spec = DataSpec(name='table', path=str(table))
  (tmp_path / 'config.json').touch()
  trained_items.write(tmp_path, trained_items.table(
      {'table': data.load(data_spec)[1:3]}))
  monkeypatch.setattr(models, 'open_source',
                      lambda source, **_: _tuned('tuned', tmp_path))
  spec = StudySpec(data=data_spec, model=ModelSpec(source=str(tmp_path)))
  with pytest.raises(UserError, match='tuned was trained on 2 of the 4'):
    plan.make(spec, tmp_path / 'run')
  planned = plan.make(dataclasses.replace(spec, data=dataclasses.replace(
      data_spec, trained_items='leave_out')), tmp_path / 'run')
  assert [i.question for i in planned.items] == [
      'What is rain?', 'What is sediment?']
  assert planned.described()['data']['table']['left_out'] == 2


def _sampling(tmp_path, judge='words'):
  table = tmp_path / 'quiz.csv'
  table.write_text('question,answer\nWhat is rain?,water\nWho?,me\n')
  tiny_checkpoint.write(tmp_path / 'tiny')
  return StudySpec(
      model=ModelSpec(source=str(tmp_path / 'tiny')),
      data=DataSpec(name='table', path=str(table)),
      prompt=PromptSpec(answer='free,samples', style='completion'),
      free=FreeSpec(judge=judge))


def test_other_files_of_a_judge_make_other_rows_of_samples(
    tmp_path, monkeypatch):
  found = []
  for digest in ('', 'one', 'another', 'one'):
    monkeypatch.setattr(equivalence, 'digest', lambda *_, d=digest, **__: d)
    planned = plan.make(_sampling(tmp_path), tmp_path / 'run')
    [model] = planned.each_model()
    assert planned.described().get('judge', '') == digest
    found.append([planned.provenance(model, task).settings
                  for task in ('free', 'samples')])
  free, samples = zip(*found, strict=True)
  assert len(set(free)) == 1
  assert len(set(samples)) == 3 and samples[1] == samples[3]
  assert samples[0] == free[0]


def test_another_version_of_a_plugin_s_family_makes_other_rows(
    tmp_path, monkeypatch):
  settings = set()
  for code in ('', 'one', 'another'):
    monkeypatch.setattr(
        plugins, 'code_of',
        lambda *named, c=code: c if named == ('family', 'llama') else '')
    planned = plan.make(_sampling(tmp_path), tmp_path / 'run')
    [model] = planned.each_model()
    settings |= {planned.provenance(model, 'free').settings}
  assert len(settings) == 3


def test_a_judge_that_is_not_there_is_refused_before_anything_is_done(
    tmp_path):
  with pytest.raises(UserError, match='no such directory'):
    plan.make(_sampling(tmp_path, 'nli:/nowhere'), tmp_path / 'run')
