"""Tokenizers: from a directory's `tokenizer.json`, or from a GGUF's own fields.

A GGUF file names one of two kinds in `tokenizer.ggml.model`:

  gpt2   byte-level BPE with listed merges; `tokenizer.ggml.pre` names the
         rule that cuts text into words first.
  llama  SentencePiece BPE: pieces with scores, spaces written ▁, unknown
         characters as bytes; its merges follow from the scores.
"""

import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import tokenizers
from absl import logging
from tokenizers import decoders, normalizers, pre_tokenizers, processors
from tokenizers import models as tokenizer_models

from uncertainty import files
from uncertainty.models import tokenizer_rules
from uncertainty.types import UserError

# Its tokenizers are all that is used of it: no advice to install PyTorch.
os.environ.setdefault('TRANSFORMERS_NO_ADVISORY_WARNINGS', '1')

from transformers import PreTrainedTokenizerFast

from uncertainty.models.tried_tokenizer import TriedTokenizer

_PREFIX = 'tokenizer.ggml.'
_CONTROL, _USER_DEFINED = 3, 4  # llama.cpp's token types
_NORMAL = 1
# What `transformers` reads beside tokenizer.json.
_SETTINGS = ('tokenizer_config.json', 'special_tokens_map.json',
             'added_tokens.json')
# Of a SentencePiece GGUF: characters of a piece, and how often its merges may
# write the vocabulary. Gemma's have up to 16, and write it 2.2 times.
_LONGEST_PIECE, _MOST_WRITTEN = 512, 16


def _words(pattern: str) -> pre_tokenizers.PreTokenizer:
  return pre_tokenizers.Sequence([
      pre_tokenizers.Split(tokenizers.Regex(pattern), behavior='isolated'),
      pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
  ])


def _gpt2_words() -> pre_tokenizers.PreTokenizer:
  return pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)


def _gpt2_words_single_digits() -> pre_tokenizers.PreTokenizer:
  return pre_tokenizers.Sequence(
      [pre_tokenizers.Digits(individual_digits=True), _gpt2_words()])


# How text is cut into words before merging, by `tokenizer.ggml.pre`.
_PRE_TOKENIZERS = {
    'gpt-2': _gpt2_words,
    'gpt2': _gpt2_words,
    'olmo': _gpt2_words,
    'smollm': _gpt2_words_single_digits,
    'starcoder': _gpt2_words_single_digits,
    'refact': _gpt2_words_single_digits,
    'command-r': _gpt2_words_single_digits,
    'llama-bpe': lambda: _words(tokenizer_rules.WORDS_LLAMA3),
    'llama3': lambda: _words(tokenizer_rules.WORDS_LLAMA3),
    'llama-v3': lambda: _words(tokenizer_rules.WORDS_LLAMA3),
    'falcon3': lambda: _words(tokenizer_rules.WORDS_LLAMA3),
    'dbrx': lambda: _words(tokenizer_rules.WORDS_LLAMA3),
    'smaug-bpe': lambda: _words(tokenizer_rules.WORDS_LLAMA3),
    'qwen2': lambda: _words(tokenizer_rules.WORDS_QWEN2),
    'deepseek-r1-qwen': lambda: _words(tokenizer_rules.WORDS_QWEN2),
    'tekken': lambda: _words(tokenizer_rules.WORDS_TEKKEN),
}
# A word that is a piece itself is taken whole, whatever the merges say.
_IGNORE_MERGES = {'llama-bpe', 'llama3', 'llama-v3', 'falcon3', 'tekken'}
_COMPOSES_UNICODE = {'qwen2', 'deepseek-r1-qwen'}


def from_directory(path: pathlib.Path) -> PreTrainedTokenizerFast:
  """Reads `tokenizer.json` and the settings beside it.

  The file's own rules are used as they stand; no class is chosen by the
  model's name and no code from the directory runs.

  Args:
    path: the directory.

  Returns:
    The tokenizer.

  Raises:
    UserError: there is no tokenizer.json, or it cannot be read.
  """
  if not (path / 'tokenizer.json').is_file():
    raise UserError(
        f'{path}: no tokenizer.json; save one there with'
        ' transformers.AutoTokenizer.from_pretrained(...).save_pretrained')
  content = files.read_json(path / 'tokenizer.json', 'download it again')
  settings = [files.read_json(path / name, 'download it again')
              for name in _SETTINGS if (path / name).is_file()]
  with files.malformed(path / 'tokenizer.json', 'save it again'):
    tokenizer_rules.check(content, *settings)
    kind = (PreTrainedTokenizerFast if tokenizer_rules.are_plain(content)
            else TriedTokenizer)
    tokenizer = kind.from_pretrained(str(path), local_files_only=True)
    return _tried(tokenizer)


