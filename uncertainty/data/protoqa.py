"""ProtoQA (Boratko et al. 2020): what people name first; no right answer.

Family-feud questions with clusters of answers and how many people gave each;
CC BY 4.0. https://github.com/iesl/protoqa-data
"""

import json
import pathlib
from collections.abc import Iterator

import tensorflow_datasets as tfds
from typing_extensions import override

from uncertainty import human, parquet
from uncertainty.data import builder, sources
from uncertainty.specs import DataSpec
from uncertainty.types import Item, UserError

_URL = ('https://raw.githubusercontent.com/iesl/protoqa-data/'
        'c6c5696cd0cc18d990499a431c2923cef8003104/data/')
# The blob ids are the repository's own, read from its tree.
_SOURCES = {
    'train': sources.Source(
        path='train.jsonl', url=_URL + 'train/train.jsonl',
        digest='git:799973e87fb8017e88d20b956e10b77b6b2ca381'),
    'dev.scraped': sources.Source(
        path='dev.scraped.jsonl', url=_URL + 'dev/dev.scraped.jsonl',
        digest='sha256:ed2d094741de9e7eae0091eaeeca8a94'
               '104aa49792efdd75bed91d3ab6177576'),
    'dev.crowdsourced': sources.Source(
        path='dev.crowdsourced.jsonl', url=_URL + 'dev/dev.crowdsourced.jsonl',
        digest='sha256:cd3bec04e9ec9294ebf5b75eda6eb0d5'
               'abcffec926407eaf852be9c744c67ce5'),
}
# The training questions as the published results used them; used if at hand.
_PREPARED = sources.Source(
    path='protoqa_data.parquet', optional=True,
    digest='sha256:8ed14d24bd7f83da89f3f94b591c0c38'
           '93e0dcfa3ddbf84ee8d8d4055b5726e9')

# The published runs kept scraped questions with two to nine answers; a
# crowdsourced one may have as many as there are letters.
_MAX_ANSWERS = {'train': 9, 'dev.scraped': 9,
                'dev.crowdsourced': human.MAX_CHOICES}


class ProtoQA(builder.ItemBuilder):
  """Questions without a right answer, with counts of people's answers.

  Subsets: `train` (the 8 724 questions of the published results, from
  train.jsonl, or from protoqa_data.parquet where that is in the manual
  folder), `dev.scraped`, `dev.crowdsourced`.
  """

  VERSION = tfds.core.Version('1.1.0')
  DEFAULT_SUBSET = 'train'
  name = 'protoqa'

  @override
  @classmethod
  def locate(cls, spec: DataSpec, download_dir: pathlib.Path) -> builder.Paths:
    subset = spec.subset or cls.DEFAULT_SUBSET
    if subset not in _SOURCES:
      raise UserError(f'data.subset={subset}: protoqa has'
                      f' {", ".join(_SOURCES)}')
    wanted = [_SOURCES[subset]]
    if subset == 'train' and sources.find(cls.name, _PREPARED, spec.manual_dir):
      wanted = [_PREPARED]
    return sources.locate(cls.name, wanted, manual_dir=spec.manual_dir,
                          download_dir=download_dir)

  @override
  @classmethod
  def read(cls, paths: builder.Paths) -> Iterator[Item]:
    [(name, path)] = paths.items()
    if name == _PREPARED.path:
      yield from _read_prepared(path)
      return
    [subset] = [k for k, source in _SOURCES.items() if source.path == name]
    yield from _read_jsonl(path, subset)


def _read_prepared(path: pathlib.Path) -> Iterator[Item]:
  table = parquet.read(path, 'use the file as it ships')
  for row, (question, answers, ratios, count) in enumerate(zip(
      table['Question'], table['Answers'], table['Answer_Ratios'],
      table['Response_Count'])):
    yield Item(
        item_id=f'protoqa-train-{row:04d}', question=str(question),
        choices=tuple(map(str, answers)),
        human_shares=tuple(map(float, ratios)), human_count=int(count),
        cluster=human.question_cluster(str(question)),
        extra={'row': row, 'subsets': ['train']})


def _read_jsonl(path: pathlib.Path, subset: str) -> Iterator[Item]:
  row = 0
  with open(path, encoding='utf-8') as file:
    for number, line in enumerate(file, 1):
      try:
        record = json.loads(line)
        clusters = [(cluster['answers'][0] if subset != 'dev.crowdsourced'
                     else _commonest(cluster['answers'], record),
                     int(cluster['count']))
                    for cluster in record['answers']['clusters'].values()]
        question = record['question']['original'].strip()
        source_id = record['metadata']['id']
      except (ValueError, KeyError, IndexError) as error:
        raise UserError(f'{path}, line {number}: not a ProtoQA record'
                        f' ({error!r}); download the file again') from error
      count = sum(n for _, n in clusters)
      if not 2 <= len(clusters) <= _MAX_ANSWERS[subset] or not count:
        continue
      clusters.sort(key=lambda cluster: -cluster[1])
      yield Item(
          item_id=f'protoqa-{subset}-{row:04d}', question=question,
          choices=tuple(words for words, _ in clusters),
          # Rounded as in the published table.
          human_shares=tuple(round(n / count, 4) for _, n in clusters),
          human_count=count, cluster=human.question_cluster(question),
          extra={'row': row, 'subsets': [subset], 'source_id': source_id})
      row += 1


def _commonest(answers: list[str], record: dict) -> str:
  """The cluster's wording that most people gave; the shortest of several."""
  raw = record['answers']['raw']
  return min(answers, key=lambda words: (-raw.get(words, 0), len(words), words))
