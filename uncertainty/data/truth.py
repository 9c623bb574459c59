"""True and false statements (Bürger et al. 2024, "Truth is Universal").

Six topics, each as statements and as their negations, in English and German;
MIT licence. https://github.com/sciai-lab/Truth_is_Universal
"""

import csv
import pathlib
from collections.abc import Iterator

import tensorflow_datasets as tfds
from typing_extensions import override

from uncertainty.data import builder, sources
from uncertainty.types import Item, UserError

_URL = ('https://raw.githubusercontent.com/sciai-lab/Truth_is_Universal/'
        '605ef00514415deb4806969a172f6e13e0798df7/datasets/')

# The repository's own blob ids at that commit.
_BLOBS = {
    'animal_class': 'f9516df9d368a3edfac820a396501bf36773d7b5',
    'animal_class_de': 'd67ceb82912c069c34bc3f4f2b351cf9990cdf71',
    'neg_animal_class': '630b32554b0ded2a89bba9bb88a96a3f2f580352',
    'neg_animal_class_de': '45b7c028e2404bccb211ebdebb06eb3a9c7d6afb',
    'cities': '333224e86f2eb81e95cc54c5c0fd8a7556c698b9',
    'cities_de': 'a9d005ad0f4d73a1e3556d47e59caa0acf688b7f',
    'neg_cities': 'a6f71db4a309ae9cf586431bc30bb7076e351add',
    'neg_cities_de': '1a9718bfcd4901b676c6bc18d008a23d0231c406',
    'element_symb': '0b5c8f71832798167ea84b1aa1f0ee91e7e7bc31',
    'element_symb_de': '74d05aabcfb284383b83e797690d45e78b9858fd',
    'neg_element_symb': 'c456bedc56acb519aee7482bde1dd76c35d0ef4a',
    'neg_element_symb_de': '738272cca6253543ce4ebed243b62186c65748ac',
    'facts': '98e4b1121ef1f8f402701c036ff193db8ec1bbf3',
    'facts_de': '8d6a0af7665b38777d84276a09f7f33ab9a442a7',
    'neg_facts': 'dc210a13ebdf9427b5e90ab724041601d077b2b1',
    'neg_facts_de': '9c2f68116e1a8e1ccddec414f7748d72289aa9fc',
    'inventors': '74bd0eb06bffda26afd4ddbbb44a10dcdc32e351',
    'inventors_de': 'afcc43a9792672fe29f09928e55b386e1489edca',
    'neg_inventors': '0a1f24a5b4a6efe52988dd3363fe24bcff40fbbe',
    'neg_inventors_de': 'b89a1ac9a9639db5dc0fb5e8877af4506dcaabcb',
    'sp_en_trans': 'f99aa08658917c9000b6db1598458fa29ae4aeea',
    'sp_en_trans_de': '168119a716802f383f16338949d720854564fb06',
    'neg_sp_en_trans': '60dd635566cec80004d95cf65a5138da00b4788e',
    'neg_sp_en_trans_de': '2ea7c61e3d51f77628305a629ce3c657fa2f7449',
}

_SOURCES = tuple(
    sources.Source(path=f'{stem}.csv', url=f'{_URL}{stem}.csv',
                   digest=f'git:{blob}') for stem, blob in _BLOBS.items())


class Truth(builder.ItemBuilder):
  """Statements, whether they are true, and whether they negate.

  `extra` holds `statement`, `topic`, `polarity` (1 affirmative, -1 negated)
  and `language` (`en`, `de`). Subsets: a topic, `affirmative`, `negated`,
  `en`, `de`, or several, comma-separated.
  """

  VERSION = tfds.core.Version('1.1.0')
  name = 'truth'
  SOURCES = _SOURCES

  @override
  @classmethod
  def read(cls, paths: builder.Paths) -> Iterator[Item]:
    for source in _SOURCES:
      yield from _read(paths[source.path], source.path.removesuffix('.csv'))


def _read(path: pathlib.Path, stem: str) -> Iterator[Item]:
  negated, german = stem.startswith('neg_'), stem.endswith('_de')
  topic = stem.removeprefix('neg_').removesuffix('_de')
  language = 'de' if german else 'en'
  with open(path, encoding='utf-8', newline='') as file:
    for row, record in enumerate(csv.DictReader(file)):
      statement = (record.get('statement') or '').strip()
      if record.get('label') not in ('0', '1') or not statement:
        raise UserError(f'{path}, record {row + 1}: not a statement with label'
                        ' 0 or 1; download the file again')
      true = record['label'] == '1'
      yield Item(
          item_id=f'truth-{stem}-{row:04d}', question=statement,
          choices=('true', 'false'), answer=0 if true else 1,
          answer_text='true' if true else 'false', group=topic,
          cluster=topic,
          extra={
              'statement': statement,
              'topic': topic,
              'polarity': -1 if negated else 1,
              'language': language,
              'subsets': ['negated' if negated else 'affirmative', language],
          })
