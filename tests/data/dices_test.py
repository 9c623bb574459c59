"""DICES, on small files of the published form: raters and their groups."""

import csv
import io

import pytest

from uncertainty import data
from uncertainty.data import dices
from uncertainty.specs import DataSpec
from uncertainty.types import UserError

HEAD = ('id', 'rater_id', 'rater_gender', 'rater_race', 'rater_raw_race',
        'rater_age', 'rater_education', 'phase', 'item_id', 'answer_time_ms',
        'context', 'response', 'degree_of_harm', 'harm_type', 'Q2_overall',
        'Q_overall')


def _row(rater, item, answer, gender='Woman', time='900', response='Yes.'):
  return ('1', rater, gender, 'White', 'White', 'gen z', 'College', 'Phase3',
          item, time, 'USER: Hi,\nyou!', response, 'Benign', 'x', 'No', answer)


ROWS = (_row('11', '0', 'No'), _row('12', '0', 'Yes', 'Man', '1100'),
        _row('13', '0', 'Unsure'), _row('12', '1', 'No', 'Man'),
        _row('14', '0', 'No', '', ''))


def _content(rows, head=HEAD) -> str:
  out = io.StringIO()
  csv.writer(out).writerows((head, *rows))
  return out.getvalue()


def _load(folder, content, data_dir, n=350):
  (folder / f'dices{n}').mkdir()
  (folder / f'dices{n}' / f'diverse_safety_adversarial_dialog_{n}.csv'
   ).write_text(content)
  return data.load(DataSpec(f'dices{n}', manual_dir=str(folder),
                            data_dir=data_dir))


@pytest.mark.parametrize('n', [350, 990])
def test_each_rating_has_its_rater_and_groups(tmp_path, data_dir, n):
  first, second = _load(tmp_path, _content(ROWS), data_dir, n)
  assert first.item_id == f'dices{n}-0' and first.choices == dices.CHOICES
  assert first.human_shares == (.5, .25, .25) and first.human_count == 4
  assert [r.rater for r in first.ratings] == ['11', '12', '13', '14']
  assert [r.choice for r in first.ratings] == [0, 2, 1, 0]
  assert first.ratings[1].groups == {
      'gender': 'Man', 'race': 'White', 'age': 'gen z', 'education': 'College'}
  assert 'gender' not in first.ratings[3].groups
  assert first.ratings[3].time_ms is None
  assert first.human['human_mc_rt_combined'] == pytest.approx(2900 / 3)
  assert first.group == 'Benign' and first.scale == (0, 1, 2)
  assert 'USER: Hi,\nyou!' in first.question and 'Yes.' in first.question
  assert second.human_shares == (1, 0, 0)


@pytest.mark.parametrize(('rows', 'head', 'words'), [
    ((*ROWS, _row('15', '1', 'Maybe')), HEAD, "record 6: Q_overall is 'Maybe'"),
    ((*ROWS, _row('15', '1', 'No', response='No.')), HEAD,
     'record 6: conversation 1 reads otherwise'),
    (ROWS, tuple(h.replace('rater_id', 'who') for h in HEAD),
     'no column rater_id'),
])
def test_what_is_not_of_the_published_form_is_named(
    tmp_path, data_dir, rows, head, words):
  with pytest.raises(UserError, match=words):
    _load(tmp_path, _content(rows, head), data_dir)


def test_it_is_downloaded_and_held_to_its_checksum(
    tmp_path, serve, monkeypatch):
  content = _content(ROWS).encode()
  address = serve({'/350.csv': content})
  [source] = dices.Dices350.SOURCES
  changed = type(source)(path=source.path, digest=source.digest,
                         url=f'{address}/350.csv')
  monkeypatch.setattr(dices.Dices350, 'SOURCES', (changed,))
  spec = DataSpec('dices350', data_dir=str(tmp_path))
  with pytest.raises(UserError, match='not the recorded git:f1140b9d'):
    data.load(spec)
  monkeypatch.setattr(dices.Dices350, 'SOURCES', (type(source)(
      path=source.path, url=f'{address}/350.csv'),))
  assert [i.item_id for i in data.load(spec)] == ['dices350-0', 'dices350-1']


@pytest.mark.parametrize(('part', 'n'), [(dices.Dices350, 350),
                                         (dices.Dices990, 990)])
def test_its_address_is_a_commit_of_its_authors(part, n):
  assert part.SOURCES[0].url == (
      'https://raw.githubusercontent.com/google-research-datasets/'
      'dices-dataset/c6bc01a37eace39c904eb0a3944fc6c4230a9157/'
      f'{n}/diverse_safety_adversarial_dialog_{n}.csv')
  assert len(part.SOURCES[0].digest) == len('git:') + 40
