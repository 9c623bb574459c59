"""The table of claims: its columns, its seed, and what is too little data."""

import dataclasses

import numpy as np
import pytest

from uncertainty.analysis import claims
from uncertainty.analysis.claims import table
from uncertainty.worlds import generator


def test_the_table_has_the_promised_columns(small_table):
  assert tuple(small_table) == table.COLUMNS
  assert set(small_table['verdict']) <= set(claims.VERDICTS)
  # Nothing was probed, tuned or steered, nor asked for words.
  assert set(small_table['claim']) == {c.id for c in claims.CLAIMS} - {
      'probe_beyond_output', 'tuned', 'steered', 'doubt_in_domain',
      'doubt_out_of_domain', 'doubt_beyond_output', 'stated_gap',
      'overclaimed', 'truth_readable'}
  assert not small_table.duplicated(['claim', 'data', 'model']).any()
  # Three families make no claim about joint presence.
  small_table = small_table[small_table['claim'] != 'joint_presence']
  assert (small_table['p_corrected'] >= small_table['p']).all()
  assert (small_table['low'] <= small_table['estimate'] + 1e-12).all()
  assert (small_table['estimate'] <= small_table['high'] + 1e-12).all()


def test_equal_seeds_give_equal_claims(small_table, small_frames, spec):
  assert small_table.equals(table.claims(small_frames, spec))


def test_three_families_cannot_support_a_claim_about_tuning(small_table):
  rows = small_table[small_table['correction_family'] == 'instruct']
  assert len(rows) == 3 and (rows['n_families'] == 3).all()
  assert (rows['verdict'] == 'too little data').all()
  # Three claims: 2 / 2^7 · 3 = .047.
  assert rows['sentence'].str.contains('7 families').all()


def test_results_without_choices_make_no_claims(small_frames, spec):
  frames = {key: frame.drop(columns='mc_choice_entropy')
            for key, frame in small_frames.items()}
  found = table.claims(frames, spec)
  assert found.empty and tuple(found) == table.COLUMNS


def test_few_items_are_too_little_data(small_world, spec):
  world = dataclasses.replace(small_world, n_items=8)
  found = table.claims(generator.simulate(world, seed=0).frames, spec)
  assert (found['verdict'] == 'too little data').all()


def test_each_sentence_of_too_little_data_names_its_claim(small_world, spec):
  said = {c.id: c.sentences['too little data'] for c in claims.CLAIMS}
  assert len(set(said.values())) == len(said)
  for claim, whether in {
      'aligned': 'is uncertain where people disagree',
      'calibrated': 'calibration',
      'sure_and_right': 'is right where it is sure',
      'surest_fifth': 'is right more often where it is surest',
      'tuned': 'changed',
      'probe_beyond_output': 'people\'s uncertainty beyond its output'}.items():
    assert whether in said[claim], claim
    assert '{subject}' in said[claim], claim
  world = dataclasses.replace(small_world, n_items=8)
  found = table.claims(generator.simulate(world, seed=0).frames, spec)
  by_subject = found[found['n_families'] == 0]
  assert not by_subject.duplicated(['data', 'model', 'sentence']).any()


@pytest.mark.parametrize(('measure', 'grade', 'by'), [
    ('fr_perplexity', 'fr_correct', 'perplexity of the answer; '),
    ('verbal_confidence', 'verbal_correct', 'stated confidence; ')])
def test_where_no_choices_were_asked_for_claims_go_by_what_was(
    spec, measure, grade, by):
  frames = {
      key: frame.assign(**{
          measure: sign * frame['mc_choice_entropy'],
          grade: frame['correct']})
      for sign in [1 if measure == 'fr_perplexity' else -1]
      for key, frame in generator.simulate(generator.World(
          n_items=300, families=(1,) * 8), seed=0,
          all_measures=False).frames.items()}
  asked = ('aligned', 'sure_and_right', 'surest_fifth', 'calibrated',
           'instruct')
  choices = table.claims(frames, spec, asked)
  only = {key: frame.drop(columns=[
      c for c in frame if c.startswith('mc_')
      or c in ('correct', 'choice_logprobs', 'prediction')])
          for key, frame in frames.items()}
  rows = table.claims(only, spec, asked)
  assert set(rows['claim']) == {
      'aligned', 'sure_and_right', 'surest_fifth', 'instruct_alignment',
      'instruct_accuracy'}
  both = rows.merge(choices, on=['claim', 'model'], suffixes=('', '_choices'))
  assert len(both) == len(rows)
  for name in ('estimate', 'low', 'high', 'p'):
    np.testing.assert_allclose(both[name], both[f'{name}_choices'], atol=1e-6)
  own = rows[rows['claim'].isin([
      'aligned', 'sure_and_right', 'instruct_alignment'])]
  assert own['measure'].eq(measure).all()
  assert own['sentence'].str.contains(by).all()
  assert not choices['sentence'].str.contains(by).any()
