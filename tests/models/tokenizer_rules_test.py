"""Which rules take time in proportion to the text, and which are refused."""

import base64

import pytest
import tokenizers
from tokenizers import pre_tokenizers

from uncertainty.models import tokenizer_rules

_BPE = {'type': 'BPE', 'vocab': {'a': 0}}


def _replace(content, **pattern):
  return {'type': 'Replace', 'pattern': pattern, 'content': content}


def _split(expression):
  return {'type': 'Split', 'pattern': {'Regex': expression}}


def _around(ids, n=1, texts=1):
  """A post-processor: so many times a special token, then the text."""
  return {'type': 'TemplateProcessing', 'pair': [],
          'single': [{'SpecialToken': {'id': '<s>', 'type_id': 0}}] * n
                    + [{'Sequence': {'id': 'A', 'type_id': 0}}] * texts,
          'special_tokens': {'<s>': {'id': '<s>', 'ids': ids, 'tokens': []}}}


@pytest.mark.parametrize('parts', [
    {},
    {'post_processor': {'type': 'Sequence', 'processors': [
        {'type': 'ByteLevel'}, _around([1], n=3)]}},
    {'normalizer': {'type': 'Sequence', 'normalizers': [
        {'type': 'Prepend', 'prepend': '▁'}, _replace('▁', String=' ')]}},
    {'normalizer': {'type': 'NFC'}, 'pre_tokenizer': {
        'type': 'Sequence', 'pretokenizers': [
            _split(tokenizer_rules.WORDS_QWEN2), {'type': 'ByteLevel'}]}},
    {'pre_tokenizer': _split(tokenizer_rules.WORDS_TEKKEN)},
    {'decoder': _replace(' ', String='▁')},
])
def test_rules_of_public_models_are_plain(parts):
  content = {'model': _BPE, **parts}
  tokenizer_rules.check(content)
  assert tokenizer_rules.are_plain(content)


@pytest.mark.parametrize('parts', [
    {'model': {'type': 'Unigram', 'vocab': [['a', 0.0]]}},
    {'model': {'type': 'WordPiece', 'vocab': {'a': 0}}},
    {'model': {'vocab': {'a': 0}}},
    {'model': _BPE | {'continuing_subword_prefix': 'x' * 1000}},
    {'model': _BPE | {'end_of_word_suffix': 'x' * 1000}},
    {'normalizer': {'type': 'Prepend', 'prepend': 'x' * 100}},
    {'normalizer': _replace('b', Regex='(a+)+$')},
    {'normalizer': _replace('a' * 20, String='b')},
    {'pre_tokenizer': _split('(a+)+$')},
    {'pre_tokenizer': {'type': 'Sequence', 'pretokenizers': [
        {'type': 'Digits'}, _split('(a+)+$')]}},
])
def test_others_are_not(parts):
  content = {'model': _BPE, **parts}
  tokenizer_rules.check(content)
  assert not tokenizer_rules.are_plain(content)


@pytest.mark.parametrize('parts, said', [
    ({'decoder': _replace('b', Regex='(a+)+$')}, 'regular expression'),
    ({'decoder': _replace('b' * 300, String='a')}, '256 times'),
    ({'normalizer': {'type': 'Precompiled', 'precompiled_charsmap': (
        base64.b64encode(bytes(4) + b'a' * 1000).decode())}}, '256 times'),
    ({'normalizer': {'type': 'Prepend', 'prepend': 'x' * 900_000}},
     '256 times'),
    ({'normalizer': {'type': 'Sequence', 'normalizers': [
        {'type': 'BertNormalizer'}] * 9}}, '256 times'),
    ({'decoder': {'type': 'Sequence', 'decoders': [
        {'type': 'BPEDecoder', 'suffix': ''}] * 9}}, '256 times'),
    ({'decoder': {'type': 'Sequence', 'decoders': [
        {'type': 'CTC', 'word_delimiter_token': ''}] * 9}}, '256 times'),
    ({'post_processor': _around([1] * 300)}, '256 times'),
    ({'post_processor': _around([1] * 20, n=20)}, '256 times'),
    ({'post_processor': {'type': 'Sequence', 'processors': [
        _around([1], n=9), _around([1], texts=30)]}}, '256 times'),
    ({'normalizer': {'type': 'Sequence', 'normalizers': [
        {'type': 'Lowercase'}] * 300}}, '301 rules'),
    ({'added_tokens': [{'id': n, 'content': 'a' * 9000} for n in range(3)],
      'normalizer': _replace('b' * 200, String='a')}, 'long together'),
    ({'model': {'type': 'BPE', 'vocab': {'a': 1 << 40}}}, 'is beyond'),
    ({'added_tokens': [{'id': 1 << 40}]}, 'is beyond'),
])
def test_what_no_model_has_is_refused(parts, said):
  with pytest.raises(ValueError, match=said):
    tokenizer_rules.check({'model': _BPE, **parts})


@pytest.mark.parametrize('settings, said', [
    ({'fast_tokenizer_files': ['tokenizer.json', 'tokenizer.4.0.0.json']},
     'tokenizer.4.0.0.json may be read instead'),
    ({'extra_special_tokens': ['a' * 30_000]}, 'long together'),
    ({'added_tokens_decoder': {'7': {'content': 'a' * 30_000}}},
     'long together'),
    ({'a' * 30_000: 7}, 'long together'),
])
def test_what_settings_add_is_refused(settings, said):
  content = {'model': _BPE, 'normalizer': _replace('b' * 200, String='a')}
  tokenizer_rules.check(content, {'fast_tokenizer_files': ['tokenizer.json'],
                                  'chat_template': 'x' * 30_000})
  with pytest.raises(ValueError, match=said):
    tokenizer_rules.check(content, {}, settings)


@pytest.mark.parametrize('words', [
    tokenizer_rules.WORDS_LLAMA3, tokenizer_rules.WORDS_QWEN2,
    tokenizer_rules.WORDS_TEKKEN])
@pytest.mark.parametrize('again', [
    'a', 'A', 'Aa', ' ', '\n', ' \n', "'", '東', '\u0301', ' .'])
def test_known_expressions_try_few_ways_through_long_texts(words, again):
  """The library itself fails after ten million steps within one word."""
  made = pre_tokenizers.Split(tokenizers.Regex(words), behavior='isolated')
  found = made.pre_tokenize_str((again * 300_000)[:300_000] + '!')
  assert sum(len(word) for word, _ in found) == 300_001
