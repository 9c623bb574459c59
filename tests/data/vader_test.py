"""VADER: raw ratings become five bins of a distribution."""

import collections

import numpy as np
import pytest

from uncertainty import data
from uncertainty.data import vader
from uncertainty.prompts import instructions
from uncertainty.specs import DataSpec
from uncertainty.types import UserError


def test_bins_cover_the_scale():
  item = vader.rated_word('word', [-4, -3, -2, -1, 0, 0, 1, 2, 3, 4])
  assert item.choices == vader.BINS
  assert item.human_shares == (0.2, 0.2, 0.2, 0.2, 0.2)
  assert item.human_count == 10
  assert [r.value for r in item.ratings] == [
      -4, -3, -2, -1, 0, 0, 1, 2, 3, 4]
  assert [r.choice for r in item.ratings] == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
  assert item.scale == (-3.5, -1.5, 0, 1.5, 3.5)
  assert item.human['human_valence'] == 0
  assert item.human['human_valence_sd'] == pytest.approx(
      np.std([-4, -3, -2, -1, 0, 0, 1, 2, 3, 4], ddof=1))


def test_the_whole_lexicon_is_there_and_words_are_the_default(data_dir):
  everything = data.load(DataSpec('vader', data_dir=data_dir, subset='all'))
  words = data.load(DataSpec('vader', data_dir=data_dir))
  assert len({i.item_id for i in everything}) == len(everything) > 7500
  assert len(words) > 7000
  assert all(i.question.isascii() and i.question.isalpha() and
             len(i.question) >= 3 for i in words)
  assert {i.human_count for i in everything} == {10}
  assert {len(i.ratings) for i in everything} == {10}
  kinds = collections.Counter(i.extra['subsets'][0] for i in everything)
  assert kinds['examples'] == len(vader.EXAMPLES)
  assert kinds['words'] == len(words)


def test_prompts_never_show_a_word_that_is_scored(data_dir):
  shown = {e.question for e in instructions.WORDINGS['vader'].examples}
  assert shown == set(vader.EXAMPLES)
  words = data.load(DataSpec('vader', data_dir=data_dir))
  assert shown.isdisjoint(i.question for i in words)


def test_examples_show_the_bin_that_most_raters_chose(data_dir):
  items = {i.question: i for i in data.load(
      DataSpec('vader', data_dir=data_dir, subset='examples'))}
  for example in instructions.WORDINGS['vader'].examples:
    shares = items[example.question].human_shares
    assert shares[example.answer] == max(shares), example.question


def test_a_limit_takes_a_random_sample_in_a_fixed_order(data_dir):
  words = data.load(DataSpec('vader', data_dir=data_dir))
  assert data.load(DataSpec('vader', data_dir=data_dir, limit=40)) == words[:40]
  positions = np.argsort([i.question for i in words])
  # Alphabetical neighbours are not neighbours here: rank correlation near 0.
  rank = np.corrcoef(np.arange(len(words)), positions)[0, 1]
  assert abs(rank) < 0.05


@pytest.mark.parametrize('line', [
    'word', 'word\t1\t0.5\t[1, x]', 'word\t1\t0.5\t[9, 1]', 'word\t1\t0.5\t[]'])
def test_a_damaged_lexicon_names_the_line(tmp_path, line, data_dir):
  (tmp_path / 'vader').mkdir()
  (tmp_path / 'vader' / 'vader_lexicon.txt').write_text(
      f'good\t1.0\t0.5\t[1, 1]\n{line}\n')
  with pytest.raises(UserError, match='line 2: '):
    data.load(DataSpec('vader', manual_dir=str(tmp_path), data_dir=data_dir))


def test_without_the_package_it_says_what_to_install(monkeypatch, data_dir):
  monkeypatch.setattr('importlib.util.find_spec', lambda name: None)
  with pytest.raises(UserError, match='pip install vaderSentiment'):
    data.load(DataSpec('vader', data_dir=data_dir))
