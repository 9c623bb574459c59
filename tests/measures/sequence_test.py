import math

import numpy as np
import pandas as pd
import pytest

from uncertainty.measures import sequence


def test_bracket_holds_the_tokens_that_overlap_the_inner_text():
  b = sequence.find_bracket(['Ki', 'lt', '}.', ''])
  assert (b.answer, b.first, b.last) == ('Kilt', 0, 2)
  assert b.found and not b.inferred and b.reason == ''
  assert sequence.find_bracket(['Ki', 'lt}', '']).last == 2
  # The space of ' }' lies inside, as in the published files.
  assert sequence.find_bracket([' Indra', ' }']).last == 2
  assert sequence.find_bracket([' Indra', '}']).last == 1


def test_bracket_nested_and_several():
  nested = sequence.find_bracket(['a', ' {', 'b', '}', ' c', '}'])
  assert (nested.answer, nested.last) == ('a {b', 3)
  several = sequence.find_bracket(['Au', '}', ' or ', '{', 'Ag', '}'])
  assert (several.answer, several.last) == ('Au', 1)
  repeated = sequence.find_bracket(['{', 'Au', '}'])
  assert (repeated.answer, repeated.last) == ('Au', 2)


@pytest.mark.parametrize('tokens', [['}'], ['}.', ''], ['', '}']])
def test_bracket_of_only_a_brace_is_empty_with_a_reason(tokens):
  b = sequence.find_bracket(tokens)
  assert (b.answer, b.first, b.last) == ('', 0, 0)
  assert b.found and not b.inferred and b.reason == 'empty answer'


def test_bracket_of_a_space_or_a_repeated_brace_is_empty_too():
  assert sequence.find_bracket([' ', '}']).reason == 'empty answer'
  assert sequence.find_bracket(['{', '}']).reason == 'empty answer'
  assert sequence.find_bracket(['']).reason == 'empty answer'


def test_bracket_that_never_closes_is_the_whole_sequence():
  b = sequence.find_bracket(['on', ' and', ' on'], hit_cap=True)
  assert (b.first, b.last, b.found, b.inferred) == (0, 3, False, True)
  assert b.reason == 'no closing brace within the cap'
  b = sequence.find_bracket(['Au', ''])
  assert (b.last, b.inferred, b.reason) == (2, True, 'no closing brace')


def test_bracket_in_another_script():
  b = sequence.find_bracket(['東', '\ufffd', '\ufffd', '}'], text='東京}')
  assert (b.answer, b.last) == ('東京', 3)
  b = sequence.find_bracket(['हम', ' }'])
  assert (b.answer, b.last) == ('हम', 2)


def _steps():
  return {
      'total_entropy': np.array([.1, .3, .5]),
      'nucleus_size_0.5': np.array([1., 2., 4.]),
      # H = 0, ln 2 / 2 and ln 4.
      'nucleus_entropy_0.5': np.array([0., .5, 1.]),
      'token_logprob': np.log([1., .5, .25]),
  }


def test_aggregate_by_hand():
  out = sequence.aggregate(_steps(), 0, 3)
  np.testing.assert_allclose(out['total_entropy'], .3)
  np.testing.assert_allclose(out['nucleus_size_0.5'], 7 / 3)
  np.testing.assert_allclose(
      out['nucleus_entropy_0.5'],
      (.5 * math.log(2) + math.log(4)) / (math.log(2) + math.log(4)))
  np.testing.assert_allclose(out['perplexity'], 2.0)
  assert 'token_logprob' not in out


def test_aggregate_of_single_token_nuclei_is_zero_and_of_no_steps_nan():
  assert sequence.aggregate(_steps(), 0, 1)['nucleus_entropy_0.5'] == 0
  assert all(map(math.isnan, sequence.aggregate(_steps(), 0, 0).values()))


def test_two_tokens_are_enough_for_a_nucleus_entropy():
  found = sequence.nucleus_entropy(np.array([0., .8]), np.array([1, 2]))
  assert found == pytest.approx(.8)


def test_columns_by_hand():
  bracket = sequence.find_bracket(['', 'Au', '}'])
  out = sequence.columns(_steps(), 3, bracket)
  np.testing.assert_allclose(out['fr_total_entropy'], .3)
  np.testing.assert_allclose(out['bracket_total_entropy'], .3)
  np.testing.assert_allclose(out['fr_first_total_entropy'], .1)
  np.testing.assert_allclose(out['bracket_first_total_entropy'], .3)
  np.testing.assert_allclose(out['bracket_perplexity'], 2.0)
  longer = sequence.columns(
      _steps(), 3, sequence.find_bracket(['A', 'u', '}']))
  np.testing.assert_allclose(longer['bracket_total_entropy'], .2)
  np.testing.assert_allclose(longer['bracket_first_total_entropy'], .1)
  empty = sequence.columns(_steps(), 1, sequence.find_bracket(['}']))
  assert math.isnan(empty['bracket_total_entropy'])
  assert math.isnan(empty['bracket_first_perplexity'])
  np.testing.assert_allclose(empty['fr_total_entropy'], .1)


@pytest.mark.shared
def test_definitions_hold_in_the_published_files(shared):
  checked = 0
  for path in sorted((shared / 'published/coane').glob('*.parquet')):
    d = pd.read_parquet(path)
    # Means over gen_length steps of whole numbers: times the length, whole.
    total = d['fr_top-p-len-0.5'] * d['fr_gen_length']
    np.testing.assert_allclose(total, total.round(), atol=2e-3)
    # One token in the bracket: its sequence values are its token's.
    one = np.isclose(d['bfr_total-ent'], d['bfr_tok1_total-ent'], rtol=1e-6)
    np.testing.assert_allclose(
        np.log(d['bfr_ppl'][one]), -d['bfr_tok1_top-1-prob'][one], atol=1e-6)
    np.testing.assert_allclose(
        d['bfr_top-p-ent-0.9'][one], d['bfr_tok1_top-p-ent-0.9'][one],
        atol=1e-6)
    # Bracket and sequence of a two-token 'x', '}' differ by the brace alone.
    two = one & (d['fr_gen_length'] == 2)
    brace = 2 * d['fr_total-ent'][two] - d['bfr_total-ent'][two]
    assert (brace > -1e-6).all()
    size = (2 * d['fr_top-p-len-0.5'] - d['bfr_tok1_top-p-len-0.5'])[two]
    assert (size >= 1 - 1e-6).all()
    checked += int(one.sum())
  assert checked > 300


@pytest.mark.shared
def test_bracket_flags_agree_with_the_published_files(shared):
  differ = 0
  for path in sorted((shared / 'published/coane').glob('*.parquet')):
    d = pd.read_parquet(path)
    found = np.array(
        [sequence.find_bracket([t]).found for t in d['fr_model_answer']])
    assert d['fr_bracket_found'][found].all()
    differ += int((found != d['fr_bracket_found']).sum())
    assert (d['fr_bracket_inferred'] == ~d['fr_bracket_found']).all()
  # Four published answers are flagged as closed though they hold no brace.
  assert differ == 4
