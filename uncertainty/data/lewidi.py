"""LeWiDi 2025: four data sets of the shared task Learning with Disagreements.

`csc` (Jang & Frassinelli 2024): how sarcastic is an answer, from 1 to 6. `mp`
(MultiPICo, Casola et al. 2024): is a reply ironic, in nine languages. `par`:
do two questions ask the same, from −5 to 5. `varierrnli` (Weber-Genzel et al.
2024): inferences, with several labels where a person saw several. Each keeps
its authors' licence, and the collection states none, so that it is never
downloaded unasked.
https://github.com/Le-Wi-Di/le-wi-di.github.io (LeWiDi_3-2025)

The checksums are those of the files in that repository's git tree.
"""

import json
import pathlib
from collections.abc import Iterator, Mapping
from typing import Any

import tensorflow_datasets as tfds
from typing_extensions import override

from uncertainty.data import builder, ratings, sources
from uncertainty.specs import DataSpec
from uncertainty.types import Item, Rating, UserError

_BLOBS = {
    'CSC/CSC_train.json': '9661f5b1d269c3d422745ea54119d8b6376b457d',
    'CSC/CSC_dev.json': '919fa0d2687367ca9c803a985c4f357f54684503',
    'CSC/CSC_test.json': 'dd60828aae86f74e7bc7e5b4ba1e617841fe8a0d',
    'CSC/CSC_annotators_meta.json': 'cafb6f3574c96708cd2bd586335dd465ad5f08a3',
    'MP/MP_train.json': 'f31e900a036b447b5f3f47cec811b1cb4eda3fc8',
    'MP/MP_dev.json': 'fb6326ebf03b3a5f361f14e893d584e3d68a56a0',
    'MP/MP_test.json': 'b60a0d162ab17522c2c006482df83f2db3eb5f9b',
    'MP/MP_annotators_meta.json': 'de3b4fae841ac914e1562c17f8061ac1beccada3',
    'Paraphrase/Paraphrase_train.json':
        '273c2a9e680d5fb9821fabc774fdfda08ba3be51',
    'Paraphrase/Paraphrase_dev.json':
        'fa736cf1f0c3871d6cd44027bb310f48abd2cbff',
    'Paraphrase/Paraphrase_test.json':
        '78ed5b95db772fe918f956700154dc38dfdeb839',
    'VariErrNLI/VariErrNLI_train.json':
        '33563d6fcad8233103e809effd1c8011512f382e',
    'VariErrNLI/VariErrNLI_dev.json':
        '91cb9d1e365da936e9eb3c973c95dfc1378a8406',
    'VariErrNLI/VariErrNLI_test.json':
        '73c3e62ea6e9749aecd4642f1a28abe5362b695d',
}
_WHERE = ('its parts keep their own licences and the collection states none;'
          ' it is in LeWiDi_3-2025 of'
          ' https://github.com/Le-Wi-Di/le-wi-di.github.io')
_META = '_annotators_meta.json'

_INFERENCE = ('entailment', 'neutral', 'contradiction')
_IRONY = ('not ironic', 'ironic')
_CHOICES = {
    'csc': tuple(str(point) for point in range(1, 7)),
    'mp': _IRONY,
    'par': tuple(str(point) for point in range(-5, 6)),
    'varierrnli': _INFERENCE,
}
# What people wrote → the choice, where it is not the choice's own words.
_LABELS = {'mp': {'0': 0, '1': 1}}
_ORDERED = ('csc', 'par')
_QUESTIONS = {
    'csc': ('Context: {context}\nAnswer: {response}\n'
            'How sarcastic is the answer, from 1 (not at all) to 6 (very)?'),
    'mp': 'Post: {post}\nReply: {reply}\nIs the reply ironic?',
    'par': ('First question: {Question1}\nSecond question: {Question2}\n'
            'Do both ask the same, from -5 (not at all) to 5 (exactly)?'),
    'varierrnli': ('Premise: {context}\nHypothesis: {statement}\n'
                   'Does the premise entail the hypothesis, contradict it, or'
                   ' neither?'),
}
_NAMES = {'CSC': 'csc', 'MP': 'mp', 'Paraphrase': 'par',
          'VariErrNLI': 'varierrnli'}
