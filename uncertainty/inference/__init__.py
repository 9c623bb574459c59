"""The engine (batches, prefixes, scoring, generation) and the ways of asking.

`TASKS[name](model, items, spec, seed=…)` yields `TaskChunk`s. This file is the
room's door; the engine's files know no task.
"""

from uncertainty.inference.tasks.prompt_limits import check_texts
from uncertainty.inference.tasks.prompt_texts import prompt_texts
from uncertainty.inference.tasks.registry import CHOICE_FORMATS, TASKS
from uncertainty.inference.tasks.task import Task, TaskChunk

__all__ = ['CHOICE_FORMATS', 'TASKS', 'Task', 'TaskChunk', 'check_texts',
           'prompt_texts']
