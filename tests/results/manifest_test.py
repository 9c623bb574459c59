"""The manifest: one config a workdir, one run at a time."""

import dataclasses
import multiprocessing

import pytest

from uncertainty import specs
from uncertainty.results import manifest
from uncertainty.types import UserError

_SPEC = specs.StudySpec()


def test_same_config_claims_twice_and_keeps_creation_time(tmp_path):
  manifest.claim(tmp_path, _SPEC)
  first = manifest.read(tmp_path)
  manifest.update(tmp_path, models={'m': {'kind': 'base'}})
  manifest.claim(tmp_path, _SPEC)
  second = manifest.read(tmp_path)
  assert second['created'] == first['created']
  assert second['models'] == {'m': {'kind': 'base'}}
  assert second['packages']['jax']


def test_another_scored_config_is_refused_with_the_field(tmp_path):
  manifest.claim(tmp_path, _SPEC)
  other = dataclasses.replace(
      _SPEC, prompt=dataclasses.replace(_SPEC.prompt, profile='paper'))
  with pytest.raises(UserError, match="prompt.profile='clean'.*'paper'"):
    manifest.claim(tmp_path, other)


@pytest.mark.parametrize('section,field,value', [
    ('analysis', 'n_bootstrap', 7), ('probe', 'n_folds', 3),
    ('data', 'manual_dir', 'elsewhere')])
def test_what_does_not_change_scores_may_change(
    tmp_path, section, field, value):
  manifest.claim(tmp_path, _SPEC)
  part = dataclasses.replace(getattr(_SPEC, section), **{field: value})
  manifest.claim(tmp_path, dataclasses.replace(_SPEC, **{section: part}))
  assert manifest.read(tmp_path)['config'][section][field] == value


def test_broken_manifest_is_an_error(tmp_path):
  manifest.path_of(tmp_path).write_text('{"config": ')
  with pytest.raises(UserError, match='not valid JSON'):
    manifest.claim(tmp_path, _SPEC)


def _try_lock(workdir, answers):
  try:
    with manifest.lock(workdir):
      answers.put('locked')
  except UserError as error:
    answers.put(str(error))


def test_second_run_in_one_workdir_is_refused(tmp_path):
  context = multiprocessing.get_context('spawn')
  answers = context.Queue()
  with manifest.lock(tmp_path):
    other = context.Process(target=_try_lock, args=(tmp_path, answers))
    other.start()
    assert 'another run is using' in answers.get(timeout=60)
    other.join()
  with manifest.lock(tmp_path):
    pass
