"""Family and size of a model, and which base it was tuned from.

Results say so themselves (`results.columns`: family, size, base). Names are
read only where they do not: tables of others, and those of older runs.
"""

import dataclasses
import math
import re
from collections.abc import Mapping, Sequence

import pandas as pd

from uncertainty.results import columns

# Endings that say a model was tuned to follow instructions.
_TUNED = re.compile(
    r'[-_ ](ins|instruct|chat|it|sft|dpo)(?=$|[-_ (])', re.IGNORECASE)
_SIZE = re.compile(r'(\d+(?:\.\d+)?)\s*([BM])(?![a-z])', re.IGNORECASE)
_FAMILY = re.compile(r'^([A-Za-z]+)[-_ ]?(\d+)?')


def base_name(model: str) -> str:
  """A model's name without what marks it as instruct.

  Args:
    model: such as 'Llama_3.2_1B_Ins'.

  Returns:
    Such as 'Llama_3.2_1B'; names without a mark stay as they are.
  """
  return _TUNED.sub('', model, count=1)


def beside(name: str, variant: str) -> str:
  """What a model is called among results that were asked as another's were.

  Args:
    name: of its weights.
    variant: what `variant_of` gives of the other's results.

  Returns:
    Such as 'Llama_3.2_1B (seed_1)'; the name itself outside a sweep.
  """
  return f'{name} ({variant})' if variant else name


def said(frame: pd.DataFrame, column: str):
  """What a results table says of its model, or None.

  Args:
    frame: a results table; rows of items that the model lacks are missing.
    column: one that all its rows share.

  Returns:
    The first value that is not missing.
  """
  known = frame[column].dropna().tolist() if column in frame else []
  return known[0] if known else None


def family_of(model: str, frame: pd.DataFrame) -> str:
  """The model's family, from its results or else from its name.

  Args:
    model: its name.
    frame: its results.

  Returns:
    Such as 'Llama 3'.
  """
  return said(frame, columns.FAMILY) or family(model)


def size_of(model: str, frame: pd.DataFrame) -> float:
  """Parameters in billions, from its results, its name, or the paper's files.

  Args:
    model: its name.
    frame: its results.

  Returns:
    NaN where none of them says.
  """
  if columns.SIZE in frame:  # missing where nobody knows
    counted = said(frame, columns.SIZE)
    return math.nan if counted is None else float(counted)
  named = size(model)
  if named == named:  # is not NaN
    return named
  stated = said(frame, columns.MODEL_SIZE)
  return named if stated is None else float(stated)


def base_of(frame: pd.DataFrame) -> str | None:
  """The model that a model was tuned from, as its results say.

  Args:
    frame: its results.

  Returns:
    A name, '' if none; None if the results do not say.
  """
  return said(frame, columns.BASE)


def variant_of(frame: pd.DataFrame) -> str:
  """The workdir within a sweep that a model's results are of.

  Args:
    frame: its results.

  Returns:
    Such as 'seed_1', which stands in parentheses after the model's name; ''
    where the name is the model's own.
  """
  return said(frame, columns.VARIANT) or ''


@dataclasses.dataclass(frozen=True)
class Origins:
  """What results say of where their models come from; names where they do not.

  Attributes:
    families: model → family.
    bases: model → the model it was tuned from, '' if none, None if unsaid.
    variants: model → what `variant_of` gives of its results.
  """

  families: Mapping[str, str] = dataclasses.field(default_factory=dict)
  bases: Mapping[str, str | None] = dataclasses.field(default_factory=dict)
  variants: Mapping[str, str] = dataclasses.field(default_factory=dict)

  def family(self, model: str) -> str:
    """The family of a model, by its name if it is not among them.

    Args:
      model: its name.

    Returns:
      Such as 'Llama 3'.
    """
    return self.families.get(model) or family(model)

  def variant(self, model: str) -> str:
    """The workdir within a sweep that a model was asked in.

    Args:
      model: its name.

    Returns:
      Such as 'seed_1'; '' outside a sweep.
    """
    return self.variants.get(model, '')

  def pairs(self, models: Sequence[str]) -> list[tuple[str, str]]:
    """(base, instruct) of every pair among models that were asked alike.

    Args:
      models: their names. Of those whose base is unsaid, names count that are
        equal but for the ending.

    Returns:
      Pairs, in the models' order; two models of different families are never
      one.
    """
    known = {m.lower(): m for m in models}
    found = []
    for model in models:
      told = self.bases.get(model)
      base = known.get((
          base_name(model) if told is None
          else beside(told, self.variant(model))).lower())
      if base is not None and base != model:
        found.append((base, model))
    return sorted(found, key=lambda pair: list(models).index(pair[0]))

  def untuned(self, model: str) -> str:
    """The weights that a model's go back to.

    Args:
      model: its name.

    Returns:
      The base model's name, its own where it is one; without a sweep's
      workdir.
    """
    own = model.removesuffix(beside('', self.variant(model)))
    base = self.bases.get(model)
    return base_name(own) if base is None else base or own


BY_NAME = Origins()  # of tables that say nothing


def origins(frames: Mapping[str, pd.DataFrame]) -> Origins:
  """Origins of models from their results tables.

  Args:
    frames: model → its results on any data set.

  Returns:
    Of all of them.
  """
  return Origins({m: family_of(m, frame) for m, frame in frames.items()},
                 {m: base_of(frame) for m, frame in frames.items()},
                 {m: variant_of(frame) for m, frame in frames.items()})


def family(model: str) -> str:
  """The family that a name tells: its first word and major version.

  Args:
    model: such as 'Llama_3.2_1B_Ins' or 'google/gemma-2-2b'.

  Returns:
    Such as 'Llama 3', 'gemma 2'; 'Mistral' where there is no version.
  """
  name = re.sub(r'^.*/', '', base_name(model))
  match = _FAMILY.match(name)
  if match is None:
    return name
  word, version = match[1], match[2]
  after = name[match.end():]
  # 'Gemma_7B': the digits are a size. 'Mistral_0.1': a minor version.
  is_size = after[:1].upper() in ('B', 'M') or re.match(r'\.\d+[BM]', after)
  if version is None or version == '0' or is_size:
    return word
  return f'{word} {version}'


def size(model: str) -> float:
  """Parameters as the name gives them.

  Args:
    model: such as 'Llama_3.2_1B' or 'SmolLM2-135M'.

  Returns:
    Billions; NaN if the name does not say.
  """
  found = _SIZE.findall(model)
  if not found:
    return float('nan')
  number, unit = found[-1]
  return float(number) / (1000 if unit.upper() == 'M' else 1)
