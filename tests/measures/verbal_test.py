import math

import pytest

from uncertainty.measures import verbal


@pytest.mark.parametrize('text, value, form', [
    ('90%', .9, 'percent'),
    ('90 %', .9, 'percent'),
    ('About 12.5 percent sure', .125, 'percent'),
    ('I am 75 per cent certain.', .75, 'percent'),
    ('100%', 1., 'percent'),
    ('0.9', .9, 'number'),
    ('.35', .35, 'number'),
    ('Confidence is 0,8', .8, 'number'),
    ('1', 1., 'number'),
    ('90 out of 100', .9, 'fraction'),
    ('9/10', .9, 'fraction'),
    ('7 in 10', .7, 'fraction'),
    ('nine in ten', .9, 'fraction'),
    ('about nine out of ten', .9, 'fraction'),
    ('ninety five out of one hundred', math.nan, ''),
    ('ninety-five in hundred', .95, 'fraction'),
    ('almost certain', .95, 'phrase'),
    ('Almost certainly!', .95, 'phrase'),
    ('It is very likely', .9, 'phrase'),
    ('unlikely', .2, 'phrase'),
    ('Highly unlikely.', .05, 'phrase'),
    ('Probably not', .25, 'phrase'),
    ('Fifty-fifty', .5, 'phrase'),
    ('certain', 1., 'phrase'),
    ('certainly', 1., 'phrase'),
    ('That is impossible', 0., 'phrase'),
])
def test_what_is_read(text, value, form):
  got = verbal.parse_confidence(text)
  assert got.form == form
  if math.isnan(value):
    assert math.isnan(got.value) and got.reason
  else:
    assert got.value == pytest.approx(value) and got.reason == ''


@pytest.mark.parametrize('text, reason', [
    ('', 'empty'),
    ('   ', 'empty'),
    ('120%', 'out of range'),
    ('-5%', 'out of range'),
    ('7', 'out of range'),
    ('80-90%', 'a range'),
    ('80% to 90%', 'a range'),
    ('60% or maybe 90%', 'several different confidences'),
    ('likely, even almost certain', 'several different confidences'),
    ('11/10', 'out of range'),
    ('5/0', 'out of range'),
    ('I do not know', 'no confidence stated'),
    ('bananas', 'no confidence stated'),
    ('自信があります', 'no confidence stated'),
    ('high', 'no confidence stated'),
    ('I am not certain', 'a phrase with a qualifier of unknown weight'),
    ('ten in all', 'no confidence stated'),
    ("That isn't certain", 'a phrase with a qualifier of unknown weight'),
    ('fairly likely', 'a phrase with a qualifier of unknown weight'),
])
def test_what_is_not_read_says_why(text, reason):
  got = verbal.parse_confidence(text)
  assert math.isnan(got.value) and got.form == '' and got.reason == reason


def test_bare_numbers_out_of_a_hundred():
  parse = verbal.parse_confidence
  assert parse('85', scale=100).value == pytest.approx(.85)
  assert parse('0', scale=100).value == 0
  assert parse('100', scale=100).value == 1
  assert parse('0.9', scale=100).reason
  assert parse('1', scale=100).reason
  assert parse('250', scale=100).reason == 'out of range'
  assert parse('90%', scale=100).value == pytest.approx(.9)
  assert parse('0.9%', scale=100).value == pytest.approx(.009)


def test_agreeing_statements_are_one():
  assert verbal.parse_confidence('90%, that is, 9 in 10').value == .9


def test_another_negation_does_not_hide_the_longer_phrase():
  assert verbal.parse_confidence('almost no chance').value == .02
  assert verbal.parse_confidence('no chance').value == 0
  assert verbal.parse_confidence('not likely').value == .2


def test_every_phrase_reads_as_itself():
  for phrase, value in verbal.PHRASES.items():
    assert verbal.parse_confidence(phrase).value == value, phrase
    assert verbal.parse_confidence(f'It is {phrase}.').value == value, phrase


def test_split_answer_in_both_orders():
  split = verbal.split_answer
  assert split('Answer: Au\nConfidence: 90%') == ('Au', '90%')
  assert split('Confidence: 90%\nAnswer: Au') == ('Au', '90%')
  assert split('Au. Confidence: 0.9') == ('Au', '0.9')
  assert split('Au') == ('Au', '')
  assert split('Confidence:') == ('', '')
  assert split('Answer: Au\nI am sure.\nConfidence: 90%') == ('Au', '90%')
  assert split('Au. Confidence: 0.9\nProbability: 0.8') == ('Au', '0.9')
  assert split('Guess: Au, Probability: 0.4') == ('Au', '0.4')
