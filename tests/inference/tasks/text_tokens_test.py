"""Tokens of many texts are those of each, and no more than memory takes."""

import types

import pytest

from uncertainty import memory
from uncertainty.inference.tasks import text_tokens
from uncertainty.types import UserError


def _model(calls):
  """Whose tokens are characters."""
  def tokenizer(texts, **settings):
    assert not settings.pop('add_special_tokens') and isinstance(texts, list)
    calls.append(len(texts))
    return {'input_ids': [[*map(ord, text)] for text in texts]}
  return types.SimpleNamespace(tokenizer=tokenizer)


def test_texts_are_cut_some_at_a_time_in_their_order():
  calls = []
  texts = ['a' * 200_000, '☃b', 'c' * 100_000, 'd', '', 'e']
  found = text_tokens.tokenize_texts(_model(calls), texts)
  assert [''.join(map(chr, row)) for row in found] == texts
  assert calls == [3, 3]
  assert found[1][0] is found[1][0] and found[0][0] is found[0][-1]
  assert text_tokens.tokenize_texts(_model(calls), []) == []


def test_nothing_is_cut_before_it_is_wanted():
  calls = []
  rows = text_tokens.each(_model(calls), ('a' * 300_000 for _ in range(10**9)))
  assert len(next(rows)) == 300_000 and calls == [1]


def test_more_than_memory_takes_is_refused(monkeypatch):
  monkeypatch.setattr(memory, 'machine_bytes', lambda: 16 << 20)
  calls = []
  with pytest.raises(UserError, match=(
      "the prompts' tokens take more than 1 MiB.*config.data.limit")):
    text_tokens.tokenize_texts(
        _model(calls), ('a' * 100_000 for _ in range(10**9)))
  assert calls == [3]
