"""The table of measures: complete, consistent, parsed both ways."""

import dataclasses
import pathlib

import jax.numpy as jnp
import pytest

from uncertainty.measures import choice, next_token, ordinal, registry
from uncertainty.types import UserError


def test_every_computed_measure_is_in_the_table():
  out = next_token.next_token_measures(jnp.zeros((4, 3000)))
  computed = set(out) - {
      'finite', 'top_logprobs', 'top_tokens', 'rest_logprob'}
  computed |= set(choice.choice_measures(
      jnp.zeros((1, 2)), jnp.ones((1, 2), bool)))
  computed |= set(ordinal.MEASURES)
  with_mc = {n for n, m in registry.MEASURES.items() if 'mc' in m.prefixes}
  assert computed == with_mc


@pytest.mark.parametrize('column, prefix, name', [
    ('mc_total_entropy', 'mc', 'total_entropy'),
    ('fr_first_total_entropy', 'fr_first', 'total_entropy'),
    ('bracket_first_nucleus_size_0.95', 'bracket_first', 'nucleus_size_0.95'),
    ('bracket_perplexity', 'bracket', 'perplexity'),
    ('order_agreement', '', 'order_agreement'),
])
def test_parse(column, prefix, name):
  found, measure = registry.parse(column)
  assert (found, measure.name) == (prefix, name)


@pytest.mark.parametrize('column', [
    'total_entropy', 'mc_perplexity', 'fr_choice_entropy', 'mc_', 'question'])
def test_parse_refuses(column):
  assert not registry.is_measure(column)
  with pytest.raises(UserError, match='list_measures'):
    registry.parse(column)


def test_every_column_parses_to_its_own_measure():
  for measure in registry.MEASURES.values():
    assert measure.orientation in (-1, 1)
    assert measure.range[0] < measure.range[1]
    for prefix in measure.prefixes:
      column = f'{prefix}_{measure.name}' if prefix else measure.name
      assert registry.parse(column) == (prefix, measure)


def test_table_has_a_row_for_every_measure():
  lines = registry.table().splitlines()
  assert len(lines) == len(registry.MEASURES) + 2
  assert len({line.count('|') for line in lines}) == 1


def test_the_page_of_measures_is_the_table():
  page = pathlib.Path(__file__).parents[2] / 'docs' / 'measures.md'
  assert registry.table().strip() in page.read_text(encoding='utf-8')


@pytest.mark.parametrize('column, about, grade, foreign', [
    ('mc_total_entropy', 'choice', 'correct', 'human_fr_prop_correct'),
    ('order_entropy_sd', 'choice', 'correct', 'human_fr_prop_correct'),
    ('bracket_first_varentropy', 'written', 'fr_correct',
     'human_mc_prop_correct'),
    ('p_true', 'written', 'p_true_correct', 'human_mc_prop_correct'),
    ('sample_entropy', 'written', 'sample_correct', 'human_mc_prop_correct'),
])
def test_a_measure_is_of_the_answer_it_came_from(
    column, about, grade, foreign):
  subject = registry.subject(column)
  assert (subject.about, subject.grade) == (about, grade)
  assert foreign.startswith(subject.foreign)
  assert not 'human_entropy'.startswith(subject.foreign)


def test_each_wording_is_held_against_its_own_answer_and_all_signals():
  subject = registry.subject('verbal_number_before_confidence')
  assert subject == registry.Subject(
      'stated', 'verbal_number_before_correct', ())
  assert not 'human_mc_prop_correct'.startswith(subject.foreign)


def test_every_way_of_asking_that_is_measured_has_one_primary_measure():
  assert set(registry.PRIMARY) == {
      'letters', 'numbers', 'text', 'free', 'verbal', 'p_true', 'samples',
      'response'}
  for task, column in registry.PRIMARY.items():
    prefix, measure = registry.parse(column)
    assert measure.primary and task in measure.needs.split(', ')
    assert measure.primary_column == column == registry.column(
        prefix, measure.name)
  assert {m.primary_column for m in registry.MEASURES.values()
          if m.primary} == set(registry.PRIMARY.values())
  assert registry.PRIMARY['letters'] == 'mc_choice_entropy'


def test_display_text_decides_nothing():
  other = {m.name: dataclasses.replace(m, needs='', passes='')
           for m in registry.MEASURES.values()}
  for name, measure in registry.MEASURES.items():
    for prefix in measure.prefixes:
      assert other[name].subject(prefix) == measure.subject(prefix)
