"""What a row of results is of: digests of all that decides its numbers.

Every shard says of each row which model, item, prompt and settings it comes
from. A run that is started again keeps the rows whose digests are those that
it would write itself, and asks for the others again.
"""

import dataclasses
import hashlib
import importlib.metadata
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from uncertainty.results import columns
from uncertainty.specs import StudySpec
from uncertainty.types import Item

# Sections that decide what the scored results contain. The others (analysis,
# mode, results_dir) may change between two runs on one workdir.
_SCORED_SECTIONS = ('model', 'data', 'prompt', 'score', 'free', 'seed')
_SCORED_PROBE_FIELDS = ('sites', 'positions', 'store')
# Where files lie on this machine does not change what is computed.
_LOCATIONS = ('manual_dir', 'data_dir', 'cache_dir', 'responses')
# What a run may ask more of without the answers that it has changing.
# A template's text is in every prompt's digest.
GROWS = ('model.source', 'model.revision', 'data.name', 'data.path',
         'data.subset', 'data.limit', 'data.trained_items', 'prompt.answer',
         'prompt.template')
_EDITED = 'the question was edited'
_ONLY_PEOPLE = 'people\'s counts or shares were edited'


@dataclasses.dataclass(frozen=True)
class Provenance:
  """What the rows of one data set, model and task are of.

  Attributes:
    model: its fingerprint.
    settings: digest of the fields that decide the numbers.
    items: item id → digest of the item, all items of the run.
    questions: item id → digest of the item without people's shares.
    prompts: item id → digest of what the model reads.
    run: which start of the program writes them.
  """

  model: str
  settings: str
  items: Mapping[str, str]
  questions: Mapping[str, str]
  prompts: Mapping[str, str]
  run: str

  def columns(self, item_ids: Sequence[str]) -> dict[str, list[str]]:
    """The columns that say so.

    Args:
      item_ids: n items of the run.

    Returns:
      Column → n entries.
    """
    n = len(item_ids)
    return {
        columns.ITEM_DIGEST: [self.items[i] for i in item_ids],
        columns.QUESTION_DIGEST: [self.questions[i] for i in item_ids],
        columns.PROMPT_DIGEST: [self.prompts[i] for i in item_ids],
        columns.MODEL_FINGERPRINT: [self.model] * n,
        columns.SETTINGS_DIGEST: [self.settings] * n,
        columns.PACKAGE_VERSION: [version('uncertainty') or ''] * n,
        columns.RUN_ID: [self.run] * n,
    }

  def doubts(self, table: pa.Table) -> list[str]:
    """Why rows are not those that this run would write.

    Args:
      table: n rows of a shard, of one model.

    Returns:
      A reason for each; '' for a row that may stay, or whose item this run
      does not ask.
    """
    ids = table[columns.ITEM_ID].to_pylist()
    expected = {
        _EDITED: (columns.ITEM_DIGEST, self.items),
        'the prompt reads otherwise now': (columns.PROMPT_DIGEST, self.prompts),
        'the settings were others, or the files of a judge or plugin': (
            columns.SETTINGS_DIGEST, dict.fromkeys(self.items, self.settings))}
    found = {}
    for reason, (name, _) in expected.items():
      if name not in table.column_names:
        return ['they say not what they are of (an earlier version wrote them)'
                if i in self.items else '' for i in ids]
      found[reason] = table[name].to_pylist()
    same_question = self._same_questions(table, ids)
    doubts = [
        next((reason for reason, (_, wanted) in expected.items()
              if i in wanted and found[reason][row] != wanted[i]), '')
        for row, i in enumerate(ids)]
    return [_ONLY_PEOPLE if doubt == _EDITED and same else doubt
            for doubt, same in zip(doubts, same_question, strict=True)]

  def _same_questions(
      self, table: pa.Table, ids: Sequence[str]) -> list[bool]:
    """Of which rows all is as it was but, perhaps, people's shares."""
    if columns.QUESTION_DIGEST not in table.column_names:
      return [False] * len(ids)  # of a version that could not tell
    return [self.questions.get(i) == digest for i, digest in zip(
        ids, table[columns.QUESTION_DIGEST].to_pylist(), strict=True)]


