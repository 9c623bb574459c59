"""LeWiDi 2025, on small files of the published form."""

import json

import pytest

from uncertainty import data
from uncertainty.specs import DataSpec
from uncertainty.types import UserError


def _record(text, annotations, lang='en'):
  return {'annotation task': 'x', 'text': text, 'annotations': annotations,
          'annotators': ','.join(annotations), 'lang': lang,
          'number of annotations': len(annotations), 'soft_label': {},
          'split': 'dev', 'other_info': {}}


FILES = {
    'CSC/CSC_dev.json': {'1': _record(
        {'context': 'You fell.', 'response': 'Great {job}!'},
        {'Ann844': '6', 'Ann845': '1'})},
    'CSC/CSC_annotators_meta.json': {
        'Ann844': {'Gender': 'Female', 'Age': '56'}},
    'MP/MP_test.json': {'9': _record(
        {'post': 'Hola.', 'reply': 'Vaya.'},
        {'Ann0': '0', 'Ann20': '1', 'Ann59': '1', 'Ann7': '1'}, 'es')},
    'MP/MP_annotators_meta.json': {
        '0': {'Age': 19.0, 'Gender': 'Female', 'Nationality': 'DATA_EXPIRED'}},
    'Paraphrase/Paraphrase_train.json': {'2': _record(
        {'Question1': 'Who?', 'Question2': 'Whom?'},
        {'Ann1': '-5', 'Ann2': '5'})},
    'VariErrNLI/VariErrNLI_dev.json': {'3': _record(
        {'context': 'It rains.', 'statement': 'It is wet.'},
        {'Ann1': 'neutral', 'Ann2': 'entailment,neutral',
         'Ann3': 'entailment', 'Ann4': 'entailment'})},
}


def _load(folder, data_dir, files, **fields):
  for name, content in files.items():
    path = folder / 'lewidi' / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str)
                    else json.dumps(content))
  return data.load(DataSpec('lewidi', manual_dir=str(folder),
                            data_dir=data_dir, **fields))


def test_every_part_keeps_every_person(tmp_path, data_dir):
  csc, mp, par, nli = _load(tmp_path, data_dir, FILES)
  assert csc.choices == tuple('123456') and csc.scale == tuple(range(1, 7))
  assert csc.human_shares == (.5, 0, 0, 0, 0, .5)
  assert csc.ratings[0].value == 6 and csc.ratings[0].rater == 'csc-Ann844'
  assert csc.ratings[0].groups == {'gender': 'Female', 'age': '56'}
  assert 'Great {job}!' in csc.question
  assert mp.human_shares == (.25, .75) and mp.scale == ()
  assert mp.ratings[0].groups == {'age': '19.0', 'gender': 'Female'}
  assert len(par.choices) == 11 and par.scale[0] == -5
  assert par.human_shares[0] == par.human_shares[10] == .5
  # Who sees several labels counts for none of them alone.
  assert nli.human_shares == pytest.approx((2 / 3, 1 / 3, 0))
  assert nli.human_count == 3 and len(nli.ratings) == 4
  assert nli.ratings[1].text == 'entailment,neutral'
  assert nli.ratings[1].choice is None


@pytest.mark.parametrize(('subset', 'parts'), [
    ('es', ['mp']), ('dev', ['csc', 'varierrnli']), ('par', ['par'])])
def test_parts_splits_and_languages_are_subsets(
    tmp_path, data_dir, subset, parts):
  found = _load(tmp_path, data_dir, FILES, subset=subset)
  assert [i.group for i in found] == parts


@pytest.mark.parametrize(('name', 'change', 'words'), [
    ('CSC/CSC_dev.json', {'annotations': {'Ann1': '7'}}, 'CSC_dev.json, 1: '),
    ('MP/MP_test.json', {'annotations': {'Ann1': '2'}}, 'MP_test.json, 9: '),
    ('VariErrNLI/VariErrNLI_dev.json',
     {'annotations': {'Ann1': 'neutral,yes'}}, 'VariErrNLI_dev.json, 3: '),
    ('CSC/CSC_dev.json', {'text': {'context': 'x'}}, 'CSC_dev.json, 1: '),
])
def test_labels_that_are_none_are_named(
    tmp_path, data_dir, name, change, words):
  [(key, record)] = FILES[name].items()
  with pytest.raises(UserError, match=words):
    _load(tmp_path, data_dir, FILES | {name: {key: record | change}})


def test_people_alone_are_no_data(tmp_path, data_dir):
  with pytest.raises(UserError, match='lewidi: its files cannot be downl'):
    _load(tmp_path, data_dir, {
        'CSC/CSC_annotators_meta.json': FILES['CSC/CSC_annotators_meta.json']})
