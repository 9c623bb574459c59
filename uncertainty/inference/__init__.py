"""Ways of asking a model, by the name that `prompt.answer` uses.

`TASKS[name](model, items, spec, seed=…)` yields `TaskChunk`s.
"""

from uncertainty.inference.tasks import Task, TaskChunk

TASKS: dict[str, Task] = {}

# Ways of asking for one of an item's choices: a run takes one of them.
CHOICE_FORMATS = ('letters', 'numbers', 'text')

__all__ = ['CHOICE_FORMATS', 'TASKS', 'Task', 'TaskChunk']
