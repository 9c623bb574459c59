"""Items and a spec for tests of the choice tasks."""

import dataclasses

from uncertainty import inference
from uncertainty.specs import DataSpec, PromptSpec, ScoreSpec, StudySpec
from uncertainty.types import Item

ITEMS = [
    Item('q0', 'Which is red?', ('sky', 'blood', 'grass'), answer=1,
         human_shares=(0.1, 0.7, 0.2)),
    Item('q1', 'Which is first?', ('a', 'b'), answer=0,
         human_shares=(0.5, 0.5)),
    Item('q2', 'Is it?', ('no', 'yes', 'maybe', 'so')),
    Item('q3', 'Who?', ('me', 'you it')),
]
SPEC = StudySpec(
    data=DataSpec(name='table'),
    prompt=PromptSpec(profile='clean', style='completion', few_shot=False),
    score=ScoreSpec(batch_tokens=512, row_tokens=0, top_k=10))


def spec(**prompt):
  """`SPEC` with other fields of `prompt`."""
  return dataclasses.replace(
      SPEC, prompt=dataclasses.replace(SPEC.prompt, **prompt))


def rows(model, task, spec, items=ITEMS, **kwargs):
  """Item id → its row of results, activations under `@site`."""
  found = {}
  for chunk in inference.TASKS[task](model, items, spec, seed=0, **kwargs):
    for name, values in chunk.columns.items():
      assert len(values) == len(chunk.item_ids), name
    for j, item_id in enumerate(chunk.item_ids):
      assert item_id not in found
      found[item_id] = {k: v[j] for k, v in chunk.columns.items()} | {
          f'@{site}': x[j] for site, x in chunk.activations.items()}
  return found
