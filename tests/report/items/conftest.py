"""Two models' results on disk, one of them without the last item."""

import numpy as np
import pandas as pd
import pytest

N_ITEMS = 12


@pytest.fixture
def results():
  """One row an item: choices, people, a prompt, and a generated answer."""
  steps = np.log(np.array([.5, .2, .1, .08, .06, .04], np.float32))
  return pd.DataFrame({
      'item_id': [f'v-{i:02d}' for i in range(N_ITEMS)],
      'question': [f'How is word {i}?' for i in range(N_ITEMS)],
      'choices': [['good', 'bad']] * N_ITEMS,
      'answer': [float(i % 2) for i in range(N_ITEMS)],
      'human_shares': [[i / 20, 1 - i / 20] for i in range(N_ITEMS)],
      'human_count': 20.0,
      'human_entropy': np.linspace(0, 1, N_ITEMS),
      'human_valence': np.linspace(-4, 4, N_ITEMS),
      'prompt': [f'<s>Rate the word.\n{i} </b>' for i in range(N_ITEMS)],
      'answer_format': 'letters', 'prediction': 0,
      'correct': [float(i % 2 == 0) for i in range(N_ITEMS)],
      'choice_logprobs': [np.log([.3, .1])] * N_ITEMS,
      'fr_answer': 'good', 'fr_tokens': [[' good', '']] * N_ITEMS,
      'fr_token_ids': [[7, 2]] * N_ITEMS,
      'fr_step_top_tokens': [[7, 3, 4, 5, 6, 8] * 2] * N_ITEMS,
      'fr_step_top_logprobs': [np.tile(steps, 2)] * N_ITEMS,
      'fr_step_rest_logprob': [np.log([.02, .02])] * N_ITEMS,
      'verbal_confidence': .9, 'verbal_text': 'I am 90 % sure.',
      'mc_choice_entropy': .4})


@pytest.fixture
def workdir(tmp_path, results):
  folder = tmp_path / 'results' / 'vader'
  folder.mkdir(parents=True)
  results.to_parquet(folder / 'A.parquet')
  results.iloc[:-1].assign(fr_answer='bad').to_parquet(folder / 'B.parquet')
  return tmp_path
