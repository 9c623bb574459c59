"""The rules in a tokenizer.json: how much time and memory they may take.

It is a program of a stranger. A regular expression may try more ways through a
text than there are atoms, a vocabulary of 'a', 'aa', 'aaa' … makes a lattice of
them, a rule may write a book for a letter. Which rules take time and memory in
proportion to the text is said here; texts for others are first cut in a process
within limits (`tried_tokenizer`).
"""

import base64
import itertools
import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

import tokenizers

_LARGEST_ID = 1 << 24  # as many tokens as a config may name
# How many times as long a tokenizer's rules may make a text. Public ones reach
# some 70: normal forms write 18 characters, 33 bytes, for one.
_MOST_GROWTH = 256
# Characters of all tokens beside the vocabulary, as the rules write them: they
# are looked for in texts by a tree of some 70 bytes for each. Public ones have
# 200 000.
_MOST_ADDED = 1 << 22
_MOST_RULES = 256  # each goes through the text once; public ones have some 20
# What plain rules may do: public ones write ▁ for a space, two characters for
# a byte, and put little in front.
_PLAIN_GROWTH, _PLAIN_AFFIX = 8, 16

WORDS_LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r'| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+'
)
WORDS_QWEN2 = WORDS_LLAMA3.replace(r'\p{N}{1,3}', r'\p{N}')
WORDS_TEKKEN = (
    r'[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*'
    r'[\p{Ll}\p{Lm}\p{Lo}\p{M}]+'
    r'|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+'
    r'[\p{Ll}\p{Lm}\p{Lo}\p{M}]*'
    r'|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+'
)
# These take time in proportion to the text, whatever it is.
_LINEAR = {WORDS_LLAMA3, WORDS_QWEN2, WORDS_TEKKEN}
_CUTS = ('normalizer', 'pre_tokenizer')  # what is done to texts before merging
# How many times as long these may make a text.
_FACTORS = {
    'ByteLevel': 2,  # each byte beyond ASCII is written in two
    'Metaspace': 2,  # one in front
    'BertNormalizer': 3,  # spaces around each Chinese character
    'BPEDecoder': 3, 'CTC': 3,  # spaces, for an empty text too
    'WordPiece': 2,  # a space before each token
}


def check(content: Mapping[str, Any], *settings: Mapping[str, Any]) -> None:
  """Refuses what no tokenizer of a model has.

  Args:
    content: of tokenizer.json.
    *settings: of the files beside it, which may add tokens.

  Raises:
    ValueError: too large an id, more than 256 rules, rules that may make a
      text more than 256 times as long, a regular expression in what puts
      tokens together, tokens beside the vocabulary that are too long together,
      or another file to read instead of tokenizer.json.
    Exception: whatever malformed content leads to.
  """
  for some in settings:
    others = set(some.get('fast_tokenizer_files', ())) - {'tokenizer.json'}
    if others:
      raise ValueError(f'{min(others)} may be read instead of tokenizer.json; '
                       'take out fast_tokenizer_files')
  _check_ids(content)
  parts = (*_CUTS, 'post_processor', 'decoder')
  n_rules = sum(1 for _ in _rules([content.get(part) for part in parts]))
  if n_rules > _MOST_RULES:
    raise ValueError(f'it has {n_rules} rules, more than {_MOST_RULES}')
  _check_growth(content)
  added = [token['content'] for token in content.get('added_tokens') or ()]
  length = sum(map(len, itertools.chain(added, _texts(settings))))
  if length * _growth(content.get('normalizer')) > _MOST_ADDED:
    raise ValueError('its added tokens are too long together')
  if next(_expressions(content.get('decoder')), None) is not None:
    raise ValueError('its decoder has a regular expression')


