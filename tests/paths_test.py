"""Names that no file can have, and folders that take none."""

import dataclasses
import os
import pathlib
import re

import pytest

from uncertainty import paths, specs, steer, study
from uncertainty.errors import UserError
from uncertainty.tuning import run

_SPEC = specs.StudySpec()


def _check(workdir, *, writes=True, loads=True, names=paths.WRITTEN, **fields):
  spec = _SPEC
  for name, value in fields.items():
    section, _, field = name.partition('__')
    spec = dataclasses.replace(spec, **{section: dataclasses.replace(
        getattr(spec, section), **{field: value}) if field else value})
  paths.check(spec, pathlib.Path(workdir), writes=writes, loads=loads,
              names=names)


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


def test_a_link_out_of_the_workdir_is_refused(tmp_path):
  """Of a stranger's workdir, wherever in it and whether its target exists."""
  (tmp_path / 'thesis').mkdir()
  for name, target in {
      '.lock': tmp_path / 'file', 'report/index.html.partial': '../../file',
      'shards/table/tiny/text': tmp_path / 'thesis',
      'results': tmp_path, 'manifest.json': tmp_path / 'run-2',
      'analysis.partial': tmp_path, 'Report': tmp_path}.items():
    workdir = tmp_path / 'run'
    link = workdir / name
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(target)
    with pytest.raises(UserError, match='^--workdir=.*run: .*'
                       f'{name} is a link out of it, .*; remove the link'):
      _check(workdir)
    _check(workdir, writes=False)
    link.unlink()
    _check(workdir)


def test_by_two_links_it_is_refused_too(tmp_path):
  (tmp_path / 'run').mkdir()
  (tmp_path / 'run' / 'results').symlink_to('b/c')
  (tmp_path / 'run' / 'b').symlink_to('..')
  with pytest.raises(UserError, match='is a link out of it'):
    _check(tmp_path / 'run')


def test_within_what_a_link_leads_to_it_is_refused_too(tmp_path):
  (tmp_path / 'run' / 'mine').mkdir(parents=True)
  (tmp_path / 'run' / 'mine' / 'table').symlink_to(tmp_path)
  _check(tmp_path / 'run')
  for target in ('mine', '.'):
    (tmp_path / 'run' / 'results').symlink_to(target)
    with pytest.raises(UserError, match='mine/table is a link out of it'):
      _check(tmp_path / 'run')
    (tmp_path / 'run' / 'results').unlink()


def test_what_a_run_does_not_write_is_not_looked_at(tmp_path):
  """A project's folder as the workdir, or the top of a disk."""
  (tmp_path / '.venv' / 'bin').mkdir(parents=True)
  (tmp_path / '.venv' / 'bin' / 'python').symlink_to('/usr/bin/python3')
  (tmp_path / 'questions.csv').symlink_to('/dev/null')
  (tmp_path / 'model').symlink_to('/usr')
  (tmp_path / 'lost+found').mkdir(mode=0)
  os.mkfifo(tmp_path / 'pipe')
  _check(tmp_path)
  with pytest.raises(UserError, match='model is a link out of it, to /usr'):
    _check(tmp_path, names=paths.WRITTEN + paths.TUNED)
  with pytest.raises(UserError, match='is a link out of it'):
    _check(tmp_path, names=None)


def test_all_that_a_run_writes_is_known():
  """Whatever the code names in a workdir."""
  package = pathlib.Path(paths.__file__).parent
  code = [path.read_text() for path in package.rglob('*.py')]
  named = {name for text in code
           for name in re.findall(r"workdir\s*/\s*'([^']+)'", text)}
  assert len(named) > 5 and named <= {*paths.WRITTEN}
  assert {run.FOLDER, run.LOG, run.SPLITS, run.MODEL, run.ADAPTER} == {
      *paths.TUNED}
  assert {study.PROGRESS, steer.FOLDER} <= {*paths.WRITTEN}


def test_a_link_within_or_to_the_workdir_is_well(tmp_path):
  (tmp_path / 'disk' / 'results').mkdir(parents=True)
  (tmp_path / 'disk' / 'old').symlink_to('results')
  (tmp_path / 'disk' / 'round').symlink_to('round')
  (tmp_path / 'disk' / 'up').symlink_to(tmp_path / 'disk')
  (tmp_path / 'run').symlink_to('disk')
  _check(tmp_path / 'run')


def test_a_pipe_in_the_workdir_is_refused(tmp_path):
  os.mkfifo(tmp_path / 'progress.jsonl')
  with pytest.raises(UserError, match='progress.jsonl is a pipe or a device'):
    _check(tmp_path)


def test_a_link_is_not_opened(tmp_path):
  (tmp_path / 'file').write_text('kept')
  (tmp_path / 'link').symlink_to('file')
  with pytest.raises(OSError), open(
      tmp_path / 'link', 'w', opener=paths.no_link):
    pass
  assert (tmp_path / 'file').read_text() == 'kept'
  with open(tmp_path / 'new', 'w', opener=paths.no_link) as file:
    file.write('new')
  assert (tmp_path / 'new').read_text() == 'new'
