"""Ways of asking a model, by the name that `prompt.answer` uses.

`TASKS[name](model, items, spec, seed=…)` yields `TaskChunk`s.
"""

from uncertainty.inference.tasks import Task, TaskChunk

TASKS: dict[str, Task] = {}

__all__ = ['TASKS', 'Task', 'TaskChunk']
