"""NLI variation: every person's slider."""

import collections
import json

import pytest

from uncertainty import data
from uncertainty.data import nli_variation
from uncertainty.specs import DataSpec
from uncertainty.types import UserError

PAIR = {'premise': 'It rained.', 'hypothesis': 'It was wet.', 'task': 'snli',
        'original-dataset-label': 'entailment', 'id': '7',
        'labels': [-50.0001, -30.0, -29.9999, 0.00004, 49.9999, 10.5]}


def _load(folder, data_dir, **fields):
  return data.load(DataSpec('nli_variation', manual_dir=str(folder),
                            data_dir=data_dir, **fields))


def _write(folder, *pairs):
  (folder / 'nli_variation').mkdir()
  (folder / 'nli_variation' / 'preprocessed-data.jsonl').write_text(
      ''.join(json.dumps(p) + '\n' for p in pairs))


@pytest.mark.shared
def test_the_published_file_has_the_pairs_of_the_paper(shared, data_dir):
  items = _load(shared / 'data', data_dir)
  assert len(items) == 496
  assert collections.Counter(i.group for i in items) == {
      'rte2': 100, 'snli': 100, 'dnc': 100, 'mnli': 99, 'joci': 97}
  counts = [len(i.ratings) for i in items]
  # 50 were asked of each; the authors left out those of poor quality.
  assert (min(counts), max(counts), sum(counts)) == (15, 45, 19360)
  assert all(abs(r.value) <= 50 for i in items for r in i.ratings)


def test_sliders_fall_in_five_bins(tmp_path, data_dir):
  _write(tmp_path, PAIR)
  item, = _load(tmp_path, data_dir)
  assert item.choices == nli_variation.CHOICES
  assert [r.value for r in item.ratings] == [-50, -30, -30, 0, 50, 10.5]
  assert [r.choice for r in item.ratings] == [0, 0, 0, 2, 4, 3]
  assert item.human_shares == (.5, 0, 1 / 6, 1 / 6, 1 / 6)
  assert item.human_count == 6 and item.group == 'snli'
  assert item.cluster == 'It rained.' and item.extra['label'] == 'entailment'


@pytest.mark.parametrize('labels', [[], [51.0], ['high'], None])
def test_labels_off_the_slider_are_named(tmp_path, data_dir, labels):
  _write(tmp_path, PAIR, {**PAIR, 'labels': labels})
  with pytest.raises(UserError, match='line 2: not a pair'):
    _load(tmp_path, data_dir)


def test_it_is_never_downloaded(tmp_path, data_dir, monkeypatch):
  monkeypatch.setattr('urllib.request.urlopen', lambda *_, **__: 1 / 0)
  with pytest.raises(UserError, match='no licence is stated.*github.com'):
    _load(tmp_path, data_dir)
