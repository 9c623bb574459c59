"""What names of models say."""

import numpy as np
import pytest

from uncertainty.analysis.scores import pairs


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
  assert pairs.pairs(['gemma-3-270m', 'SmolLM2-135M-Instruct']) == []
