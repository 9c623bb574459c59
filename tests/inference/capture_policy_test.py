"""Which task of a run captures."""

import dataclasses

import pytest

from uncertainty import inference
from uncertainty.specs import ProbeSpec, PromptSpec
from uncertainty.types import UserError


def test_positions_belong_to_one_task_of_a_run(answering, asked):
  spec = dataclasses.replace(
      asked.SPEC, prompt=PromptSpec(answer='letters,free'),
      probe=ProbeSpec(sites='residual', positions='last_prompt'))
  for chunk in inference.TASKS['free'](answering, asked.ITEMS, spec, seed=0):
    assert not chunk.activations
  spec = dataclasses.replace(
      spec, probe=ProbeSpec(sites='residual', positions='answer'))
  with pytest.raises(UserError, match='positions=answer .* add text to it'):
    list(inference.TASKS['free'](answering, asked.ITEMS, spec, seed=0))


def test_several_positions_are_of_a_written_answer(answering, asked):
  spec = dataclasses.replace(
      asked.SPEC, prompt=PromptSpec(answer='letters,free'),
      probe=ProbeSpec(sites='residual', positions='last_prompt,answer_end'))
  with pytest.raises(UserError, match='several of them are of one written'):
    list(inference.TASKS['free'](answering, asked.ITEMS, spec, seed=0))
