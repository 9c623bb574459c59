"""What every way of asking has in common."""

import inspect

import pytest

from uncertainty import inference
from uncertainty.inference.tasks.task import Task, TaskChunk


@pytest.mark.parametrize('name', inference.TASKS)
def test_every_task_takes_what_the_protocol_says(name):
  wanted = dict(inspect.signature(Task.__call__).parameters)
  del wanted['self']
  parameters = inspect.signature(inference.TASKS[name]).parameters
  for parameter in wanted.values():
    found = parameters[parameter.name]
    assert (found.kind, found.default) == (parameter.kind, parameter.default)
  # A task may take more only if it can do without.
  assert all(parameters[extra].default is not inspect.Parameter.empty
             for extra in parameters.keys() - wanted.keys())


def test_chunks_share_no_activations():
  first, second = (TaskChunk([i], {'correct': [1.0]}) for i in 'ab')
  assert first.activations == {}
  assert first.activations is not second.activations
