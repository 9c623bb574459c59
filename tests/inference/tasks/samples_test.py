"""The task `samples`: words and meaning, by hand."""

import dataclasses
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from uncertainty import inference
from uncertainty.inference import generate
from uncertainty.inference.tasks import equivalence, samples
from uncertainty.inference.tasks import free as free_response
from uncertainty.inference.token_sampling import Sampling
from uncertainty.measures import activation_spread, grading, similarity
from uncertainty.specs import FreeSpec, StudySpec
from uncertainty.types import UserError


def test_sample_columns_by_hand(tiny, asked):
  drawn = [asked.generation(tiny, t)
           for t in ('Adam}', 'adam}', 'Eve}', 'E}')]
  entails = np.asarray([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 1]])
  row = samples.columns(
      asked.ITEMS[0], ['Adam', 'adam', 'Eve', 'E'], drawn,
      equivalence.Judged(entails > 0, entails * 1., entails * 1., 0),
      'words', FreeSpec(n_samples=4))
  assert row['sample_modal_share'] == .5 and row['sample_n_distinct'] == 3
  assert (row['sample_answer'], row['sample_correct']) == ('Adam', 1.)
  # Each sample's mean ln p is −1: two clusters weigh alike.
  assert row['semantic_entropy'] == pytest.approx(math.log(2), abs=1e-9)
  assert row['semantic_entropy_discrete'] == pytest.approx(math.log(2))
  w = np.exp([-5., -5., -4., -2.])
  p = np.asarray([w[:2].sum(), w[2:].sum()]) / w.sum()
  assert row['semantic_entropy_sequence'] == pytest.approx(
      -np.sum(p * np.log(p)), abs=1e-9)
  assert row['semantic_n_clusters'] == 2 and row['semantic_reason'] == ''
  assert row['semantic_variant'] == (
      'words; bidirectional; n=4, temperature=1.0, top_p=1.0, top_k=0; '
      'correction=none')
  # Two pairs that mean the same, and share no word where they differ.
  assert row['degree_uncertainty'] == .5
  assert row['eigenvalue_sum'] == pytest.approx(2)
  assert row['lexical_similarity'] == pytest.approx(1 / 6)
  assert row['semantic_density'] == pytest.approx(1 / 3)
  assert row['cocoa_sequence'] == pytest.approx(5 * 2 / 3)
  assert row['cocoa_perplexity'] == pytest.approx(2 / 3)
  assert row['sample_entailments'] == row['sample_similarities'] == (
      entails.tolist())
  assert row['sample_token_logprobs'][3] == [-1., -1.]


def test_tokens_outside_the_braces_have_no_relevance(answering, asked):
  spec = StudySpec(data=asked.SPEC.data, free=FreeSpec(
      n_samples=3, max_tokens=6, judge='words', token_relevance=True))
  for chunk in inference.TASKS['samples'](
      answering, asked.ITEMS, spec, seed=0):
    for i in range(len(chunk.item_ids)):
      row = {name: values[i] for name, values in chunk.columns.items()}
      for answer, logprobs, relevances in zip(
          row['sample_answers'], row['sample_token_logprobs'],
          row['sample_token_relevances'], strict=True):
        assert len(logprobs) == len(relevances)
        assert all(0 <= r <= 1 for r in relevances)
        assert any(relevances) or not grading.normalise(answer)
      each = [similarity.token_sar(np.array(a), np.array(b)) for a, b in zip(
          row['sample_token_logprobs'], row['sample_token_relevances'])]
      assert row['token_sar'] == pytest.approx(np.mean(each))
      assert row['sar'] == pytest.approx(similarity.sentence_sar(
          -np.array(each), np.array(row['sample_similarities'])))


def test_eigen_score_is_of_the_middle_layer_at_the_answers_ends(
    answering, asked):
  free = FreeSpec(max_tokens=6, batch_size=4, n_samples=3, judge='words')
  plain = StudySpec(data=asked.SPEC.data, free=free)
  spec = dataclasses.replace(
      plain, free=dataclasses.replace(free, middle_layer=True))
  rows = asked.rows(inference.TASKS['samples'](
      answering, asked.ITEMS, spec, seed=0))
  requests = free_response.bracket_requests(
      answering, asked.ITEMS, spec, n_samples=3)
  prompt_of = {r.item_id: list(r.tokens) for r in requests}
  drawn = {(g.item_id, g.sample): g for g in generate.generate(
      answering, requests, generate.GenerateSpec(
          max_tokens=6, batch_size=4, sampling=Sampling(1.0), top_k=0),
      seed=0)}
  layer = activation_spread.middle_layer(answering.config.n_layers)

  @jax.jit
  def middle_of(tokens_1T):
    _, kept = answering.module.apply(
        {'params': answering.params}, tokens_1T, capture_intermediates=True,
        mutable=['intermediates'])
    return kept['intermediates']['layers']['__call__'][0][0][layer, 0]

  lengths = set()
  for item_id, row in rows.items():
    embeddings = []
    for sample in range(3):
      generation = drawn[item_id, sample]
      bracket, _ = free_response.answer_bracket(answering, generation)
      tokens = prompt_of[item_id] + generation.tokens_T.tolist()
      at = len(prompt_of[item_id]) + max(bracket.last, 1) - 1
      lengths.add(len(tokens) - at)
      middle_TD = middle_of(jnp.asarray([tokens + [0] * (96 - len(tokens))]))
      embeddings.append(middle_TD[at])
    assert row['eigen_score'] == pytest.approx(
        activation_spread.eigen_score(np.stack(embeddings)), abs=1e-3)
  assert len(lengths) > 1  # some were closed, some cut off
  # Without it the column is missing, and all else the same to the last bit.
  without = asked.rows(inference.TASKS['samples'](
      answering, asked.ITEMS, plain, seed=0))
  for item_id, row in rows.items():
    del row['eigen_score']
    assert repr(row) == repr(without[item_id])  # missing is equal to missing


def test_samples_need_chance(answering, asked):
  for free in (FreeSpec(n_samples=1), FreeSpec(temperature=0.0)):
    with pytest.raises(UserError, match='n_samples >= 2'):
      next(inference.TASKS['samples'](
          answering, asked.ITEMS,
          StudySpec(data=asked.SPEC.data, free=free), seed=0))
  with pytest.raises(UserError, match='semantic_correction'):
    next(inference.TASKS['samples'](
        answering, asked.ITEMS, StudySpec(data=asked.SPEC.data, free=FreeSpec(
            semantic_correction='x')), seed=0))
