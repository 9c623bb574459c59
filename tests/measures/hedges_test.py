"""Hedges by hand: words, phrases, what is none."""

import math

import pytest

from uncertainty.measures import hedges


@pytest.mark.parametrize(('text', 'share'), [
    ('Paris', 0), ('Perhaps Paris.', 1 / 2), ('MAYBE', 1),
    ('It is probably the capital of France, I think.', 2 / 9),
    # A phrase counts all its words, once: "not sure" lies within it.
    ("I'm not sure, Paris", 3 / 4), ('I’m not sure, Paris', 3 / 4),
    ('I am not sure it is Paris', 4 / 7), ('not sure', 1),
    ('as far as I know, Paris', 5 / 6), ('as far as Paris', 0),
    # Parts of longer words are none.
    ('Mayor of Doubtless', 0), ('may-be', 0), ('might_be', 1 / 2),
    ('About 1900}', 1 / 2),
])
def test_hand_counted_shares(text, share):
  assert hedges.hedges(text) == pytest.approx(share)


@pytest.mark.parametrize('text', ['', ' \n', '}.', '___'])
def test_no_words_are_no_share(text):
  assert math.isnan(hedges.hedges(text))


def test_a_hedge_more_never_lowers_the_share():
  text = 'the war ended in 1918'
  shares = [hedges.hedges(' '.join([*['perhaps'] * n, text]))
            for n in range(6)]
  assert shares == pytest.approx([n / (n + 5) for n in range(6)])


def test_the_list_states_its_source_and_repeats_nothing():
  lines = hedges.__file__.replace('.py', '.txt')
  with open(lines, encoding='utf-8') as file:
    text = file.read()
  assert 'Apache-2.0' in text and 'Hyland' in text
  entries = [line for line in text.splitlines() if line and line[0] != '#']
  assert len(entries) == len(set(entries)) == len(hedges.lexicon())
  assert all(entry == entry.casefold().strip() for entry in entries)
  assert len(entries) > 100