def _tried(tokenizer: PreTrainedTokenizerFast) -> PreTrainedTokenizerFast:
  """The tokenizer, after it has cut a text and put it together again."""
  backend = tokenizer.backend_tokenizer
  if getattr(backend.model, 'dropout', None):
    logging.warning('this tokenizer leaves out merges at random (dropout), as '
                    'in training; here it makes all of them')
    backend.model.dropout = None
  # Batches are padded elsewhere; a file may ask for 10¹² tokens of padding.
  backend.no_padding()
  backend.no_truncation()
  if tokenizer.chat_template and not isinstance(
      tokenizer.get_chat_template(), str):
    raise TypeError('its chat template is no text')
  tokenizer.decode(tokenizer('A word, 1 und ü ☃\n')['input_ids'])
  return tokenizer


def from_gguf(
    metadata: Mapping[str, Any], where: str
) -> PreTrainedTokenizerFast:
  """Builds the tokenizer that a GGUF file describes.

  Args:
    metadata: the file's key-value pairs.
    where: the file's name, for messages.

  Returns:
    The tokenizer, with the chat template of the file if it has one.

  Raises:
    UserError: a field is missing, or names a tokenizer that is not known.
  """
  kind = metadata.get(_PREFIX + 'model')
  builders = {'gpt2': _byte_level, 'llama': _sentence_piece}
  if kind not in builders:
    raise UserError(
        f'{where}: tokenizer.ggml.model is {kind!r}; known are'
        f' {", ".join(builders)}; load the model from a directory with'
        ' tokenizer.json instead')
  pieces = _field(metadata, 'tokens', where)
  if not (isinstance(pieces, list) and all(
      isinstance(piece, str) for piece in pieces)):
    raise UserError(f'{where}: its tokens are no list of texts; the file is'
                    ' damaged')
  kinds = metadata.get(_PREFIX + 'token_type') or [_NORMAL] * len(pieces)
  if not isinstance(kinds, list) or len(kinds) != len(pieces):
    raise UserError(
        f'{where}: {len(pieces)} tokens but not as many token types; the file'
        ' is damaged')
  with files.malformed(
      f'{where}, its tokenizer', 'convert the model again'):
    tokenizer = builders[kind](metadata, pieces, kinds, where)
    special = {
        name: pieces[metadata[_PREFIX + key]]
        for name, key in (
            ('bos_token', 'bos_token_id'), ('eos_token', 'eos_token_id'),
            ('unk_token', 'unknown_token_id'),
            ('pad_token', 'padding_token_id'))
        if 0 <= metadata.get(_PREFIX + key, -1) < len(pieces)
    }
    _add_frame(tokenizer, metadata, special, sentence_piece=kind == 'llama')
    return _tried(PreTrainedTokenizerFast(
        tokenizer_object=_Handed(tokenizer),
        chat_template=metadata.get('tokenizer.chat_template'),
        clean_up_tokenization_spaces=False,
        model_max_length=_context_length(metadata),
        **special))


class _Handed:
  """Hands a tokenizer over where a deep copy is asked for.

  The wrapper copies what it is given by writing and parsing JSON, which takes
  2 s for 500 000 merges.
  """

  def __init__(self, tokenizer: tokenizers.Tokenizer):
    self._tokenizer = tokenizer

  def __deepcopy__(self, memo: dict[int, Any]) -> tokenizers.Tokenizer:
    return self._tokenizer


def _field(metadata: Mapping[str, Any], key: str, where: str) -> Any:
  if _PREFIX + key not in metadata:
    raise UserError(
        f'{where}: has no {_PREFIX}{key}; convert the model again with a'
        ' current llama.cpp')
  return metadata[_PREFIX + key]


def _context_length(metadata: Mapping[str, Any]) -> int:
  architecture = metadata.get('general.architecture')
  return metadata.get(f'{architecture}.context_length', 1 << 30)


def _added(
    pieces: Sequence[str], kinds: Sequence[int], kind: int, normalized: bool
) -> list[tokenizers.AddedToken]:
  return [
      tokenizers.AddedToken(
          piece, normalized=normalized, special=kind == _CONTROL)
      for piece, k in zip(pieces, kinds) if k == kind
  ]