def are_plain(content: Mapping[str, Any]) -> bool:
  """Whether all takes time and memory in proportion to the text.

  Args:
    content: of tokenizer.json, that `check` let pass.

  Returns:
    True for merges (BPE) of words that no regular expression but well-known
    ones cuts or changes.

  Raises:
    Exception: whatever malformed content leads to.
  """
  model, rules = content['model'], [content.get(part) for part in _CUTS]
  affixes = [model.get('continuing_subword_prefix'),
             model.get('end_of_word_suffix'),
             *(rule.get('prepend') for rule in _rules(rules))]
  return (model.get('type') == 'BPE' and _LINEAR.issuperset(_expressions(rules))
          and _growth(rules) <= _PLAIN_GROWTH
          and all(len(affix or '') <= _PLAIN_AFFIX for affix in affixes))


def most_tokens(backend: tokenizers.Tokenizer) -> int:
  """How many tokens it may make of a byte.

  Args:
    backend: a tokenizer.

  Returns:
    A bound, as its rules may lengthen a text.
  """
  rules = (backend.normalizer, backend.pre_tokenizer)
  return _growth([json.loads(rule.__getstate__()) for rule in rules if rule])


def _rules(rule: Any) -> Iterator[Mapping[str, Any]]:
  """A rule and all inside it."""
  if isinstance(rule, Mapping):
    yield rule
  for part in (rule.values() if isinstance(rule, Mapping)
               else rule if isinstance(rule, list) else ()):
    yield from _rules(part)


def _texts(value: Any) -> Iterator[str]:
  """All texts in settings, any of which may be a token; no chat templates."""
  if isinstance(value, str):
    yield value
  elif isinstance(value, Mapping):
    yield from value
    for key, part in value.items():
      yield from _texts(part) if key != 'chat_template' else ()
  elif isinstance(value, list | tuple):
    for part in value:
      yield from _texts(part)


def _expressions(rule: Any) -> Iterator[str]:
  return (part['Regex'] for part in _rules(rule) if 'Regex' in part)


def _check_ids(content: Mapping[str, Any]) -> None:
  """`tokenizers` counts from 0 to the largest id, whatever that is."""
  vocab = content['model']['vocab']
  ids = [token['id'] for token in content.get('added_tokens', ())]
  ids += vocab.values() if isinstance(vocab, dict) else ()
  if max(ids, default=0) > _LARGEST_ID:
    raise ValueError(f'token {max(ids)} is beyond {_LARGEST_ID}')


def _check_growth(content: Mapping[str, Any]) -> None:
  """Rules that each make a text longer do so by the product of them all."""
  for parts in (_CUTS, ('post_processor',), ('decoder',)):
    growth = math.prod(_growth(content.get(part)) for part in parts)
    if growth > _MOST_GROWTH:
      raise ValueError(
          f'its {" and ".join(parts)} may make a text more than {_MOST_GROWTH}'
          ' times as long')


def _growth(rule: Any) -> int:
  """The factor by which a rule, and those inside it, may lengthen a text."""
  if isinstance(rule, list):
    return math.prod(map(_growth, rule))
  if not isinstance(rule, dict):
    return 1
  growth = math.prod(map(_growth, rule.values()))
  if rule.get('type') in _FACTORS:
    return _FACTORS[rule['type']] * growth
  if rule.get('type') == 'Prepend':
    return (1 + len(rule['prepend'])) * growth
  if rule.get('type') == 'TemplateProcessing':
    return growth * max(1, sum(
        len(rule['special_tokens'][part['SpecialToken']['id']]['ids'])
        if 'SpecialToken' in part else 1 for part in rule['single']))
  if rule.get('type') == 'Precompiled':
    table = base64.b64decode(rule['precompiled_charsmap'])
    texts = table[4 + int.from_bytes(table[:4], 'little'):].split(b'\0')
    return max(1, *map(len, texts)) * growth
  if rule.get('type') == 'Replace':
    # An expression may match what is empty, between any two characters.
    replaced = len(rule['pattern'].get('String', ''))
    longer = len(rule['content'])
    return growth * (max(1, math.ceil(longer / replaced)) if replaced
                     else 1 + longer)
  return growth
