"""Where in a written answer activations are taken."""

import pytest

from uncertainty.inference import answer_places
from uncertainty.measures import sequence


def _written(strings, question='What is the capital of Connecticut?'):
  return answer_places.Written(
      question, strings, sequence.find_bracket(strings))


@pytest.mark.parametrize('strings, token', [
    (['The', ' capital', ' of', ' Connecticut', ' is', ' Hart', 'ford', '}',
      ''], 'ford'),
    ([' Hart', 'ford', ',', ' Connecticut', '}'], 'ford'),
    ([' the', ' Connecticut', '}'], ' Connecticut'),  # nothing new
    (['Hartford', ' and', '}', ' I', ' think', ''], ' and'),
    (['}', ''], '}'),
    (['x'], 'x'),
])
def test_exact_answer_is_the_last_token_of_the_first_new_words(strings, token):
  answer = _written(strings)
  assert strings[answer_places.exact_answer(answer)] == token


def test_right_or_wrong_it_stands_at_the_same_place():
  right, wrong = (_written(['It', ' is', city, '}', ''], 'What is it?')
                  for city in (' Hartford', ' Boston'))
  assert answer_places.exact_answer(right) == answer_places.exact_answer(
      wrong) == 2


def test_every_position():
  strings = ['The', ' capital', ' is', ' Hart', 'ford', '.}', ' So', '']
  answer = _written(strings)
  places = {name: list(find(answer))
            for name, find in answer_places.PLACES.items()}
  assert places == {
      'bracket_mean': [0, 1, 2, 3, 4, 5], 'before_generating': [-1],
      'second_last': [6], 'answer_end': [5], 'exact_answer': [4]}


def test_a_single_token_is_every_place_but_the_prompt():
  places = {name: list(find(_written(['x'])))
            for name, find in answer_places.PLACES.items()}
  assert places.pop('before_generating') == [-1]
  assert all(found == [0] for found in places.values())
