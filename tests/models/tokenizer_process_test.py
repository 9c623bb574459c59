"""What the process answers, asked here."""

import tokenizers

from uncertainty.models import tokenizer_process


def _program():
  made = tokenizers.Tokenizer(tokenizers.models.BPE(
      vocab={'a': 0, 'b': 1, '<': 2, '>': 3}, merges=[]))
  made.add_special_tokens(['<a>'])
  return made.to_str()


def test_it_counts_tokens_and_keeps_the_program():
  answer = tokenizer_process.start()
  first = {'program': _program(), 'texts': ['ab', 'a<a>'], 'split': False}
  assert answer(first) == {'tokens': 4}
  assert answer({'texts': ['a<a>'], 'split': True}) == {'tokens': 4}
  assert answer({'texts': [], 'split': False}) == {'tokens': 0}


def test_a_program_that_is_none_is_an_error_each_time():
  answer = tokenizer_process.start()
  assert answer({'program': _program(), 'texts': ['a'], 'split': False})
  assert 'error' in answer({'program': '{', 'texts': ['a'], 'split': False})
  assert 'error' in answer({'texts': ['a'], 'split': False})
