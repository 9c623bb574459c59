"""ProbCOPA: ratings of 0 to 100 with their times, without the canaries."""

import collections
import json

import pytest

from uncertainty import data
from uncertainty.data import probcopa
from uncertainty.specs import DataSpec
from uncertainty.types import UserError

ITEM = {'UID': 7, 'original_id': 81, 'premise': 'It rained.',
        'hypothesis': 'The street is wet.', 'asks-for': 'effect',
        'hard_label': 1}
CANARY = {'type': 'canary', 'canary_hex': 'ab', 'description': 'Ignore.'}


def _rating(response, worker='3', time=2.5, **more):
  return {**ITEM, 'workerid': worker, 'response': response, 'time': time,
          **more}


def _write(folder, ratings, items=(ITEM,)):
  (folder / 'probcopa').mkdir(exist_ok=True)
  for name, records in (('items', items), ('CANARY', ratings)):
    (folder / 'probcopa' / f'probcopa_{name}.jsonl').write_text(
        ''.join(json.dumps(r) + '\n' for r in records))


def _load(folder, data_dir):
  return data.load(DataSpec('probcopa', manual_dir=str(folder),
                            data_dir=data_dir))


@pytest.mark.shared
def test_the_published_file_has_the_items_and_raters_of_the_paper(
    shared, data_dir):
  items = _load(shared / 'data', data_dir)
  assert len(items) == 210
  counts = collections.Counter(len(i.ratings) for i in items)
  assert min(counts) == 25 and max(counts) == 30
  assert sum(len(i.ratings) for i in items) == 5858
  assert {i.human_count == len(i.ratings) for i in items} == {True}
  assert len({r.rater for i in items for r in i.ratings}) == 307
  assert all(0 <= r.value <= 100 and r.time_ms > 0 and r.choice is not None
             for i in items for r in i.ratings)
  assert not any('canary' in (i.question + str(i.ratings)).lower()
                 for i in items)
  raw = (shared / 'data/probcopa/probcopa_CANARY.jsonl').read_text()
  assert raw.count('"canary"') == 50


def test_ratings_fall_in_bins_and_keep_value_rater_and_time(
    tmp_path, data_dir):
  _write(tmp_path, [_rating(20), CANARY, _rating(21, '4', .5),
                    _rating(100, '5'), _rating(0)])
  item, = _load(tmp_path, data_dir)
  assert item.choices == probcopa.CHOICES
  assert [r.choice for r in item.ratings] == [0, 1, 4, 0]
  assert [r.value for r in item.ratings] == [20, 21, 100, 0]
  assert [r.rater for r in item.ratings] == ['3', '4', '5', '3']
  assert item.ratings[1].time_ms == 500
  assert item.human_shares == (.5, .25, 0, 0, .25)
  assert item.human['human_rating'] == 35.25
  assert item.human['human_mc_rt_combined'] == 2000
  assert item.cluster == '81' and item.answer is None


@pytest.mark.parametrize(('ratings', 'words'), [
    ([_rating(20)], 'its canary lines are gone'),
    ([CANARY, _rating(101)], 'not a rating of 0 to 100'),
    ([CANARY, _rating(20, type='x', note='canary')], 'a canary in the form'),
    ([CANARY, _rating(20), _rating(3, UID=8)], 'ratings of item 8'),
    ([CANARY], 'line 1: not an item of ProbCOPA'),
])
def test_what_its_authors_did_not_publish_is_refused(
    tmp_path, data_dir, ratings, words):
  _write(tmp_path, ratings)
  with pytest.raises(UserError, match=words):
    _load(tmp_path, data_dir)


def test_without_the_files_it_says_where_they_are(tmp_path, data_dir):
  with pytest.raises(UserError, match='arXiv 2602.23546.*manual_dir'):
    _load(tmp_path, data_dir)
