"""GlobalOpinionQA (Durmus et al. 2023): survey answers of many countries.

2 556 questions of the Pew Global Attitudes Survey and the World Values Survey,
with each country's shares; CC BY-NC-SA 4.0. arXiv 2306.16388. Its terms forbid
commercial use, so the file is the user's to bring:
https://huggingface.co/datasets/Anthropic/llm_global_opinions

The file was never at hand where this was written: reading it is tested on
small ones of the published form. There are shares of countries but no single
people, nor their number: a country counts as one.
"""

import ast
import math
import re
from collections.abc import Iterator, Mapping

import tensorflow_datasets as tfds
from typing_extensions import override

from uncertainty import human
from uncertainty.data import builder, csv_records, sources
from uncertainty.types import Item, UserError

_FILE = sources.Source(
    path='global_opinions.csv',
    by_hand=('its terms forbid commercial use; it is data/global_opinions.csv'
             ' of https://huggingface.co/datasets/Anthropic/'
             'llm_global_opinions'))
_NEEDED = ('question', 'selections', 'options', 'source')


class GlobalOpinionQA(builder.ItemBuilder):
  """Survey questions, with the mean of the countries' shares.

  Options that nobody could be asked for ("Missing", refusals) stay, as
  published. Subsets: `GAS` (Pew), `WVS`. `extra['countries']` maps each
  country to its own shares.
  """

  VERSION = tfds.core.Version('1.0.0')
  name = 'globalopinionqa'
  SOURCES = (_FILE,)

  @override
  @classmethod
  def read(cls, paths: builder.Paths) -> Iterator[Item]:
    path = paths[_FILE.path]
    with open(path, encoding='utf-8', newline='') as file:
      for number, row in csv_records.read(file, path, _NEEDED):
        try:
          item = _item(number - 1, row)
        except (ValueError, SyntaxError, TypeError) as error:
          raise UserError(f'{path}, record {number}: not a question with'
                          f' options and shares by country ({error}); get the'
                          ' file again') from error
        if item is not None:
          yield item


def _item(number: int, row: Mapping[str, str]) -> Item | None:
  """The record as an item; None for one without a question or a choice."""
  options = [str(option).strip() for option in ast.literal_eval(row['options'])]
  question = (row['question'] or '').strip()
  if not question or not 2 <= len(options) <= human.MAX_CHOICES:
    return None
  # Options of one wording are one choice: people could not tell them apart.
  choices = list(dict.fromkeys(options))
  if len(choices) < 2:
    return None
  countries = {
      country: _shares(shares, options, choices)
      for country, shares in _selections(row['selections']).items()}
  known = [q_C for q_C in countries.values() if q_C]
  mean_C = [sum(shares) / len(known) for shares in zip(*known, strict=True)]
  return Item(
      item_id=f'globalopinionqa-{number:04d}', question=question,
      choices=tuple(choices), human_shares=tuple(mean_C) or None,
      group=row['source'].strip(),
      extra={'countries': {c: q_C for c, q_C in countries.items() if q_C}})


def _selections(text: str) -> dict[str, list[float]]:
  """Country → shares, out of a printed `defaultdict`."""
  found = re.search(r'\{.*\}', text, re.DOTALL)
  if found is None:
    raise ValueError(f'selections {text[:40]!r}')
  return ast.literal_eval(found.group())


def _shares(shares: list[float], options: list[str], choices: list[str]
            ) -> list[float]:
  """A country's shares of the choices, summing to 1; [] if all are zero."""
  if len(shares) != len(options) or any(
      not math.isfinite(q) or q < 0 for q in shares):
    raise ValueError(f'{len(options)} options and shares {shares}')
  total = sum(shares)
  if total <= 0:
    return []
  found = dict.fromkeys(choices, 0.0)
  for option, q in zip(options, shares, strict=True):
    found[option] += q / total
  return list(found.values())
