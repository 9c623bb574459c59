"""Hostile rules end in a UserError within seconds; others change nothing."""

import pathlib
import resource

import pytest
import tokenizers
from tokenizers import normalizers, pre_tokenizers

from uncertainty.models import tokenizer, tried_tokenizer
from uncertainty.types import UserError


def _saved(path: pathlib.Path, model=None, cut=None, change=None):
  made = tokenizers.Tokenizer(model or tokenizers.models.BPE(
      vocab={c: i for i, c in enumerate('abc !')}, merges=[]))
  if cut:
    made.pre_tokenizer = pre_tokenizers.Split(
        tokenizers.Regex(cut), behavior='isolated')
  if change:
    made.normalizer = normalizers.Replace(tokenizers.Regex(change), 'b')
  made.save(str(path / 'tokenizer.json'))
  return tokenizer.from_directory(path)


def _prefixes(longest):
  """'a', 'aa', …: every place of a text is the beginning of each of them."""
  return tokenizers.models.Unigram(
      [('a' * n, -float(n)) for n in range(1, longest)] + [('!', -1.0)], 0)


_HOSTILE = {
    # Tries every way through each of many words; none is long enough alone for
    # the library's own limit.
    'backtracking': ({'cut': r'(\w|\w\w)+\d'}, ('a' * 24 + ' ') * 2000,
                     'takes more than'),
    'beyond the library': ({'cut': '(a+)+$'}, 'a' * 40 + '!', 'retry-limit'),
    'a normalizer': ({'change': r'(\w|\w\w)+\d'},
                     ('a' * 24 + ' ') * 2000, 'takes more than'),
    'a lattice': ({'model': _prefixes(3000)}, 'a' * 60_000, 'takes more than'),
}


def test_batches_are_tried_too(tmp_path):
  made, text, said = _HOSTILE['beyond the library']
  with pytest.raises(UserError, match=said):
    _saved(tmp_path, **made)(['a', text], add_special_tokens=False)


@pytest.mark.parametrize('name', _HOSTILE)
def test_what_would_take_too_long_is_refused(name, tmp_path):
  made, text, said = _HOSTILE[name]
  built = _saved(tmp_path, **made)
  before = resource.getrusage(resource.RUSAGE_SELF)
  with pytest.raises(UserError, match=said):
    built.encode(text, add_special_tokens=False)
  after = resource.getrusage(resource.RUSAGE_SELF)
  assert after.ru_utime - before.ru_utime < 2
  assert after.ru_maxrss - before.ru_maxrss < 1 << 18  # KiB
  assert built.encode('a!', add_special_tokens=False)  # another text is cut


def test_others_are_cut_as_ever(tmp_path):
  built = _saved(tmp_path, cut=r'b+|!')
  assert isinstance(built, tried_tokenizer.TriedTokenizer)
  texts = ['abba!', '', 'c' * 100_000, 'a b']
  expected = tokenizers.Tokenizer.from_file(str(tmp_path / 'tokenizer.json'))
  assert built(texts, add_special_tokens=False)['input_ids'] == [
      expected.encode(text).ids for text in texts]
  assert built('ab')['input_ids'] == built.encode('ab') == [0, 1]


def test_each_text_is_tried_once_in_portions(tmp_path, monkeypatch):
  built, asked = _saved(tmp_path, cut='b'), []
  real = tried_tokenizer.limited.Process.ask

  def ask(self, program, request, seconds):
    asked.append((list(map(len, request['texts'])), round(seconds, 1)))
    return real(self, program, request, seconds)

  monkeypatch.setattr(tried_tokenizer.limited.Process, 'ask', ask)
  built(['a' * 40_000, 'b' * 20_000, 'a' * 30_000, 'c' * 196_608])
  assert asked == [([40_000, 20_000], 5), ([30_000], 5), ([196_608], 15)]


