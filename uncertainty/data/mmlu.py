"""MMLU (Hendrycks et al. 2020): 57 subjects, four choices, no human data.

MIT licence. https://github.com/hendrycks/test
"""

import csv
from collections.abc import Iterator

import tensorflow_datasets as tfds
from typing_extensions import override

from uncertainty.data import builder, sources
from uncertainty.types import Item, UserError

_URL = 'https://people.eecs.berkeley.edu/~hendrycks/data.tar'
# As several public projects recorded it for this address.
_ARCHIVE = ('sha256:'
            'bec563ba4bac1d6aaf04141cd7d1605d7a5ca833e38f994051e818489592989b')

SUBJECTS = (
    'abstract_algebra', 'anatomy', 'astronomy', 'business_ethics',
    'clinical_knowledge', 'college_biology', 'college_chemistry',
    'college_computer_science', 'college_mathematics', 'college_medicine',
    'college_physics', 'computer_security', 'conceptual_physics',
    'econometrics', 'electrical_engineering', 'elementary_mathematics',
    'formal_logic', 'global_facts', 'high_school_biology',
    'high_school_chemistry', 'high_school_computer_science',
    'high_school_european_history', 'high_school_geography',
    'high_school_government_and_politics', 'high_school_macroeconomics',
    'high_school_mathematics', 'high_school_microeconomics',
    'high_school_physics', 'high_school_psychology', 'high_school_statistics',
    'high_school_us_history', 'high_school_world_history', 'human_aging',
    'human_sexuality', 'international_law', 'jurisprudence',
    'logical_fallacies', 'machine_learning', 'management', 'marketing',
    'medical_genetics', 'miscellaneous', 'moral_disputes', 'moral_scenarios',
    'nutrition', 'philosophy', 'prehistory', 'professional_accounting',
    'professional_law', 'professional_medicine', 'professional_psychology',
    'public_relations', 'security_studies', 'sociology', 'us_foreign_policy',
    'virology', 'world_religions',
)


def _source(split: str, subject: str) -> sources.Source:
  path = f'{split}/{subject}_{split}.csv'
  return sources.Source(path=path, url=_URL, member=f'data/{path}',
                        archive_digest=_ARCHIVE, optional=split == 'dev')


class MMLU(builder.ItemBuilder):
  """Exam questions of 57 subjects; `dev` gives each its worked examples.

  Subset: one or several subjects, comma-separated.
  """

  VERSION = tfds.core.Version('1.1.0')
  name = 'mmlu'
  SOURCES = tuple(_source(split, subject)
                  for split in ('test', 'dev') for subject in SUBJECTS)

  @override
  @classmethod
  def read(cls, paths: builder.Paths) -> Iterator[Item]:
    yield from _read(paths, 'test')

  @override
  @classmethod
  def read_examples(cls, paths: builder.Paths) -> Iterator[Item]:
    yield from _read(paths, 'dev')


def _read(paths: builder.Paths, split: str) -> Iterator[Item]:
  for subject in SUBJECTS:
    path = paths.get(_source(split, subject).path)
    if path is None:
      continue
    with open(path, encoding='utf-8', newline='') as file:
      for row, cells in enumerate(csv.reader(file)):
        if len(cells) != 6 or cells[5] not in 'ABCD':
          raise UserError(f'{path}, record {row + 1}: not a question, four'
                          ' choices and a letter; download MMLU again')
        answer = 'ABCD'.index(cells[5])
        yield Item(
            item_id=f'mmlu-{subject}-{split}-{row:04d}', question=cells[0],
            choices=tuple(cells[1:5]), answer=answer,
            answer_text=cells[1 + answer], group=subject, cluster=subject)
