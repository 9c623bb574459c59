"""Per-sample logs of lm-evaluation-harness, as items.

`lm_eval --log_samples` writes `samples_TASK_TIME.jsonl`, a JSON object a line:
`doc_id`, `doc`, `target`, `arguments` (what was read: context and
continuation, one pair a choice) and `filtered_resps` or `resps` (what came of
it). A task of choices becomes items with choices; a task that generates becomes
open questions whose answer of then is their `response`.
"""

import json
import pathlib
from collections.abc import Mapping
from typing import Any

from uncertainty import files, human
from uncertainty.specs import DataSpec
from uncertainty.types import Item, UserError


def load(spec: DataSpec) -> list[Item]:
  """Items of the logs at `spec.path`.

  Args:
    spec: `path` names a file, or a folder whose `samples_*.jsonl` are read, in
      any nesting.

  Returns:
    Items in the logs' order; `group` is the task.

  Raises:
    UserError: no such file, a line that is no sample, or an item that is not
      usable (see `human.check`).
  """
  items: dict[str, Item] = {}
  for file in paths(spec):
    # samples_arc_easy_2024-09-01T10-20-30.123456.jsonl
    task = file.stem.removeprefix('samples_').rpartition('_')[0] or file.stem
    lines = file.read_text(encoding='utf-8').split('\n')
    for number, line in enumerate(lines, 1):
      if line.strip():
        where = f'{file}, line {number}'
        with files.malformed(where, 'give logs of lm_eval --log_samples'):
          item = _item(json.loads(line), task, where)
        if item.item_id in items:
          raise UserError(f'{where}: {item.item_id} is there already; keep one '
                          'log of each task')
        items[item.item_id] = human.check(item, source=where)
  if not items:
    raise UserError(f'data.path={spec.path}: the logs hold no samples')
  return list(items.values())


def paths(spec: DataSpec) -> list[pathlib.Path]:
  """The logs that `spec.path` names.

  Args:
    spec: section `data` of a config.

  Returns:
    Files, by name.

  Raises:
    UserError: there are none.
  """
  if not spec.path:
    raise UserError('data.name=lm_eval needs logs: --config.data.path=FOLDER '
                    'that lm_eval --log_samples wrote, or one of its files')
  path = pathlib.Path(spec.path).expanduser()
  found = sorted(path.rglob('samples_*.jsonl')) if path.is_dir() else [path]
  if not found or not found[0].is_file():
    raise UserError(f'data.path={spec.path}: there is no such file, nor a '
                    'folder with samples_*.jsonl; run lm_eval with '
                    '--log_samples')
  return found


def _item(sample: Mapping[str, Any], task: str, where: str) -> Item:
  pairs = [_pair(argument) for argument in _listed(sample['arguments'])]
  question, continuations = pairs[0][0], [text for _, text in pairs]
  item_id = f'{task}-{sample["doc_id"]}'
  if all(isinstance(text, str) for text in continuations):
    if any(context != question for context, _ in pairs):
      raise UserError(
          f'{where}: its choices have contexts of their own, as in Winograd '
          'schemas, so that no one question is asked')
    if len(set(continuations)) < 2:
      raise UserError(f'{where}: has one continuation, no choices; tasks of '
                      'log-likelihood alone are not read')
    choices = tuple(str(text).strip() for text in continuations)
    return Item(item_id, question, choices,
                answer=_right(sample.get('target'), choices), group=task)
  target = sample.get('target')
  given = sample.get('filtered_resps') or sample.get('resps')
  return Item(
      item_id, question, group=task,
      answer_text=target if isinstance(target, str) else '',
      aliases=tuple(map(str, target)) if isinstance(target, list) else (),
      extra={} if given is None else {'response': _first_text(given)})


def _listed(arguments: Any) -> list[Any]:
  """One entry a request; later versions name them gen_args_0, …."""
  if isinstance(arguments, Mapping):
    return [arguments[name] for name in sorted(
        arguments, key=lambda name: int(name.rpartition('_')[2]))]
  return list(arguments)


def _pair(argument: Any) -> tuple[str, Any]:
  """Context, and continuation (or a mapping of how to generate)."""
  if isinstance(argument, Mapping):
    argument = [argument['arg_0'], argument.get('arg_1')]
  return str(argument[0]), argument[1]


def _right(target: Any, choices: tuple[str, ...]) -> int | None:
  text = str(target).strip()
  if text in choices:
    return choices.index(text)
  if isinstance(target, int) and 0 <= target < len(choices):
    return target
  return int(text) if text.isdigit() and int(text) < len(choices) else None


def _first_text(given: Any) -> str:
  while isinstance(given, list) and given:
    given = given[0]
  return given if isinstance(given, str) else ''