# Fields of people's metadata that are groups of them, by our names.
_GROUPS = {'Gender': 'gender', 'Age': 'age', 'Nationality': 'nationality',
           'Ethnicity simplified': 'ethnicity'}
_UNKNOWN = ('DATA_EXPIRED', 'CONSENT_REVOKED', 'nan', '')


class LeWiDi(builder.ItemBuilder):
  """Texts that people disagree on, with every person's label.

  Subsets: `csc`, `mp`, `par`, `varierrnli`; `train`, `dev`, `test`; for `mp`
  a language such as `es`. Who gave several labels (`varierrnli`) has them in
  words, and counts in no share.
  """

  VERSION = tfds.core.Version('1.0.0')
  name = 'lewidi'
  SOURCES = tuple(
      sources.Source(path=path, digest=f'git:{blob}', optional=True,
                     by_hand=_WHERE)
      for path, blob in _BLOBS.items())

  @override
  @classmethod
  def locate(cls, spec: DataSpec, download_dir: pathlib.Path) -> builder.Paths:
    paths = super().locate(spec, download_dir)
    if not any(not path.endswith(_META) for path in paths):
      raise UserError(f'lewidi: its files cannot be downloaded ({_WHERE}); put'
                      ' CSC, MP, Paraphrase or VariErrNLI in a folder named'
                      ' lewidi/ and name its parent with'
                      ' --config.data.manual_dir')
    return paths

  @override
  @classmethod
  def read(cls, paths: builder.Paths) -> Iterator[Item]:
    for path in _BLOBS:
      if path in paths and not path.endswith(_META):
        folder, _, file = path.partition('/')
        people = _people(paths.get(f'{folder}/{folder}{_META}'))
        split = file.removesuffix('.json').rpartition('_')[2]
        yield from _items(paths[path], _NAMES[folder], split, people)


def _people(path: pathlib.Path | None) -> dict[str, dict[str, str]]:
  """Person → groups; {} where the part publishes none that can be read."""
  if path is None:
    return {}
  found = {}
  for person, fields in json.loads(path.read_text(encoding='utf-8')).items():
    # One part numbers its people, the other names them as its labels do.
    name = person if person.startswith('Ann') else f'Ann{person}'
    found[name] = {
        ours: str(fields[theirs]) for theirs, ours in _GROUPS.items()
        if str(fields.get(theirs, '')) not in _UNKNOWN}
  return found


def _items(path: pathlib.Path, part: str, split: str,
           people: Mapping[str, Mapping[str, str]]) -> Iterator[Item]:
  records = json.loads(path.read_text(encoding='utf-8'))
  for key, record in records.items():
    try:
      given = tuple(
          _rating(part, person, str(label), people.get(person, {}))
          for person, label in record['annotations'].items())
      question = _QUESTIONS[part].format(**record['text'])
      language = record['lang']
    except (KeyError, TypeError, ValueError, AttributeError) as error:
      raise UserError(f'{path}, {key}: not a text with people\'s labels'
                      f' ({error!r}); get the file again') from error
    choices = _CHOICES[part]
    yield Item(
        item_id=f'lewidi-{part}-{split}-{key}', question=question,
        choices=choices, human_shares=ratings.shares(given, len(choices)),
        human_count=sum(r.choice is not None for r in given) or None,
        ratings=given, group=part, cluster=_cluster(part, record['text']),
        scale=tuple(map(float, choices)) if part in _ORDERED else (),
        extra={'subsets': [split] + ([language] if part == 'mp' else [])})


def _rating(part: str, person: str, label: str, groups: Mapping[str, str]
            ) -> Rating:
  if ',' in label:  # several: none of the choices alone
    for one in label.split(','):
      _choice(part, one)
    return Rating(text=label, rater=f'{part}-{person}', groups=groups)
  choice = _choice(part, label)
  value = float(label) if part in _ORDERED else None
  return Rating(choice, value, rater=f'{part}-{person}', groups=groups)


def _choice(part: str, label: str) -> int:
  label = label.strip()
  known = _LABELS.get(part)
  return known[label] if known else _CHOICES[part].index(label)


def _cluster(part: str, text: Mapping[str, Any]) -> str:
  """What items of one context share."""
  context = text.get('context') or text.get('post') or ''
  return f'{part}: {context.strip()}' if context else ''
