"""What a model can read is told before it is loaded, to the very token."""

import dataclasses
import types

import pytest
import tokenizers

from uncertainty.inference.tasks import prompt_limits
from uncertainty.specs import FreeSpec, StudySpec
from uncertainty.types import Item, UserError

_ITEMS = [Item('q1', 'a?', ('x', 'yy')), Item('q2', 'b?', ('z', 'w'))]
_SPEC = StudySpec(free=FreeSpec(max_tokens=3))


def _model(context, vocabulary=1 << 17):
  """Whose tokens are characters."""
  class Tokenizer:
    backend_tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE(
        vocab={chr(i): i for i in range(128)}, merges=[]))

    def __call__(self, texts, **settings):
      del settings
      cut.extend(texts)
      return {'input_ids': [[*map(ord, text)] for text in texts]}

  cut = []
  return types.SimpleNamespace(
      tokenizer=Tokenizer(), cut=cut, name='m', config=types.SimpleNamespace(
          context_length=context, vocab_size=vocabulary))


_CASES = {  # task → (texts of each item, the longest in tokens)
    'letters': ([('abc', '', 'abcde', ''), ('ab', '')], 5),
    'numbers': ([('abc', ''), ('ab', '')], 3),
    'text': ([('abc', 'x', 'yy', 'n', 'abcd', 'yy', 'x', 'n'),
              ('ab', 'z', 'w', 'n')], 6),
    'statement': ([('abc',), ('ab',)], 3),
    'free': ([('abc',), ('ab',)], 6),
    'p_true': ([('abc',), ('ab',)], 6),
    'samples': ([('abc',), ('ab',)], 6),
    'verbal': ([('abc', 'abcde'), ('ab', 'a')], 8),
    'response': ([('abc', 'answer'), ('ab', 'a')], 9),
}


@pytest.mark.parametrize('task', _CASES)
def test_the_longest_prompt_decides(task):
  texts, longest = _CASES[task]
  prompt_limits.check_texts(_model(longest), _ITEMS, texts, _SPEC, task)
  with pytest.raises(UserError, match=r'item q1: .*tokens'):
    prompt_limits.check_texts(_model(longest - 1), _ITEMS, texts, _SPEC, task)
  with pytest.raises(UserError, match='q1.* has token .* embeddings of 98'):
    prompt_limits.check_texts(_model(99, 98), _ITEMS, texts, _SPEC, task)


def test_the_content_free_question_counts():
  texts = [('a', 'x', 'yy', 'neutral'), ('b', 'z', 'w', 'neutral')]
  prompt_limits.check_texts(_model(9), _ITEMS, texts, _SPEC, 'text')
  with pytest.raises(UserError, match='content-free question.* has 9 tokens'):
    prompt_limits.check_texts(_model(8), _ITEMS, texts, _SPEC, 'text')
  unasked = [(*some[:-1], '') for some in texts]
  prompt_limits.check_texts(_model(8), _ITEMS, unasked, _SPEC, 'text')


@pytest.mark.parametrize('task', _CASES)
def test_a_prompt_without_tokens_is_refused(task):
  texts, longest = _CASES[task]
  texts = [('', *some[1:]) for some in texts]
  with pytest.raises(UserError, match='q1.*(empty|at least)'):
    prompt_limits.check_texts(_model(longest), _ITEMS, texts, _SPEC, task)


@pytest.mark.parametrize('task', _CASES)
def test_short_prompts_are_not_cut(task):
  texts, longest = _CASES[task]
  model = _model(longest)
  prompt_limits.check_texts(model, _ITEMS, texts, _SPEC, task)
  assert not model.cut
  model.tokenizer.backend_tokenizer.normalizer = (
      tokenizers.normalizers.Replace('a', 'bb'))
  prompt_limits.check_texts(model, _ITEMS, texts, _SPEC, task)
  assert model.cut


def test_tasks_of_plugins_look_themselves():
  prompt_limits.check_texts(_model(1), _ITEMS, [('abc',)] * 2,
                            dataclasses.replace(_SPEC), 'of a plugin')
