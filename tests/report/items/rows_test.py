"""Rows as the page reads them."""

import numpy as np
import pandas as pd
import pytest

from uncertainty.report.items import rows

TEXTS = {7: ' good', 3: ' bad', 2: '</s>', 4: 'a', 5: 'b', 6: 'c'}


def test_percentiles_share_ties_and_pass_over_gaps():
  values = pd.Series([3.0, np.nan, 1.0, 1.0, 9.0])
  assert rows.percentiles(values) == [67, None, 17, 17, 100]
  assert rows.percentiles(pd.Series([5.0])) == [0]


def test_what_was_asked_and_what_people_said(results):
  row = rows.asked(results, results['human_entropy'])[10]
  assert row == {
      'q': 'How is word 10?', 'c': ['good', 'bad'], 'a': 0,
      's': [5000, 5000], 'n': 20, 'e': .9091, 'd': 91,
      'o': [['mean rating (−4 to 4)', 3.273]]}


def test_single_people_s_answers_are_no_signals(results):
  rated = results.assign(
      human_rater_values=[[1.0, 2.0]] * len(results),
      human_rater_groups=[['{"gender": "Man"}', '']] * len(results))
  people = results['human_entropy']
  assert rows.asked(rated, people) == rows.asked(results, people)


def test_an_answer_without_analysis_has_its_own_shares(results):
  row = rows.answered(results, pd.DataFrame(index=results.index))[1]
  assert row == {'s': [7500, 2500], 'p': 0, 'r': 0, 'w': 'good'}


def test_shares_with_a_gap_are_left_out(results):
  shares = [[.9, .1], [np.nan, .1], [], None, [.25, .25, .5]]
  analysed = pd.DataFrame({'model_shares': shares})
  found = [row.get('s') for row in rows.answered(
      results.head(5).drop(columns='choice_logprobs'), analysed)]
  assert found == [[9000, 1000], None, None, None, [2500, 2500, 5000]]


def test_analysis_says_what_the_shares_and_doubts_are(results):
  analysed = pd.DataFrame({
      'model_shares': [[.9, .1]] * 12,
      'model_uncertainty': np.arange(12.0), 'disagreement': .256})
  row = rows.answered(results, analysed)[11]
  assert (row['s'], row['u'], row['d'], row['x']) == (
      [9000, 1000], 11.0, 100, 26)


def test_a_reply_without_a_readable_confidence_is_shown_without_it(results):
  row = rows.details(results.assign(verbal_confidence=np.nan), TEXTS)[3]
  assert row['stated'] == [['', None, 'I am 90 % sure.']]


def test_details_hold_tokens_and_what_stood_beside_them(results):
  row = rows.details(results, TEXTS)[3]
  assert row['prompts'] == [['letters', '<s>Rate the word.\n3 </b>']]
  assert row['stated'] == [['', .9, 'I am 90 % sure.']]
  tokens = row['tokens']
  assert tokens['t'] == [' good', '</s>']  # an end has no text of its own
  assert tokens['alt'][0] == [
      ' good', 5000, ' bad', 2000, 'a', 1000, 'b', 800, 'c', 600]
  assert tokens['h'][0] == tokens['h'][1] == pytest.approx(
      100 * rows.entropies(
          np.log([[.5, .2, .1, .08, .06, .04]]), np.log([.02]))[0], abs=.6)


def test_a_token_without_text_stands_as_its_id(results):
  tokens = rows.details(results, {})[0]['tokens']
  assert tokens['alt'][0][:4] == [' good', 5000, 3, 2000]
  assert tokens['t'] == [' good', '']


def test_entropies_by_hand():
  logp_TK = np.log([[.5, .25], [1.0, 1e-30]])
  found_T = rows.entropies(logp_TK, [np.log(.25), -np.inf])
  np.testing.assert_allclose(found_T, [1.5 * np.log(2), 0], atol=1e-12)


def test_samples_keep_their_meanings(results):
  frame = results.head(1).assign(
      sample_answers=[['a', 'b', 'A']], semantic_clusters=[[0, 1, 0]],
      p_true=.25, p_true_answer='a')
  row = rows.details(frame, {})[0]
  assert row['samples'] == {'a': ['a', 'b', 'A'], 'm': [0, 1, 0]}
  assert row['true'] == [.25, 'a']


def test_a_missing_row_is_empty(results):
  frame = results.set_index('item_id').reindex(['v-01', 'v-99'])
  assert rows.details(frame, {})[1] == {}
  assert rows.answered(frame, pd.DataFrame(index=frame.index))[1] == {}


def test_shared_beginnings_are_kept_once(results):
  told = rows.details(results, TEXTS)
  begins, short = rows.share_prompts(told)
  assert begins == {'letters': '<s>Rate the word.\n'}
  assert short[3]['prompts'] == [['letters', '3 </b>']]
  assert told[3]['prompts'][0][1].startswith('<s>')
