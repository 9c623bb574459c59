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


@pytest.mark.parametrize('asked, score, said', [
    ('text', 'pmi', 'not the probability of those words; made to sum to 1'),
    ('text', 'per_byte', 'words, a byte; made to sum to 1'),
    ('letters', 'pmi', "choice's letter; made to sum to 1"),
    ('numbers', 'pmi', "choice's number; made to sum to 1")])
def test_shares_say_what_they_are_of(asked, score, said):
  config = {'prompt': {'text_score': score}}
  assert names.shares(asked, config).endswith(said)
  assert names.shares('', None) == (
      "the probability of a choice's letter; made to sum to 1")


def test_measures_stand_in_the_registrys_order():
  columns = ['mc_choice_entropy', 'mc_total_entropy', 'mc_choice_entropy']
  assert names.measures(columns) == ['mc_total_entropy', 'mc_choice_entropy']
  assert names.measure('fr_first_top_k_entropy_5') == 'entropy of the top 5'


@pytest.mark.parametrize('column, raw, said', [
    ('measure', 'fr_first_nucleus_size_0.9',
     'size of the 0.9 nucleus (free response, first token)'),
    ('measure', 'p_true', 'p(True)'), ('measure', 'none of ours', None),
    ('measure', 'fr_rauq', 'RAUQ (free response, whole answer)'),
    ('signal', 'human_mc_rt_wrong',
     'response time when wrong, multiple choice'),
    ('dataset', 'coane', 'Coane general knowledge'),
    ('outcome', 'alignment:human_entropy', "ρ with people's entropy"),
    ('outcome', 'brier', 'Brier score'), ('claim', 'aligned', None),
    ('claim', 'tuning changes alignment:human_entropy',
     "tuning changes ρ with people's entropy"),
    ('model', 'coane', None), ('measure', .5, None)])
def test_cells_of_tables_are_put_in_words(column, raw, said):
  assert names.value(column, raw) == (raw if said is None else said)


def test_columns_of_tables_are_put_in_words():
  assert names.column('p_holm') == 'p, Holm'
  assert names.column('rank_biserial') == 'rank biserial'
  assert names.column('rate_both') == 'share that are both'
  assert names.column('fr_accuracy') == 'free-response accuracy'
  assert names.column('alignment:human_entropy mc_choice_entropy') == (
      "ρ with people's entropy, choice entropy")


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
    ('human_new_prop_correct', 1), ('human_new_time', 1)])
def test_direction_of_a_signal(signal, direction):
  assert names.direction(signal) == direction
