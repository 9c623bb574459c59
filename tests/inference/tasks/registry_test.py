"""The ways of asking, by name."""

from uncertainty import inference
from uncertainty.inference import capture_policy
from uncertainty.inference.tasks import registry


def test_the_door_gives_the_table_itself():
  assert inference.TASKS is registry.TASKS
  assert inference.CHOICE_FORMATS is registry.CHOICE_FORMATS
  assert set(registry.CHOICE_FORMATS) <= registry.TASKS.keys()


def test_what_captures_is_a_task():
  assert capture_policy.POSITIONS.keys() <= registry.TASKS.keys()
