"""Provo, on small files of the published form, from a local server too."""

import csv
import io
import math

import pytest

from uncertainty import data
from uncertainty.data import provo, sources
from uncertainty.specs import DataSpec
from uncertainty.types import UserError

NORM_HEAD = (
    'Word_Unique_ID', 'Text_ID', 'Text', 'Word_Number', 'Sentence_Number',
    'Word_In_Sentence_Number', 'Word', 'Response', 'Response_Count',
    'Total_Response_Count', 'Response_Proportion')
EYE_HEAD = ('Participant_ID', 'Text_ID', 'Word_Number', 'Word', 'IA_SKIP',
            'IA_FIRST_FIXATION_DURATION', 'IA_FIRST_RUN_DWELL_TIME',
            'IA_REGRESSION_PATH_DURATION')
TEXT = 'There aren’t now rumblings in Paris.'


def _norm(number, word, response, count, text=TEXT):
  return ('QID1', '1', text, number, '1', number, word, response, count, '4',
          '0.5')


NORMS = (
    _norm(2, 'aren’t', 'is', 3), _norm(2, 'aren’t', "aren't", 1),
    # Their numbers count "aren't" as two words from here on.
    _norm(4, 'now', 'NA', 1), _norm(4, 'now', 'now', 1),
    _norm(4, 'now', 'any', 2),
    _norm(7, 'Paris', 'Paris.', 4),
)
EYES = (
    ('Sub01', '1', '2', 'aren’t', '0', '200', '300', '350'),
    ('Sub02', '1', '2', 'aren’t', '0', '220', '320', 'NA'),
    ('Sub03', '1', '2', 'aren’t', '1', '', '', ''),
    ('Sub01', '1', 'NA', 'x', '0', '1', '1', '1'),
)


def _content(head, rows, encoding='cp1252') -> bytes:
  out = io.StringIO()
  csv.writer(out).writerows((head, *rows))
  return out.getvalue().encode(encoding)


def _load(folder, data_dir, norms=NORMS, eyes=EYES, **form):
  (folder / 'provo').mkdir()
  for name, head, rows in (
      ('Predictability_Norms', form.get('norm_head', NORM_HEAD), norms),
      ('Eyetracking_Data', form.get('eye_head', EYE_HEAD), eyes)):
    (folder / 'provo' / f'Provo_Corpus-{name}.csv').write_bytes(
        _content(head, rows, form.get('encoding', 'cp1252')))
  return data.load(DataSpec('provo', manual_dir=str(folder),
                            data_dir=data_dir))


@pytest.mark.parametrize('encoding', ['cp1252', 'utf-8', 'utf-8-sig'])
def test_a_word_has_what_stood_before_it_and_what_people_wrote(
    tmp_path, data_dir, encoding):
  second, third, last = _load(tmp_path, data_dir, encoding=encoding)
  assert second.item_id == 'provo-01-002' and second.choices == ()
  assert second.question == 'There' and second.extra['word'] == "aren't"
  assert [r.text for r in second.ratings] == ['is', 'is', 'is', "aren't"]
  assert second.human_count == 4 and second.human_shares is None
  assert second.human['human_cloze_entropy'] == pytest.approx(
      -.75 * math.log(.75) - .25 * math.log(.25))
  assert second.human['human_cloze_prop_correct'] == .25
  assert third.question == 'There aren’t' and third.extra['word'] == 'now'
  # The word NA is a word.
  assert [r.text for r in third.ratings] == ['na', 'now', 'any', 'any']
  assert last.question == 'There aren’t now rumblings in'
  assert last.extra['word'] == 'paris'
  assert last.extra['response'] == 'Paris.'
  assert last.human['human_cloze_entropy'] == 0
  assert last.human['human_cloze_prop_correct'] == 1
  assert {i.cluster for i in (second, third, last)} == {'passage 1'}


def test_times_are_means_over_those_who_fixated_the_word(tmp_path, data_dir):
  second, third, _ = _load(tmp_path, data_dir)
  assert second.human['human_first_fixation'] == 210
  assert second.human['human_gaze_duration'] == 310
  assert second.human['human_go_past_time'] == 350
  assert 'human_gaze_duration' not in third.human


def test_an_apostrophe_that_became_a_letter_is_one(tmp_path, data_dir):
  text = TEXT.replace('’', 'õ')
  item, = _load(tmp_path, data_dir, [
      _norm(2, 'arenõt', "aren't", 3, text), _norm(2, 'arenõt', 'is', 1, text)])
  assert item.extra['word'] == "aren't"
  assert item.human['human_cloze_prop_correct'] == .75


@pytest.mark.parametrize(('fields', 'words'), [
    ({'norms': [_norm(3, 'Berlin', 'x', 1)]}, '1 of 1 words are not where'),
    ({'norms': [_norm('x', 'now', 'x', 1)]}, 'record 1: not a response'),
    ({'norms': [_norm(3, 'now', 'x', 0)]}, 'record 1: not a response'),
    ({'norms': [_norm(3, 'now', 'x', 1, '')]}, 'record 1: not a response'),
    ({'norm_head': ('Word', *NORM_HEAD[1:])}, None),
    ({'norm_head': tuple(h.replace('Response_C', 'C') for h in NORM_HEAD)},
     'no column Response_Count'),
    ({'eye_head': tuple(h.replace('IA_SKIP', 'S') for h in EYE_HEAD)},
     'no column IA_SKIP'),
    ({'eyes': [('S', '1', '2', 'x', '0', 'long', '1', '1')]},
     'record 1: not a word with reading times'),
])
def test_what_is_not_of_the_published_form_is_named(
    tmp_path, data_dir, fields, words):
  if words is None:  # a column that is not needed may be named otherwise
    assert len(_load(tmp_path, data_dir, **fields)) == 3
    return
  with pytest.raises(UserError, match=words):
    _load(tmp_path, data_dir, **fields)


def test_both_files_are_downloaded_from_osf(tmp_path, serve, monkeypatch):
  urls = provo.Provo.SOURCES
  assert [s.url for s in urls] == ['https://osf.io/e4a2m/download',
                                   'https://osf.io/a32be/download']
  address = serve({'/norms': _content(NORM_HEAD, NORMS),
                   '/eyes': _content(EYE_HEAD, EYES)})
  monkeypatch.setattr(provo.Provo, 'SOURCES', tuple(
      sources.Source(path=s.path, url=address + end)
      for s, end in zip(urls, ('/norms', '/eyes'), strict=True)))
  found = data.load(DataSpec('provo', data_dir=str(tmp_path)))
  assert [i.extra['word'] for i in found] == ["aren't", 'now', 'paris']
