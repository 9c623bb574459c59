"""Names in words, and the order in which things stand."""

import pandas as pd
import pytest

from uncertainty.measures import registry
from uncertainty.report import names


def test_primary_measures_are_measures():
  assert set(names.PRIMARY) == set(registry.PRIMARY.values())
  for column in names.PRIMARY:
    assert registry.is_measure(column)
  assert names.PRIMARY['mc_choice_entropy'] == 'choice entropy'


@pytest.mark.parametrize('config, said', [
    (None, 'letter mass'),
    ({'prompt': {'answer': 'letters,free'}}, 'letter mass'),
    ({'prompt': {'answer': 'numbers'}}, 'number mass'),
    ({'prompt': {'answer': 'text'}}, 'probability over the choices')])
def test_choice_confidence_says_what_it_is_a_probability_of(config, said):
  assert names.choice_confidence(config) == said


def test_measures_stand_in_the_registrys_order():
  columns = ['mc_choice_entropy', 'mc_total_entropy', 'mc_choice_entropy']
  assert names.measures(columns) == ['mc_total_entropy', 'mc_choice_entropy']
  assert names.measure('fr_first_top_k_entropy_5') == 'top k entropy 5'


def test_prefixes_stand_in_their_order():
  rows = pd.DataFrame({'measure': [
      'fr_perplexity', 'mc_total_entropy', 'p_true', 'mc_choice_entropy']})
  found = {prefix: list(part['measure'])
           for prefix, part in names.by_prefix(rows)}
  assert list(found) == ['mc', 'fr', '']
  assert found['mc'] == ['mc_total_entropy', 'mc_choice_entropy']


def test_groups_that_the_order_does_not_name_come_last():
  rows = pd.DataFrame({'k': ['z', 'b', 'a', 'z']})
  assert [(n, len(p)) for n, p in names.ordered(rows, 'k', ['a', 'b', 'q'])
          ] == [('a', 1), ('b', 1), ('z', 2)]


@pytest.mark.parametrize('signal, direction', [
    ('human_entropy', 1), ('human_mc_prop_correct', -1),
    ('human_new_prop_correct', -1), ('human_new_time', 1)])
def test_direction_of_a_signal(signal, direction):
  assert names.direction(signal) == direction
