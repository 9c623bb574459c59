"""`--stages=check` on every config's fast variant: it can run, or says why not.

A tiny model stands in for those that are downloaded.
"""

import pathlib
import sys
import urllib.error
import urllib.request

import pandas as pd
import pytest

from launch import tiny_checkpoint
from uncertainty import config_files, specs, study
from uncertainty.errors import UserError

# Data of one's own; their fast variants take these.
_OWN = {'table': ('data.path', 'own.csv'), 'published': ('results_dir', '.')}
# With a package, or made here.
_AT_HAND = ('quickstart', 'vader', 'tune', *_OWN)
# The licence forbids copies, or there is none, or no fixed address.
_FORBIDDEN = ('camchoice', 'globalopinionqa', 'lewidi', 'nli_variation',
              'probcopa')
# With a package that need not be there.
_PACKAGED = ('labmt', 'warriner')
# Not in the folder of shared data.
_ELSEWHERE = ('camchoice', 'dices350', 'dices990', 'globalopinionqa', 'lewidi',
              'provo', *_PACKAGED)
# Of another program, or of runs before: what they say they need.
_NEED = {'lm_eval': 'data.name=lm_eval needs logs: --config.data.path=',
         'served': 'data.name=table needs a file: --config.data.path=',
         'compare': 'two runs are compared: pass --config.results_dir='}
_SAID = {'truth': '900 items', 'published': '1 results of 3 items'}


@pytest.fixture(scope='module')
def here(tmp_path_factory):
  """A model, a table of one's own, and where prepared data goes."""
  folder = tmp_path_factory.mktemp('quicktests')
  tiny_checkpoint.write(folder / 'tiny')
  (folder / 'own.csv').write_text('question,choices\n' + ''.join(
      f'Which is {k}?,sky|blood|grass\n' for k in range(14)))
  pd.DataFrame({
      'Question': ['a?', 'b?', 'c?'], 'mc_total-ent': [.1, .2, .3],
      'human-ent': [.5, .6, .7]}).to_parquet(folder / 'coane_M.parquet')
  return folder


def _check(name: str, here: pathlib.Path, manual_dir: pathlib.Path) -> None:
  config = config_files.load(f'{name}:quicktest')
  config.model.source = str(here / 'tiny')
  config.data.manual_dir = str(manual_dir)
  config.data.data_dir = str(here / 'data')
  if name in _OWN:
    field, value = _OWN[name]
    config.update_from_flattened_dict({field: str(here / value)})
  study.run(specs.parse(config.to_dict()), here / 'run', ('check',))
  assert not (here / 'run').exists()


@pytest.mark.parametrize('name', config_files.names())
def test_without_source_files_it_runs_or_names_them(
    name, here, capsys, tmp_path, monkeypatch):
  if name in _PACKAGED:
    monkeypatch.setitem(sys.modules, 'labMTsimple', None)

  def no_network(*_, **__):
    raise urllib.error.URLError('no network')

  monkeypatch.setattr(urllib.request, 'urlopen', no_network)
  if name in _AT_HAND:
    _check(name, here, tmp_path)
    assert _SAID.get(name, '12 items') in capsys.readouterr().out
    return
  with pytest.raises(UserError) as error:
    _check(name, here, tmp_path)
  data = config_files.load(name).data.name
  said = str(error.value)
  if name in _NEED:
    assert said.startswith(_NEED[name])
    return
  assert said.startswith(f'{data}: ') and '--config.data.manual_dir' in said
  if name in _PACKAGED:
    assert 'pip install labmtsimple' in said
    return
  assert f'{data}/' in said and ('cannot be downloaded' if (
      name in _FORBIDDEN) else 'cannot download https://') in said


@pytest.mark.shared
@pytest.mark.parametrize('name', sorted(
    set(config_files.names()) - {*_AT_HAND, *_ELSEWHERE, *_NEED}))
def test_with_source_files_it_says_what_would_run(name, here, shared, capsys):
  _check(name, here, shared / 'data')
  said = capsys.readouterr().out
  for part in (_SAID.get(name, '12 items'), 'models: tiny', 'time: '):
    assert part in said


def test_results_that_are_not_there_are_named(here, tmp_path):
  config = config_files.load('published:quicktest')
  for folder in (tmp_path, tmp_path / 'none'):
    config.results_dir = str(folder)
    with pytest.raises(UserError, match='no result files of the paper under'):
      study.run(specs.parse(config.to_dict()), here / 'run', ('check',))
