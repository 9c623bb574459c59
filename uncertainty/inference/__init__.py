"""Ways of asking a model, by the name that `prompt.answer` uses.

`TASKS[name](model, items, spec, seed=…)` yields `TaskChunk`s.
"""

from uncertainty.inference.choices import letters, numbers
from uncertainty.inference.tasks import Task, TaskChunk
from uncertainty.inference.text_likelihood import text

TASKS: dict[str, Task] = {
    'letters': letters,
    'numbers': numbers,
    'text': text,
}

# Ways of asking for one of an item's choices: a run takes one of them.
CHOICE_FORMATS = ('letters', 'numbers', 'text')

__all__ = ['CHOICE_FORMATS', 'TASKS', 'Task', 'TaskChunk']
