"""Results as the item view takes them: one model at a time."""

import dataclasses
import functools
import pathlib
from collections.abc import Callable, Iterator, Mapping

import pandas as pd
import pyarrow.parquet as pq

from uncertainty import data, files
from uncertainty.measures import registry
from uncertainty.results import columns as cols
from uncertainty.results import published, schema, tokens, typed_tables
from uncertainty.specs import StudySpec

# What is shown of a row beside its prompts, its measures and what was said of
# confidence.
_SHOWN = (
    cols.ITEM_ID, cols.QUESTION, cols.CHOICES, cols.ANSWER, cols.ANSWER_TEXT,
    cols.GROUP, cols.HUMAN_SHARES, cols.HUMAN_COUNT, cols.HUMAN_ENTROPY,
    cols.PREDICTION, cols.CORRECT, cols.AGREES, cols.CHOICE_LOGPROBS,
    cols.TOP_LOGPROBS, cols.TOP_TOKENS, cols.FR_ANSWER, cols.FR_CORRECT,
    cols.FR_REASON, cols.FR_TOKENS, cols.FR_TOKEN_IDS, cols.FR_HIT_CAP,
    cols.FR_PROMPT, cols.FR_STEP_TOP_LOGPROBS, cols.FR_STEP_TOP_TOKENS,
    cols.FR_STEP_REST_LOGPROB, cols.SAMPLE_ANSWERS, cols.SAMPLE_LOGPROBS,
    cols.SEMANTIC_CLUSTERS, cols.P_TRUE_ANSWER, cols.KIND, cols.FAMILY,
    cols.SIZE, cols.BASE, cols.MODEL_SIZE, cols.ANSWER_FORMAT)


@dataclasses.dataclass(frozen=True)
class Answered:
  """One model's results on one data set.

  Attributes:
    model: its name, as analysis calls it.
    read: gives its table, one row an item; read anew at each call.
    texts: token id → text, of the tokens that the table names; empty where
      the run that wrote it kept none.
  """

  model: str
  read: Callable[[], pd.DataFrame]
  texts: Mapping[int, str]


def answered(
    workdir: pathlib.Path, spec: StudySpec) -> dict[str, list[Answered]]:
  """All results of a study, data set by data set.

  Args:
    workdir: of the run.
    spec: `results_dir` and `analysis.results_format` say where results are.

  Returns:
    Data set → its models. Empty where results are gone or were never there:
    an analysis may be reported without them.

  Raises:
    UserError: results that cannot be read, or as `schema.known_files`.
  """
  root = pathlib.Path(spec.results_dir or workdir)
  found: dict[str, list[Answered]] = {}
  if spec.analysis.results_format == 'published':
    for (dataset, model), frame in published.read(
        root, data.beside(spec.data)).frames.items():
      found.setdefault(dataset, []).append(
          Answered(model, lambda frame=frame: frame, {}))
    return found
  for (dataset, model), path in schema.known_files(root).items():
    found.setdefault(dataset, []).append(Answered(
        model, functools.partial(_read, path), tokens.read(path)))
  return found


def _read(path: pathlib.Path) -> pd.DataFrame:
  remedy = 'run --stages=score again to rebuild it'
  with files.malformed(path, remedy):
    files.plain_size(path)  # which no pipe has
    names = list(dict.fromkeys(shown(pq.read_schema(path).names)))
    return typed_tables.read(path, remedy, cols.find, names)


def shown(names: list[str]) -> Iterator[str]:
  """Columns that the item view shows.

  Args:
    names: of a results table.

  Yields:
    Those that it takes, in the table's order.
  """
  for name in names:
    if (name in _SHOWN or registry.is_measure(name)
        or schema.asked_by(name) is not None or name.endswith('_text')
        or (name.startswith(cols.OF_PEOPLE) and name not in cols.RATER_LISTS)):
      yield name
