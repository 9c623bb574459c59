"""The ways of asking a model, by the name that `prompt.answer` uses."""

import functools

from uncertainty.inference.tasks.free import run as free
from uncertainty.inference.tasks.letters import run as letters
from uncertainty.inference.tasks.p_true import run as p_true
from uncertainty.inference.tasks.response import run as response
from uncertainty.inference.tasks.samples import run as samples
from uncertainty.inference.tasks.statement import statement
from uncertainty.inference.tasks.task import Task
from uncertainty.inference.tasks.text import text
from uncertainty.inference.tasks.verbal import run as verbal

TASKS: dict[str, Task] = {
    'letters': letters,
    'numbers': functools.partial(letters, labels='numbers'),
    'text': text,
    'free': free,
    'verbal': verbal,
    'p_true': p_true,
    'samples': samples,
    'response': response,
    'statement': statement,
}

# Ways of asking for one of an item's choices: a run takes one of them.
CHOICE_FORMATS = ('letters', 'numbers', 'text')
