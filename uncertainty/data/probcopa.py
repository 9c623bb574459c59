"""ProbCOPA (Kamath et al. 2026): how likely people find an effect.

210 inferences of causes to effects, each rated from 0 to 100 by 25 to 30
people, with the time each took; MIT licence. arXiv 2602.23546.

The file of ratings holds synthetic canary lines, by which its authors see
whether a model was trained on it; they are no ratings, and are left out.
"""

import pathlib
import statistics
from collections.abc import Iterator

import tensorflow_datasets as tfds
from typing_extensions import override

from uncertainty.data import builder, json_lines, ratings, sources
from uncertainty.results import columns
from uncertainty.types import Item, Rating, UserError

_WHERE = ('its authors give no fixed address; it is in the folder datasets of'
          ' the repository of arXiv 2602.23546')
_ITEMS = sources.Source(
    path='probcopa_items.jsonl', by_hand=_WHERE,
    digest=('sha256:'
            '604d75e51af67925e48ab032a7e2f4a82454225fddec328df2a4caa340e57b40'))
_RATINGS = sources.Source(
    path='probcopa_CANARY.jsonl', by_hand=_WHERE,
    digest=('sha256:'
            'fadc90cbaf2a7b228e6830c19e7b9b1bf7e4d78df1e1b113fbcb215dab95be1d'))

CHOICES = ('0 to 20', '21 to 40', '41 to 60', '61 to 80', '81 to 100')
_UPPER_EDGES = (20, 40, 60, 80)
_SCALE = (10.0, 30.0, 50.0, 70.0, 90.0)


class ProbCOPA(builder.ItemBuilder):
  """Inferences, with the likelihood that 25 to 30 people gave each.

  The choices are five bins of the scale; every rating is kept as it is.
  Items of one situation share a cluster. `extra['hard_label']` is 1 where
  COPA has the effect as the more plausible one.
  """

  VERSION = tfds.core.Version('1.0.0')
  name = 'probcopa'
  SOURCES = (_ITEMS, _RATINGS)

  @override
  @classmethod
  def read(cls, paths: builder.Paths) -> Iterator[Item]:
    rated = _ratings(paths[_RATINGS.path])
    known = set()
    for item in json_lines.read(
        paths[_ITEMS.path], lambda record: _item(record, rated),
        'an item of ProbCOPA'):
      known.add(item.extra['uid'])
      yield item
    if strangers := set(rated) - known:
      raise UserError(f'{paths[_RATINGS.path]}: ratings of item'
                      f' {min(strangers)}, which {_ITEMS.path} lacks; get both'
                      ' files from one place')


def _ratings(path: pathlib.Path) -> dict[int, list[Rating]]:
  """Item → its ratings, without the canary lines, which must be there."""
  rated: dict[int, list[Rating]] = {}
  n_canaries = 0
  for record in json_lines.read(path, dict, 'a rating of ProbCOPA'):
    if record.get('type') == 'canary':
      n_canaries += 1
      continue
    if 'canary' in str(record).lower():
      raise UserError(f'{path}: a canary in the form of a rating: {record};'
                      ' get the file again')
    uid, rating = _rating(record, path)
    rated.setdefault(uid, []).append(rating)
  if not n_canaries:
    raise UserError(f'{path}: its canary lines are gone, so that it is not the'
                    ' file that its authors publish; get it again, and leave'
                    ' them in')
  return rated


def _rating(record: dict, path: pathlib.Path) -> tuple[int, Rating]:
  try:
    value = float(record['response'])
    if not 0 <= value <= 100:
      raise ValueError(f'a response of {value:g}')
    return int(record['UID']), Rating(
        choice=ratings.binned(value, _UPPER_EDGES), value=value,
        rater=str(record['workerid']), time_ms=1000 * float(record['time']))
  except (KeyError, TypeError, ValueError) as error:
    raise UserError(f'{path}: not a rating of 0 to 100 with its time:'
                    f' {record} ({error!r}); get the file again') from error


def _item(record: dict, rated: dict[int, list[Rating]]) -> Item:
  uid = int(record['UID'])
  given = tuple(rated.get(uid, ()))
  if not given:
    raise ValueError(f'item {uid} has no ratings')
  values = [rating.value for rating in given if rating.value is not None]
  times = [rating.time_ms for rating in given if rating.time_ms is not None]
  return Item(
      item_id=f'probcopa-{uid:03d}',
      question=(f'Situation: {record["premise"].strip()}\n'
                f'Possible {record["asks-for"]}:'
                f' {record["hypothesis"].strip()}\n'
                'How likely is it, from 0 to 100, that this is the'
                f' {record["asks-for"]} of the situation?'),
      choices=CHOICES,
      human_shares=ratings.shares(given, len(CHOICES)),
      human_count=len(given), ratings=given, scale=_SCALE,
      human={
          columns.HUMAN_RATING: statistics.fmean(values),
          columns.HUMAN_RATING_SD: ratings.spread(values),
          columns.HUMAN_MC_RT_COMBINED: statistics.fmean(times),
      },
      cluster=str(record['original_id']),
      extra={'uid': uid, 'hard_label': record['hard_label']})
