"""Family, size and base: from the results, and from names where they lack."""

import math

import numpy as np
import pandas as pd
import pytest

from uncertainty.analysis.scores import pairs


def test_results_that_speak_are_believed_against_the_name():
  frame = pd.DataFrame({
      'family': [None, 'Qwen 2'], 'size': [np.nan, 0.494], 'base': ['', '']})
  assert pairs.family_of('Llama_3.2_1B_Ins', frame) == 'Qwen 2'
  assert pairs.size_of('Llama_3.2_1B_Ins', frame) == 0.494
  assert pairs.base_of(frame) == ''


def test_mute_results_leave_it_to_the_name_then_to_the_papers_files():
  mute = pd.DataFrame({'item_id': ['a'], 'model_size': [7]})
  assert pairs.family_of('Falcon3_10B_Ins', mute) == 'Falcon 3'
  assert pairs.size_of('Falcon3_10B_Ins', mute) == 10.0
  assert pairs.size_of('Mistral_0.1', mute) == 7.0
  assert math.isnan(pairs.size_of('Mistral_0.1', mute[['item_id']]))
  assert pairs.base_of(mute) is None


@pytest.mark.parametrize('bases, expected', [
    ({}, [('Gemma_2B', 'Gemma_2B_Ins')]),
    # What the results say replaces the name, in both directions.
    ({'Gemma_2B_Ins': ''}, []),
    ({'Gemma_2B_Ins': '', 'tuned (a)': 'Gemma_2B'},
     [('Gemma_2B (a)', 'tuned (a)')]),
    ({'Gemma_2B_Ins': None}, [('Gemma_2B', 'Gemma_2B_Ins')]),
])
def test_pairs_of_names_or_of_what_results_say(bases, expected):
  models = ['Gemma_2B', 'Gemma_2B_Ins', 'Gemma_2B (a)', 'tuned (a)']
  origins = pairs.Origins(
      bases=bases, variants=dict.fromkeys(models[2:], 'a'))
  assert origins.pairs(models) == expected


def test_a_name_in_parentheses_is_no_workdir_unless_results_say_so():
  models = ['base (v2)', 'tuned (v2)', 'base']
  origins = pairs.Origins(bases={'tuned (v2)': 'base'})
  assert origins.pairs(models) == [('base', 'tuned (v2)')]
  assert origins.untuned('base (v2)') == 'base (v2)'
  asked = pairs.Origins(bases={'tuned (v2)': 'base'},
                        variants=dict.fromkeys(models[:2], 'v2'))
  assert asked.pairs(models) == [('base (v2)', 'tuned (v2)')]
  assert asked.untuned('base (v2)') == 'base'


@pytest.mark.parametrize('model, family, size, base', [
    ('Llama_3.2_1B_Ins', 'Llama 3', 1., 'Llama_3.2_1B'),
    ('Llama_2_13B_Chat', 'Llama 2', 13., 'Llama_2_13B'),
    ('Gemma_7B', 'Gemma', 7., 'Gemma_7B'),
    ('Gemma2_9B_Ins', 'Gemma 2', 9., 'Gemma2_9B'),
    ('Mistral_0.1', 'Mistral', np.nan, 'Mistral_0.1'),
    ('SmolLM2-135M-Instruct', 'SmolLM 2', .135, 'SmolLM2-135M'),
    ('Mistral-7B-Instruct-v0.1', 'Mistral', 7., 'Mistral-7B-v0.1'),
])
def test_what_names_say(model, family, size, base):
  assert pairs.family(model) == family
  np.testing.assert_equal(pairs.size(model), size)
  assert pairs.base_name(model) == base


def test_models_of_two_families_are_no_pair():
  assert pairs.BY_NAME.pairs(['gemma-3-270m', 'SmolLM2-135M-Instruct']) == []


def test_origins_take_families_and_pairs_from_results():
  frames = {
      'one': pd.DataFrame({'family': ['A'], 'base': ['']}),
      'two': pd.DataFrame({'family': ['A'], 'base': ['one']}),
      'Gemma_2B_Ins': pd.DataFrame({'item_id': ['x']})}
  origins = pairs.origins(frames)
  assert origins.pairs([*frames, 'Gemma_2B']) == [
      ('one', 'two'), ('Gemma_2B', 'Gemma_2B_Ins')]
  assert [origins.family(m) for m in ('two', 'Gemma_2B_Ins')] == ['A', 'Gemma']
