"""Small results tables of made-up models, as scoring writes them."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from uncertainty import specs
from uncertainty.analysis.run import make_all, questions, score
from uncertainty.analysis.scores import stack
from uncertainty.analysis.scores.scores import ModelItems
from uncertainty.measures import registry

FAMILIES = ('Aa_1B', 'Aa_3B', 'Bb_2B', 'Bb_7B')
SPEC = dataclasses.replace(specs.StudySpec(), analysis=dataclasses.replace(
    specs.StudySpec().analysis, n_bootstrap=60))


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


_OF_CHOICES = [registry.column('mc', name)
               for name, m in registry.MEASURES.items() if 'mc' in m.prefixes]


def _table(values_MN, model='M', dataset='d', correct=None, **columns):
  n_items = values_MN.shape[1]
  frame = pd.DataFrame(
      {k: list(v) for k, v in columns.items()},
      index=[f'i{i}' for i in range(n_items)])
  correct = np.ones(n_items) if correct is None else correct
  return ModelItems(
      dataset, model, 'base', 'M', 1., frame,
      tuple(_OF_CHOICES[:len(values_MN)]), values_MN,
      np.clip(1 - values_MN, 0, 1), np.tile(correct, (len(values_MN), 1)))


def _results(names, n_items=80, kinds=None):
  rng = np.random.default_rng(0)
  people = rng.random(n_items)
  shares = [[1 - .5 * h, .3 * h, .2 * h] for h in people]
  found = {}
  for i, name in enumerate(names):
    tuned = name.endswith('_Ins')
    follow = people + (.6 if tuned else .2) * rng.normal(size=n_items)
    found['coane', name] = pd.DataFrame({
        'item_id': [f'coane-{j}' for j in range(n_items)],
        'n_choices': 3, 'human_shares': shares, 'human_entropy': people,
        'human_mc_prop_correct': 1 - people + .1 * rng.normal(size=n_items),
        'human_mc_rt_combined': 1000 + 500 * people,
        'mc_choice_entropy': np.clip(follow, 0, 1),
        'mc_total_entropy': np.clip(
            people + .4 * rng.normal(size=n_items), 0, 1),
        'bracket_total_entropy': rng.random(n_items),
        'correct': (rng.random(n_items) > people).astype(float),
        'fr_correct': (rng.random(n_items) > .5).astype(float),
        'agrees': (rng.random(n_items) > .4).astype(float),
        'prompt': 'Q [INST] {' if tuned else 'Q A:',
        'kind': 'instruct' if tuned else 'base', 'model': name})
    if i == 1:  # one model lacks some items
      found['coane', name] = found['coane', name].iloc[5:]
  return found


def _analyse(results) -> dict[str, pd.DataFrame]:
  stacks = stack.stack_results(results)
  tables: dict[str, pd.DataFrame] = {}
  make_all(questions(results, stacks, score(stacks, SPEC), SPEC),
           tables.update)
  return tables


@pytest.fixture(name='model_items')
def _model_items():
  """Makes `ModelItems` out of measures and columns over items."""
  return _table


@pytest.fixture(name='study_results')
def _study_results():
  """Makes results tables of models by name, tuned where they end in _Ins."""
  return _results


@pytest.fixture(name='analyse')
def _analysed():
  """The study's tables of results, with 60 draws."""
  return _analyse


@pytest.fixture
def families() -> tuple[str, ...]:
  """The base models of `study_tables`."""
  return FAMILIES


@pytest.fixture(scope='session')
def study_tables() -> dict[str, pd.DataFrame]:
  """The study's tables of four pairs in two families."""
  return _analyse(_results([m + end for m in FAMILIES for end in ('', '_Ins')]))
