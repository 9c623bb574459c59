"""What a row is of: which edits change its digests, and which do not."""

import dataclasses

import pyarrow as pa
import pytest

from uncertainty import specs
from uncertainty.results import columns, digests
from uncertainty.types import Item, Rating

SPEC = specs.StudySpec()
ITEM = Item('q0', 'Which?', ('sky', 'blood'), answer=0, answer_text='sky',
            human_shares=(.5, .5), human_count=4)
OTHER = Item('q1', 'And which?', ('sky', 'blood'), answer=1)
TEXTS = (('Q: Which? A:',), ('Q: And which? A:',))


def _settings(spec):
  return digests.settings_fields(dataclasses.asdict(spec))


def _changed(spec, section, **fields):
  part = dataclasses.replace(getattr(spec, section), **fields)
  return dataclasses.replace(spec, **{section: part})


@pytest.mark.parametrize(('field', 'value'), [
    ('question', 'What?'), ('choices', ('blood', 'sky')), ('answer', 1),
    ('human_shares', (.25, .75)), ('group', 'colours'),
    ('extra', {'examples': (OTHER,)})])
def test_what_is_asked_and_graded_decides_an_item(field, value):
  changed = dataclasses.replace(ITEM, **{field: value})
  assert digests.of_item(changed) != digests.of_item(ITEM)


@pytest.mark.parametrize(('field', 'value'), [
    ('human', {'human_mc_rt_combined': 900.}), ('human_count', 5),
    ('extra', {'split': 'test'}), ('cluster', 'passage 3'),
    ('ratings', (Rating(0, rater='x'),)), ('scale', (0., 1.))])
def test_signals_of_people_may_be_corrected(field, value):
  changed = dataclasses.replace(ITEM, **{field: value})
  assert digests.of_item(changed) == digests.of_item(ITEM)


def test_the_order_of_items_counts():
  assert digests.of_items([ITEM, OTHER]) != digests.of_items([OTHER, ITEM])
  assert len(digests.of_items([])) == 32


@pytest.mark.parametrize(('section', 'fields'), [
    ('data', {'limit': 3}), ('data', {'manual_dir': 'elsewhere'}),
    ('prompt', {'answer': 'free'}), ('analysis', {'n_bootstrap': 7}),
    ('probe', {'n_folds': 3})])
def test_settings_that_add_or_place_change_no_answer(section, fields):
  assert _settings(_changed(SPEC, section, **fields)) == _settings(SPEC)


def test_settings_that_decide_an_answer():
  changed = _settings(_changed(SPEC, 'free', temperature=.5))
  known = _settings(SPEC)
  assert {k for k in known if known[k] != changed[k]} == {'free.temperature'}
  # What grows a workdir is scored all the same.
  assert digests.scored_fields(
      dataclasses.asdict(SPEC)).keys() - known.keys() == set(digests.GROWS)


def _table(of, **changed):
  rows = {columns.ITEM_ID: ['q0', 'q1']} | of.columns(['q0', 'q1']) | changed
  return pa.table(rows)


def test_rows_stay_where_nothing_changed_and_say_why_where_not():
  old = digests.provenance('m', SPEC, [ITEM, OTHER], TEXTS, 'run')
  assert old.doubts(_table(old)) == ['', '']
  edited = dataclasses.replace(ITEM, question='What?')
  new = digests.provenance('m', SPEC, [edited, OTHER], TEXTS, 'run')
  assert new.doubts(_table(old)) == ['the question was edited', '']
  new = digests.provenance(
      'm', SPEC, [ITEM, OTHER], (TEXTS[0], ('Q:',)), 'run')
  assert new.doubts(_table(old)) == ['', 'the prompt reads otherwise now']
  new = digests.provenance(
      'm', _changed(SPEC, 'score', top_k=3), [ITEM], TEXTS[:1], 'run')
  # q1 is not asked by this run: nothing to say of it.
  assert new.doubts(_table(old)) == [
      'the settings were others, or the files of a judge or plugin', '']


def test_an_edit_of_people_s_answers_alone_is_no_edit_of_the_question():
  old = digests.provenance('m', SPEC, [ITEM, OTHER], TEXTS, 'run')
  counted = dataclasses.replace(ITEM, human_shares=(.25, .75), human_count=8)
  new = digests.provenance('m', SPEC, [counted, OTHER], TEXTS, 'run')
  assert new.doubts(_table(old)) == [
      'people\'s counts or shares were edited', '']
  # An earlier version's rows cannot tell which of both it was.
  unsaid = _table(old).drop_columns([columns.QUESTION_DIGEST])
  assert new.doubts(unsaid) == ['the question was edited', '']
  both = dataclasses.replace(counted, question='What?')
  new = digests.provenance('m', SPEC, [both, OTHER], TEXTS, 'run')
  assert new.doubts(_table(old)) == ['the question was edited', '']


def test_rows_without_digests_are_in_doubt():
  of = digests.provenance('m', SPEC, [ITEM], TEXTS[:1], 'run')
  doubt, other = of.doubts(pa.table({columns.ITEM_ID: ['q0', 'q1']}))
  assert 'earlier version' in doubt and other == ''


def test_sums_are_of_all_items_and_their_folds():
  spec = _changed(SPEC, 'probe', sites='resid_post', store='sums')
  found = {digests.provenance('m', s, items, TEXTS, 'run').settings
           for s, items in (
               (spec, [ITEM, OTHER]), (spec, [ITEM]),
               (_changed(spec, 'probe', n_folds=3), [ITEM]),
               (spec, [dataclasses.replace(ITEM, human_count=5)]))}
  assert len(found) == 4


def test_versions_of_what_is_and_is_not_installed():
  assert digests.version('numpy')
  assert digests.version('no-such-package-of-ours') is None
