"""ChaosNLI (Nie et al. 2020): a hundred people's judgements of inferences.

SNLI and MNLI items have three choices, alphaNLI items two; CC BY-NC 4.0.
https://github.com/easonnie/ChaosNLI
"""

import json
from collections.abc import Iterator

import tensorflow_datasets as tfds
from typing_extensions import override

from uncertainty.data import builder, sources
from uncertainty.types import Item, UserError

_URL = 'https://www.dropbox.com/s/h4j7dqszmpt2679/chaosNLI_v1.0.zip?dl=1'

# Of the files inside the archive; the archive itself was never at hand.
_DIGESTS = {
    'snli': '99f9015ddda7d85f66a087452bc30d53974314fe27e7d589e2f41ad44bd509c1',
    'mnli_m':
        '8eb49b589488e7b1a9ec95fb8a864bd50f0509b4f808eed0aed3f8167617664d',
    'alphanli':
        'f55817ecc11a02ba3030cd7d2c567d23843456809020723abad53f4fde024c9e',
}
_SOURCES = {
    part: sources.Source(
        path=f'chaosNLI_{part}.jsonl', digest=f'sha256:{digest}', url=_URL,
        member=f'chaosNLI_v1.0/chaosNLI_{part}.jsonl')
    for part, digest in _DIGESTS.items()
}
_LABELS = {'e': 'entailment', 'n': 'neutral', 'c': 'contradiction'}


class ChaosNLI(builder.ItemBuilder):
  """Inferences, with the distribution of a hundred people's judgements.

  Subsets: `snli`, `mnli_m`, `alphanli`, or several, comma-separated.
  """

  VERSION = tfds.core.Version('1.1.0')
  name = 'chaosnli'
  SOURCES = tuple(_SOURCES.values())

  @override
  @classmethod
  def read(cls, paths: builder.Paths) -> Iterator[Item]:
    for part, source in _SOURCES.items():
      path = paths[source.path]
      with open(path, encoding='utf-8') as file:
        for number, line in enumerate(file, 1):
          try:
            yield _item(json.loads(line), part)
          except (ValueError, KeyError) as error:
            raise UserError(f'{path}, line {number}: not a ChaosNLI record'
                            f' ({error!r}); download the file again') from error


def _item(record: dict, part: str) -> Item:
  example, counts = record['example'], record['label_count']
  if part == 'alphanli':
    question = (f'Beginning: {example["obs1"]}\nEnd: {example["obs2"]}\n'
                'What happened in between?')
    choices = (example['hyp1'], example['hyp2'])
    cluster = f'{example["obs1"].strip()} {example["obs2"].strip()}'
    answer = int(record['old_label']) - 1
  else:
    question = (f'Premise: {example["premise"].strip()}\n'
                f'Hypothesis: {example["hypothesis"].strip()}\n'
                'Does the premise entail the hypothesis, contradict it, or'
                ' neither?')
    choices = tuple(_LABELS.values())
    cluster = example['premise'].strip()
    answer = list(_LABELS).index(record['old_label'])
  total = sum(counts)
  return Item(
      item_id=f'chaosnli-{part}-{record["uid"]}', question=question,
      choices=choices, answer=answer, answer_text=choices[answer],
      human_shares=tuple(n / total for n in counts), human_count=total,
      group=part, cluster=cluster)
