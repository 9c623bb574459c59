"""Norms of words: means and deviations out of a package."""

import pytest

from uncertainty import data
from uncertainty.data import word_norms
from uncertainty.prompts import instructions
from uncertainty.specs import DataSpec
from uncertainty.types import UserError

LABMT = ('word\trank\thapps\tstddev\trank\trank\trank\trank\r\n'
         'laughter\t1\t8.50\t0.9313\t3600\t--\t--\t1728\r\n'
         'the\t5000\t4.98\t0.9145\t1\t1\t1\t1\r\n')
_HEAD = ',Word,' + ','.join(
    f'{d}.{part}.Sum' for d in 'VAD' for part in ('Mean', 'SD', 'Rat'))
WARRINER = (f'{_HEAD},V.Mean.M\n'
            '1,aardvark,6.26,2.21,19,2.41,1.4,22,4.27,1.75,15,6.18\n')


def _load(name, data_dir, manual_dir=None, **fields):
  return data.load(DataSpec(
      name, data_dir=data_dir, manual_dir=manual_dir and str(manual_dir),
      **fields))


def _write(folder, name, text):
  (folder / name).mkdir()
  path = folder / name / {'labmt': 'labMT1.txt',
                          'warriner': 'BRM-emot-submit.csv'}[name]
  path.write_bytes(text.encode())


@pytest.mark.parity
@pytest.mark.peers
def test_the_package_has_the_words_of_both_papers(tmp_path):
  labmt, warriner = (
      part.checked(part.locate(DataSpec(part.name), tmp_path))['items']
      for part in (word_norms.LabMT, word_norms.Warriner))
  assert len({i.item_id for i in labmt}) == len(labmt) == 10222
  # Three dimensions of each word.
  assert len({i.item_id for i in warriner}) == len(warriner) == 3 * 13915
  words = ' '.join(i.question for i in (*labmt, *warriner))
  for name in ('labmt', 'warriner'):
    for example in instructions.WORDINGS[name].examples:
      assert f'"{example.question.split(chr(34))[1]}"' not in words


def test_happiness_has_mean_deviation_and_scale_but_no_shares(
    tmp_path, data_dir):
  _write(tmp_path, 'labmt', LABMT)
  items = {i.item_id: i for i in _load('labmt', data_dir, tmp_path)}
  item = items['labmt-laughter']
  assert item.human == {'human_rating': 8.5, 'human_rating_sd': .9313}
  assert item.human_count == 50 and item.human_shares is None
  assert item.choices == word_norms.CHOICES == tuple('123456789')
  assert item.scale == tuple(range(1, 10)) and '"laughter"' in item.question
  assert len(items) == 2


def test_three_dimensions_of_a_word_share_a_cluster(tmp_path, data_dir):
  _write(tmp_path, 'warriner', WARRINER)
  item, = _load('warriner', data_dir, tmp_path)
  assert item.item_id == 'warriner-valence-aardvark'
  assert item.human == {'human_rating': 6.26, 'human_rating_sd': 2.21}
  assert item.human_count == 19
  others = _load('warriner', data_dir, tmp_path, subset='arousal,dominance')
  assert [i.human['human_rating'] for i in others] == [2.41, 4.27]
  assert {i.cluster for i in others} == {'aardvark'}
  assert len({i.question for i in (item, *others)}) == 3


@pytest.mark.parametrize(('text', 'words'), [
    (LABMT.replace('8.50', '9.50'), 'has mean 9.5'),
    (LABMT.replace('8.50', 'nan'), "'nan' is not a number"),
    (LABMT.replace('8.50', 'x'), "'x' is not a number"),
    (LABMT.replace('happs', 'joy'), 'no column happs'),
    (LABMT.replace('\t1728', ''), 'line 2: 7 cells under 8 headings'),
])
def test_a_damaged_file_is_named(tmp_path, data_dir, text, words):
  _write(tmp_path, 'labmt', text)
  with pytest.raises(UserError, match=words):
    _load('labmt', data_dir, tmp_path)


@pytest.mark.parametrize('name', ['labmt', 'warriner'])
def test_without_the_package_it_says_how_to_get_it(
    name, monkeypatch, data_dir, tmp_path):
  monkeypatch.setattr('importlib.util.find_spec', lambda name: None)
  with pytest.raises(UserError, match='pip install labmtsimple==2.8.8'):
    _load(name, data_dir, tmp_path)