def provenance(
    fingerprint: str, spec: StudySpec, items: Sequence[Item],
    texts: Sequence[Sequence[str]], run: str, code: Sequence[str] = (),
    steered: str = '',
) -> Provenance:
  """What rows are of that are written now.

  Args:
    fingerprint: of the model.
    spec: of the run.
    items: all items of the run.
    texts: of each, all that the model reads of it.
    run: which start of the program writes them.
    code: digests of what else decides the rows: a plugin's ways of asking and
      families, a judge's files; '' for what there is not.
    steered: digest of what is done to the model's residual stream.

  Returns:
    The digests.
  """
  settings = of_value(settings_fields(dataclasses.asdict(spec)))
  for part in filter(None, (*code, steered)):
    settings = of_value([settings, part])
  if spec.probe.sites and spec.probe.store == 'sums':
    # Sums cannot forget an item, and its fold depends on the others.
    people = [(dict(i.human), i.human_count) for i in items]
    settings = of_value([settings, of_items(items), people, spec.probe.n_folds])
  ids = [i.item_id for i in items]
  return Provenance(
      fingerprint, settings, dict(zip(ids, map(of_item, items))),
      dict(zip(ids, map(_of_question, items))),
      dict(zip(ids, map(of_value, texts))), run)


def of_item(item: Item) -> str:
  """Digest of what the prompt is made of and the answer is graded by.

  Response times, single people's ratings, the choices' scale and other signals
  of people count for no prompt and no grade, nor does the item's cluster:
  they may be corrected without asking again. They are written into each
  results table anew, and `schema.read_results` refuses tables that disagree
  about them.

  Args:
    item: any item.

  Returns:
    32 hexadecimal digits.
  """
  return of_value([*_asked(item), _examples(item, _asked)])


def _of_question(item: Item) -> str:
  """As `of_item`, whatever people answered."""
  return of_value([*_without_people(item), _examples(item, _without_people)])


def _examples(item: Item, said: Callable[[Item], list[Any]]) -> list[Any]:
  return [said(e) if isinstance(e, Item) else e
          for e in item.extra.get('examples', ())]


def _without_people(item: Item) -> list[Any]:
  return _asked(dataclasses.replace(item, human_shares=None))


def _asked(item: Item) -> list[Any]:
  return [item.item_id, item.question, item.choices, item.answer,
          item.answer_text, item.aliases, item.human_shares, item.group]


def of_items(items: Sequence[Item]) -> str:
  """Digest of a run's items, their order included.

  Args:
    items: all of them.

  Returns:
    32 hexadecimal digits.
  """
  return of_value([of_item(item) for item in items])


def settings_fields(config: Mapping[str, Any]) -> dict[str, Any]:
  """The fields of a config that decide an answer, given model and prompt.

  Args:
    config: a StudySpec as nested mappings.

  Returns:
    'section.field' → value; without where files lie (`_LOCATIONS`) and what
    only adds rows or tables (`GROWS`).
  """
  return {k: v for k, v in scored_fields(config).items() if k not in GROWS}


def scored_fields(config: Mapping[str, Any]) -> dict[str, Any]:
  """The fields of a config that decide what the scored tables contain.

  Args:
    config: a StudySpec as nested mappings.

  Returns:
    'section.field' → value, without where files lie.
  """
  flat = {}
  for section in _SCORED_SECTIONS:
    value = config[section]
    if isinstance(value, Mapping):
      flat |= {f'{section}.{k}': v for k, v in value.items()
               if k not in _LOCATIONS}
    else:
      flat[section] = value
  return flat | {
      f'probe.{k}': config['probe'][k] for k in _SCORED_PROBE_FIELDS}


def version(package: str) -> str | None:
  """An installed package's version.

  Args:
    package: its name on the index.

  Returns:
    The version; None for what is not installed (a checkout that is run).
  """
  try:
    return importlib.metadata.version(package)
  except importlib.metadata.PackageNotFoundError:
    return None


def of_value(value: Any) -> str:
  """Digest of a JSON value; floats count to the last bit.

  Args:
    value: of any nesting; the order of a mapping's keys does not count.

  Returns:
    32 hexadecimal digits.
  """
  text = json.dumps(value, sort_keys=True, default=str)
  return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