def _byte_level(
    metadata: Mapping[str, Any], pieces: list[str], kinds: list[int],
    where: str,
) -> tokenizers.Tokenizer:
  """Byte-level BPE, as GPT-2, Llama 3, SmolLM2 and Qwen use it."""
  rule = _field(metadata, 'pre', where)
  if rule not in _PRE_TOKENIZERS:
    raise UserError(
        f'{where}: tokenizer.ggml.pre is {rule!r}; known are'
        f' {", ".join(_PRE_TOKENIZERS)}; load the model from a directory with'
        ' tokenizer.json instead')
  merges = [
      tuple(merge.split(' ')) for merge in _field(metadata, 'merges', where)]
  vocabulary = {piece: i for i, piece in enumerate(pieces)}
  try:
    model = tokenizer_models.BPE(
        vocab=vocabulary, merges=merges, ignore_merges=rule in _IGNORE_MERGES)
  except Exception as error:  # `tokenizers` raises bare Exception
    raise UserError(
        f'{where}: its merges do not fit its tokens ({error}); the file is'
        ' damaged') from error
  tokenizer = tokenizers.Tokenizer(model)
  if rule in _COMPOSES_UNICODE:
    tokenizer.normalizer = normalizers.NFC()
  tokenizer.pre_tokenizer = _PRE_TOKENIZERS[rule]()
  tokenizer.decoder = decoders.ByteLevel()
  tokenizer.add_special_tokens(_added(pieces, kinds, _CONTROL, False))
  tokenizer.add_tokens(_added(pieces, kinds, _USER_DEFINED, False))
  return tokenizer


def _sentence_piece(
    metadata: Mapping[str, Any], pieces: list[str], kinds: list[int],
    where: str,
) -> tokenizers.Tokenizer:
  """SentencePiece BPE with byte fallback, as Llama 2, Mistral and Gemma."""
  # llama.cpp writes user-defined runs of ▁ as real spaces.
  pieces = [
      piece.replace(' ', '▁') if kind == _USER_DEFINED else piece
      for piece, kind in zip(pieces, kinds)
  ]
  scores = _field(metadata, 'scores', where)
  unknown = pieces[metadata.get(_PREFIX + 'unknown_token_id', 0)]
  tokenizer = tokenizers.Tokenizer(tokenizer_models.BPE(
      vocab={piece: i for i, piece in enumerate(pieces)},
      merges=_merges(pieces, scores, kinds),
      unk_token=unknown, fuse_unk=True, byte_fallback=True))
  prefixed = metadata.get(_PREFIX + 'add_space_prefix', True)
  spaces = normalizers.Replace(' ', '▁')
  tokenizer.normalizer = normalizers.Sequence(
      [normalizers.Prepend('▁'), spaces]) if prefixed else spaces
  tokenizer.decoder = decoders.Sequence([
      decoders.Replace('▁', ' '), decoders.ByteFallback(), decoders.Fuse(),
      *([decoders.Strip(' ', 1, 0)] if prefixed else [])])
  tokenizer.add_special_tokens(_added(pieces, kinds, _CONTROL, False))
  # SentencePiece looks for these in the normalised text, longest first, and
  # never merges across them: "▁▁" must be found after spaces became ▁.
  tokenizer.add_tokens(_added(pieces, kinds, _USER_DEFINED, True))
  return tokenizer


def _merges(
    pieces: Sequence[str], scores: Sequence[float], kinds: Sequence[int]
) -> list[tuple[str, str]]:
  """Every way to join two pieces into a third, best score first."""
  known = {p for p, kind in zip(pieces, kinds) if kind == _NORMAL}
  if max(map(len, known), default=0) > _LONGEST_PIECE:
    raise ValueError(f'a token has more than {_LONGEST_PIECE} characters')
  order = sorted(
      (i for i, kind in enumerate(kinds) if kind == _NORMAL),
      key=lambda i: -scores[i])
  merges, room = [], _MOST_WRITTEN * sum(map(len, known))
  for piece in (pieces[i] for i in order):
    for cut in range(1, len(piece)):
      if piece[:cut] in known and piece[cut:] in known:
        merges.append((piece[:cut], piece[cut:]))
        room -= len(piece)
        if room < 0:
          raise ValueError('its tokens can be made of each other in too many '
                           'ways')
  return merges


def _add_frame(
    tokenizer: tokenizers.Tokenizer, metadata: Mapping[str, Any],
    special: Mapping[str, str], *, sentence_piece: bool,
) -> None:
  """Sets what `add_special_tokens=True` puts around a text."""
  # llama.cpp's defaults where the file is silent.
  flags = {'bos_token': ('add_bos_token', sentence_piece),
           'eos_token': ('add_eos_token', False)}
  frame = [
      special[name] if name in special and metadata.get(
          _PREFIX + key, default) else None
      for name, (key, default) in flags.items()
  ]
  if any(frame):
    template = ' '.join(
        part for part in (frame[0], '$A', frame[1]) if part)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=template,
        special_tokens=[
            (token, tokenizer.token_to_id(token)) for token in frame if token])
