"""What a model's name says: family, size, and which base it was tuned from."""

import re
from collections.abc import Sequence

# Endings that say a model was tuned to follow instructions.
_TUNED = re.compile(
    r'[-_ ](ins|instruct|chat|it|sft|dpo)(?=$|[-_ (])', re.IGNORECASE)
_SIZE = re.compile(r'(\d+(?:\.\d+)?)\s*([BM])(?![a-z])', re.IGNORECASE)
_FAMILY = re.compile(r'^([A-Za-z]+)[-_ ]?(\d+)?')


def base_name(model: str) -> str:
  """The name without what marks an instruct model: 'Llama_3.2_1B'."""
  return _TUNED.sub('', model, count=1)


def pairs(models: Sequence[str]) -> list[tuple[str, str]]:
  """(base, instruct) of every pair among the models, in their order.

  Only names that are equal but for the ending count: two models of different
  families are never a pair.
  """
  known = {m.lower(): m for m in models}
  found = []
  for model in models:
    base = known.get(base_name(model).lower())
    if base is not None and base != model:
      found.append((base, model))
  return sorted(found, key=lambda pair: list(models).index(pair[0]))


def family(model: str) -> str:
  """Name and major version: 'Llama 3', 'Gemma 2', 'Falcon 3', 'Mistral'."""
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
  """Parameters in billions as the name gives them; NaN if it does not."""
  found = _SIZE.findall(model)
  if not found:
    return float('nan')
  number, unit = found[-1]
  return float(number) / (1000 if unit.upper() == 'M' else 1)


def variant(model: str) -> str:
  """What stands in parentheses after a name: the workdir within a sweep."""
  match = re.search(r' \(([^()]*)\)$', model)
  return match[1] if match else ''


def weights(model: str) -> str:
  """The name without a sweep's workdir in parentheses."""
  return re.sub(r' \([^()]*\)$', '', model)
