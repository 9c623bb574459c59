"""CamChoice: Cambridge reading items with candidates' answers, by hand only.

Mullooly et al. (2023), "The Cambridge Multiple-Choice Questions Reading
Dataset". Its licence forbids copies: ask for the file at
https://englishlanguageitutoring.com/datasets/ and put it, as it ships, under
`manual_dir/camchoice/`.
"""

import json
import pathlib
from collections.abc import Iterator

import tensorflow_datasets as tfds
from typing_extensions import override

from uncertainty.data import builder, sources
from uncertainty.results import columns
from uncertainty.specs import DataSpec
from uncertainty.types import Item, UserError

_NAMES = ('Cambridge Multiple-Choice Questions Reading Dataset.jsonl',
          'CMCQRD.jsonl', 'camchoice.jsonl')


class CamChoice(builder.ItemBuilder):
  """Reading comprehension, with the share of candidates behind each choice.

  A question is its passage and the question itself, a space between. Subset:
  a CEFR level (`B1` to `C2`), or several, comma-separated.
  """

  VERSION = tfds.core.Version('1.1.0')
  name = 'camchoice'
  SOURCES = (sources.Source(path=_NAMES[0]),)

  @override
  @classmethod
  def locate(cls, spec: DataSpec, download_dir: pathlib.Path) -> builder.Paths:
    for name in _NAMES:
      path = sources.find(cls.name, sources.Source(path=name), spec.manual_dir)
      if path is not None:
        return {'camchoice.jsonl': path}
    return super().locate(spec, download_dir)

  @override
  @classmethod
  def read(cls, paths: builder.Paths) -> Iterator[Item]:
    path = paths['camchoice.jsonl']
    with open(path, encoding='utf-8') as file:
      for number, line in enumerate(file, 1):
        if not line.strip():
          continue
        try:
          yield from _items(json.loads(line))
        except (ValueError, KeyError, AttributeError) as error:
          raise UserError(f'{path}, line {number}: not a reading task with text'
                          ' and questions, each with options a to d and an'
                          f' answer ({error!r}); use the file as it ships'
                          ) from error


def _items(task: dict) -> Iterator[Item]:
  for number, question in task['questions'].items():
    letters = sorted(question['options'])
    options = [question['options'][letter] for letter in letters]
    choices = tuple(option['text'] for option in options)
    answer = letters.index(question['answer'].strip().lower())
    shares = [option.get('fac') for option in options]
    # Option-level shares were published for 78 of the 120 tasks only.
    known = all(share is not None for share in shares)
    level = str(task.get('level', ''))
    yield Item(
        item_id=f'camchoice-{task["id"]}-{number}',
        question=f'{task["text"]} {question["text"]}',
        choices=choices, answer=answer, answer_text=choices[answer],
        human_shares=tuple(map(float, shares)) if known else None,
        human=({columns.HUMAN_MC_PROP_CORRECT: float(shares[answer])}
               if known else {}),
        # Questions of one passage share what its readers understood.
        group=level, cluster=str(task['id']))
