"""Near-duplicates against all pairs, and by hand."""

import numpy as np
import pytest

from uncertainty.tuning import near_duplicates
from uncertainty.types import Item


def _jaccard(a, b):
  grams = [{f' {t} '.ljust(5)[i:i + 5]
            for i in range(max(len(t) + 2, 5) - 4)} for t in (a, b)]
  return len(grams[0] & grams[1]) / len(grams[0] | grams[1])


def _texts(rng, n):
  """Short texts, some of them edits of others."""
  words = [''.join(rng.choice(list('abcdeü'), rng.integers(1, 7)))
           for _ in range(30)]
  texts = [' '.join(rng.choice(words, rng.integers(1, 25)))
           for _ in range(n)]
  for i in range(0, n, 3):
    letters = list(texts[rng.integers(n)])
    for _ in range(rng.integers(0, 4)):
      letters[rng.integers(len(letters))] = rng.choice(list('abc '))
    texts[i] = ''.join(letters)
  return texts


@pytest.mark.parametrize('threshold', [0.5, 0.8, 1.0])
def test_the_nearest_is_that_of_all_pairs(threshold):
  rng = np.random.default_rng(0)
  texts, others = _texts(rng, 60), _texts(rng, 80)
  others[::7] = texts[:len(others[::7])]
  found = near_duplicates.nearest(texts, others, threshold)
  all_pairs = np.array([[_jaccard(a, b) for b in others] for a in texts])
  best = all_pairs.max(1)
  near = best >= threshold
  assert 5 < near.sum() < 60
  np.testing.assert_array_equal(found.index >= 0, near)
  np.testing.assert_array_equal(found.index[near], all_pairs.argmax(1)[near])
  np.testing.assert_allclose(found.jaccard, np.where(near, best, 0))


def test_nothing_is_near_nothing():
  for texts, others in (([], ['a']), (['a'], []), ([], [])):
    found = near_duplicates.nearest(texts, others)
    assert len(found.index) == len(texts) and (found.index == -1).all()


def test_texts_shorter_than_a_gram_are_compared_whole():
  found = near_duplicates.nearest(['a', '', 'ab'], ['ab', 'a', ''])
  assert found.index.tolist() == [1, 2, 0]


def test_pairs_are_compared_in_parts_too(monkeypatch):
  monkeypatch.setattr(near_duplicates, 'PROPOSALS', 3)
  texts = [f'which of these is number {i}?' for i in range(40)]
  found = near_duplicates.nearest(texts, texts[::-1], 0.99)
  np.testing.assert_array_equal(found.index, np.arange(40)[::-1])


def test_wrong_choices_and_spelling_do_not_count():
  one = Item('1', 'Capital of Australia?', ('Canberra', 'Sydney'), answer=0)
  other = Item('2', 'capital of  AUSTRALIA', ('Perth', 'Canberra'), answer=1)
  opinion = Item('3', 'Capital of Australia?', ('Canberra', 'Sydney'))
  assert near_duplicates.text_of(one) == near_duplicates.text_of(other) == (
      'capital of australia canberra')
  assert near_duplicates.text_of(opinion) == 'capital of australia'
