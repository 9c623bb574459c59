"""Items and a spec for tests of the tasks that generate."""

import numpy as np

from uncertainty.inference.generate import Generation
from uncertainty.specs import DataSpec, FreeSpec, PromptSpec, StudySpec
from uncertainty.types import Item

SPEC = StudySpec(
    data=DataSpec(name='table'), prompt=PromptSpec(answer='free'),
    free=FreeSpec(max_tokens=10, batch_size=4, n_samples=3, judge='words'))
ITEMS = [
    Item('a', 'Who was first?', answer_text='Adam'),
    Item('b', 'What is it?', ('yes', 'no'), 1),
    Item('c', 'Where is the other one?', answer_text='there'),
    Item('d', 'No right answer?'),
    Item('e', 'Which?', answer_text='that'),
]


def rows(chunks):
  """Item id → its row of results."""
  return {item_id: {k: v[i] for k, v in chunk.columns.items()}
          for chunk in chunks for i, item_id in enumerate(chunk.item_ids)}


def generation(tiny, text, hit_cap=False):
  """A generation of the tiny model's that reads `text`."""
  tokens = [tiny.PIECES.index(c) for c in text]
  n = len(tokens)
  steps = {'total_entropy': np.full(n, .5), 'token_logprob': np.full(n, -1.)}
  return Generation('a', 0, np.asarray(tokens), steps, None, None, None,
                    hit_cap)
