import jax
import numpy as np
import pytest

from uncertainty.inference.tasks import next_token_mass
from uncertainty.types import UserError


@pytest.fixture(scope='module')
def model(tiny):
  return tiny.make()


def _rows(model, texts):
  return [tuple(model.tokenizer.encode(t)) for t in texts]


def test_masses_are_those_of_whole_prompts(model):
  texts = ['common words here: abc', 'common words here: x', 'other', 'other']
  rows = _rows(model, texts)
  groups = [(5, 6), (7,)]
  got = next_token_mass.log_masses(
      model, rows, groups, template=_rows(model, texts[:2]))
  for row, values in zip(rows, got):
    logits = model.module.apply(
        {'params': model.params}, np.asarray(row, np.int32)[None])[0, -1]
    p = np.asarray(jax.nn.softmax(logits))
    np.testing.assert_allclose(
        np.exp(values), [p[5] + p[6], p[7]], rtol=1e-4)


def test_a_prompt_depends_on_no_other(model):
  texts = ['common words here: abc', 'common words here: xyz ab']
  rows = _rows(model, texts)
  kwargs = {'groups': [(5, 6)], 'template': rows}
  both = next_token_mass.log_masses(model, rows, **kwargs)
  np.testing.assert_array_equal(
      next_token_mass.log_masses(model, rows[1:], **kwargs), both[1:])
  assert next_token_mass.log_masses(model, [], **kwargs).shape == (0, 1)


def test_words_need_a_token(model):
  yes, no = next_token_mass.yes_no_tokens(model.tokenizer)
  assert len(yes) == len(no) == 1 and yes != no
  with pytest.raises(UserError, match='config.free.judge=words'):
    next_token_mass.word_tokens(model.tokenizer, ['perhaps'])
