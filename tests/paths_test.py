"""Names that no file can have, and folders that take none."""

import dataclasses
import pathlib

import pytest

from uncertainty import paths, specs
from uncertainty.errors import UserError

_SPEC = specs.StudySpec()


def _check(workdir, *, writes=True, loads=True, **fields):
  spec = _SPEC
  for name, value in fields.items():
    section, _, field = name.partition('__')
    spec = dataclasses.replace(spec, **{section: dataclasses.replace(
        getattr(spec, section), **{field: value}) if field else value})
  paths.check(spec, pathlib.Path(workdir), writes=writes, loads=loads)


def test_a_folder_that_can_be_made_is_well_and_not_made(tmp_path):
  _check(tmp_path / 'a' / 'b', model__cache_dir=str(tmp_path / 'cache'))
  assert not list(tmp_path.iterdir())


@pytest.mark.parametrize('text', ['\udcff\udcfe.csv', 'a\0b'])
@pytest.mark.parametrize('field', [
    'data__path', 'data__manual_dir', 'model__source', 'model__cache_dir',
    'results_dir', 'plugins'])
def test_a_name_that_is_no_text_is_refused(tmp_path, field, text):
  flag = '--config.' + field.replace('__', '.')
  with pytest.raises(UserError, match=f'{flag}=.* is no UTF-8') as caught:
    _check(tmp_path, writes=False, loads=False, **{field: text})
  assert str(caught.value).isprintable()


@pytest.mark.parametrize('name', ['w\udcff', 'a\0b'])
def test_so_is_a_workdir(tmp_path, name):
  with pytest.raises(UserError, match='--workdir=.* is no UTF-8'):
    _check(tmp_path / name)


@pytest.mark.parametrize('name', ['x' * 300, 'é' * 200, 'x/' * 2000])
def test_what_is_too_long_is_refused(tmp_path, name):
  with pytest.raises(UserError, match='--workdir=.*… is too long'):
    _check(tmp_path / name, writes=False)
  with pytest.raises(UserError, match='--config.results_dir=.*… is too long'):
    _check(tmp_path, results_dir=f'{tmp_path},{tmp_path / name}')
  with pytest.raises(UserError, match='--config.model.cache_dir=.* too long'):
    _check(tmp_path, model__cache_dir=name)


def test_what_takes_no_file_is_refused(tmp_path):
  file = tmp_path / 't.csv'
  file.write_text('')
  for place, said in ((file, 'is a file; give a folder'),
                      (file / 'x', 't.csv is a file; give a folder'),
                      ('/proc/x', '/proc takes no file')):
    with pytest.raises(UserError, match=f'--workdir=.*{said}'):
      _check(place)
    _check(place, writes=False)
    with pytest.raises(UserError, match=f'--config.model.cache_dir=.*{said}'):
      _check(tmp_path, model__cache_dir=str(place))
    _check(tmp_path, model__cache_dir=str(place), loads=False)
