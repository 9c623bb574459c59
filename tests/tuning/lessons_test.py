"""Lessons read what the ways of asking read, and name the right tokens."""

import types

import pytest

from launch import tiny_checkpoint
from uncertainty import prompts, specs
from uncertainty.tuning import lessons
from uncertainty.types import Item, UserError

MODEL = types.SimpleNamespace(tokenizer=tiny_checkpoint.byte_tokenizer())
ITEMS = [
    Item('sky', 'Colour of the sky?', ('red', 'blue', 'green'), answer=1,
         human_shares=(0.1, 0.7, 0.2)),
    Item('legs', 'Legs of a spider?', ('six', 'eight'),
         human_shares=(0.25, 0.75)),
    Item('capital', 'Capital of Peru?', answer_text='Lima')]


def _spec(objective, answer='letters', prompt=None, **tune):
  return specs.parse({
      'data': {'name': 'table'},
      'prompt': {'few_shot': False, 'answer': answer, **(prompt or {})},
      'tune': {'objective': objective, **tune}})


def _text(tokens):
  return MODEL.tokenizer.decode(list(tokens))


def test_labels_are_read_where_the_prompt_ends():
  spec = _spec('human')
  first, second = lessons.build(MODEL, ITEMS[:2], spec)
  [path] = first.paths
  [asked, _] = prompts.build(ITEMS[:2], spec.prompt, MODEL.tokenizer,
                             dataset='table')
  assert _text(path.tokens) == asked.text
  [place] = path.places
  assert place.index == len(path.tokens) - 1 and place.tied
  assert list(place.targets) == prompts.letter_tokens(MODEL.tokenizer, 3)
  assert place.cells == (0, 1, 2) and place.coefficient == 1
  assert first.shares == (0.1, 0.7, 0.2) and second.shares == (0.25, 0.75)


@pytest.mark.parametrize(('objective', 'tune', 'shares'), [
    ('hard', {}, (0, 1, 0)),
    ('smoothed', {'smoothing': 0.3}, (0.1, 0.8, 0.1)),
    ('smoothed', {'smoothing': 0.3, 'over': 'vocabulary'}, (0, 1, 0)),
])
def test_right_choices_are_the_target_and_items_without_one_are_left_out(
    objective, tune, shares):
  [lesson] = lessons.build(MODEL, ITEMS[:2], _spec(objective, **tune))
  assert lesson.item_id == 'sky' and lesson.shares == pytest.approx(shares)


def test_orders_of_choices_take_their_shares_along():
  spec = _spec('human', prompt={'n_orders': 6})
  found = lessons.build(MODEL, ITEMS[:1], spec)
  assert len(found) == 6 and {x.item_id for x in found} == {'sky'}
  for lesson in found:
    shown = _text(lesson.paths[0].tokens)
    by_place = sorted(('red', 'blue', 'green'), key=lambda c: shown.index(
        f'. {c}'))
    wanted = dict(zip(('red', 'blue', 'green'), (0.1, 0.7, 0.2)))
    assert lesson.shares == tuple(wanted[c] for c in by_place)


@pytest.mark.parametrize(('score', 'coefficients'), [
    ('sum', {0: {1}, 1: {1}}), ('per_token', {0: {1 / 4}, 1: {1 / 6}}),
    ('per_byte', {0: {1 / 4}, 1: {1 / 6}}), ('pmi', {0: {1, -1}, 1: {1, -1}})])
def test_words_are_read_token_by_token(score, coefficients):
  spec = _spec('human', 'text', {'text_score': score, 'style': 'completion'})
  [lesson] = lessons.build(MODEL, ITEMS[1:2], spec)
  found = {}
  for path in lesson.paths:
    words = bytes(place.targets[0][0] for place in path.places)
    cell = path.places[0].cells[0]
    # The tokenizer's ids are those of its alphabet: decode them.
    assert _text(words) == (' six', ' eight')[cell]
    assert path.places[0].index + len(words) == len(path.tokens)
    found.setdefault(cell, set()).update(p.coefficient for p in path.places)
  assert found == coefficients


def test_answers_are_their_tokens_the_closing_brace_and_the_end():
  found = lessons.build(MODEL, ITEMS, _spec('answers'))
  assert [lesson.item_id for lesson in found] == ['sky', 'capital']
  [path] = found[1].paths
  tokens = [place.targets[0][0] for place in path.places]
  assert _text(tokens[:-1]) == 'Lima}' and tokens[-1] == 257
  assert _text(path.tokens).endswith('{Lima}')
  assert found[1].weight == 6
  assert {p.coefficient for p in path.places} == {1 / 6}


def test_own_answers_are_judged_in_both_orders_and_tied_where_they_are_given():
  graded = [('blue', True), ('', False)]
  found = lessons.build(MODEL, ITEMS[:2], _spec('calibration', kl=1.0), graded)
  assert [lesson.shares for lesson in found] == [(1, 0), (0, 1)]
  for lesson, first in zip(found, ('True', 'False')):
    query, own = lesson.paths
    assert f'A. {first}' in _text(query.tokens) and 'blue' in _text(
        query.tokens)
    assert [p.tied for p in query.places] == [False]
    assert _text(own.tokens).endswith('{blue') and len(own.places) == 5
    assert all(p.tied and not p.targets for p in own.places)
  [wrong, _] = lessons.build(MODEL, ITEMS[:1], _spec('calibration'),
                             [('red', False)])
  assert wrong.shares == (0, 1) and len(wrong.paths) == 1


@pytest.mark.parametrize(('arguments', 'tune', 'message'), [
    (('smoothed',), {}, 'tune.smoothing=0.1 with smoothed'),
    (('hard',), {'smoothing': 0.1}, '0 with the others'),
    (('hard',), {'divergence': 'wasserstein'}, 'objective=human'),
    (('human',), {'divergence': 'jensen_shannon', 'over': 'vocabulary'},
     'over=choices'),
    (('human', 'letters', {'n_orders': 2}), {'divergence': 'wasserstein'},
     'n_orders=1'),
    (('human',), {'divergence': 'jensen'}, 'did you mean jensen_shannon'),
    (('human', 'free'), {}, 'answer=letters, numbers or text'),
    (('smoothed', 'text'), {'smoothing': 0.1, 'over': 'vocabulary'},
     'the one token of a label'),
    (('human',), {'batch_size': 5, 'accumulate': 2}, 'equal parts'),
])
def test_settings_that_contradict_each_other_are_refused(
    arguments, tune, message):
  with pytest.raises(UserError, match=message):
    lessons.check(_spec(*arguments, **tune))


def test_items_that_teach_nothing_are_an_error():
  with pytest.raises(UserError, match='none of the 1 items has what'):
    lessons.build(MODEL, ITEMS[1:2], _spec('hard'))
