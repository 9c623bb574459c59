"""Tokens that stand for letters and numbers."""

import pytest
import tokenizers
import transformers

from uncertainty import prompts
from uncertainty.types import UserError


def _tokenizer(*pieces: str) -> transformers.PreTrainedTokenizerFast:
  """Prefers long `pieces`; else punctuation and `pieces` one by one."""
  vocabulary = dict.fromkeys([*'.),:( 。', *pieces])
  model = tokenizers.models.Unigram(
      [('<unk>', 0.0), *((p, -1.0 if len(p) > 1 else -3.0)
                         for p in vocabulary)], unk_id=0)
  return transformers.PreTrainedTokenizerFast(
      tokenizer_object=tokenizers.Tokenizer(model), unk_token='<unk>')


def test_variants_are_summed_once_each_and_by_letter():
  pieces = ('A', ' A', '(A)', 'a', 'B', ' b', 'B.')
  tokenizer = _tokenizer(*pieces)
  ids = {p: tokenizer.convert_tokens_to_ids(p) for p in pieces}
  first, second = prompts.letter_tokens(tokenizer, 2)
  assert {ids[p] for p in ('A', ' A', '(A)', 'a')} <= set(first)
  assert {ids[p] for p in ('B', ' b', 'B.')} <= set(second)
  assert not {ids[p] for p in ('B', ' b', 'B.')} & set(first)
  assert len(first) == len(set(first))


def test_numbers_count_from_one():
  tokenizer = _tokenizer('1', '2', ' 2', '(2)')
  one, two = prompts.number_tokens(tokenizer, 2)
  ids = tokenizer.convert_tokens_to_ids
  assert ids('1') in one and ids('1') not in two
  assert {ids('2'), ids(' 2'), ids('(2)')} <= set(two)


class _Splitter:
  """A tokenizer that cuts everything in two."""

  def encode(self, text, add_special_tokens):
    assert add_special_tokens is False
    return [1, 2] if text else []


def test_a_letter_without_a_single_token_is_an_error():
  with pytest.raises(UserError, match="no single token for 'A'.*answer=text"):
    prompts.letter_tokens(_Splitter(), 3)
  with pytest.raises(UserError, match="no single token for '1'"):
    prompts.number_tokens(_Splitter(), 3)
