"""Small results tables of made-up models, as scoring writes them."""

import numpy as np
import pandas as pd
import pytest


def _model_frame(name: str, seed: int, n_items: int = 40) -> pd.DataFrame:
  """People are the same for every seed; the model's side is not."""
  people = np.random.default_rng(0)
  shares = people.dirichlet(np.ones(4), n_items)
  answer = people.integers(4, size=n_items).astype(float)
  times = people.normal(4000, 500, n_items)
  times[3] = np.nan
  rng = np.random.default_rng(seed)
  logits = 2 * np.log(shares) + rng.normal(0, 1, (n_items, 4))
  logits -= np.log(np.exp(logits).sum(1, keepdims=True))
  prediction = logits.argmax(1).astype(float)
  probabilities = np.exp(logits)
  entropy = -(probabilities * logits).sum(1) / np.log(4)
  fr_correct = (rng.random(n_items) < 0.5).astype(float)
  fr_correct[5] = np.nan
  return pd.DataFrame({
      'item_id': [f'toy-{i:03d}' for i in range(n_items)],
      'question': [f'Question {i}?' for i in range(n_items)],
      'choices': [['a', 'b', 'c', 'd']] * n_items,
      'answer': answer,
      'human_shares': list(shares),
      'human_count': 50.0,
      'human_entropy': -(shares * np.log(shares)).sum(1) / np.log(4),
      'human_mc_rt_combined': times,
      'human_fr_prop_correct': people.random(n_items),
      'prediction': prediction,
      'correct': (prediction == answer).astype(float),
      'agrees': (prediction == shares.argmax(1)).astype(float),
      'fr_correct': fr_correct,
      'choice_logprobs': list(logits),
      'mc_choice_entropy': entropy,
      'mc_choice_logprob': logits.max(1),
      'mc_varentropy': rng.random(n_items),
      'mc_nucleus_size_0.95': rng.integers(1, 9, n_items),
      'mc_nucleus_size_0.5': np.ones(n_items, int),
      'mc_choice_log_mass': np.full(n_items, np.nan),
      'fr_total_entropy': np.where(np.arange(n_items) == 7, np.nan,
                                   rng.random(n_items)),
      'fr_perplexity': 1 + rng.random(n_items),
      'order_agreement': rng.random(n_items),
      'model': name, 'dataset': 'toy', 'kind': 'base',
      'answer_format': 'letters'})


@pytest.fixture
def toy_results() -> dict[tuple[str, str], pd.DataFrame]:
  """Two models on the 40 items of one data set with right answers."""
  return {('toy', name): _model_frame(name, seed)
          for name, seed in (('alpha', 1), ('beta', 2))}
