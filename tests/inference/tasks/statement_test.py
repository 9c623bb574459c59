"""The task `statement`: bare texts and their activations."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest

from uncertainty import inference
from uncertainty.specs import DataSpec, ProbeSpec, PromptSpec, StudySpec
from uncertainty.types import Item, UserError

ITEMS = [Item(f's{i}', text, ('true', 'false'), answer=i % 2)
         for i, text in enumerate((
             'Rome is in Italy.', 'Rome is in Spain.', 'A cat is a bird.',
             'The city of Oslo is not in Norway.'))]
SPEC = StudySpec(data=DataSpec(name='truth'),
                 prompt=PromptSpec(profile='clean', style='completion'),
                 probe=ProbeSpec(sites='residual'))


@pytest.fixture(scope='module')
def model(tiny):
  return tiny.make()


def _run(model, items=ITEMS, spec=SPEC, **options):
  rows = {}
  for chunk in inference.TASKS['statement'](
      model, items, spec, seed=0, **options):
    for j, item_id in enumerate(chunk.item_ids):
      rows[item_id] = {k: v[j] for k, v in
                       (chunk.columns | chunk.activations).items()}
  return rows


def test_each_text_is_read_alone_to_its_last_token(tiny, model):
  layers_of = tiny.layers_of(model)
  rows = _run(model)
  assert set(rows) == {item.item_id for item in ITEMS}
  for item in ITEMS:
    row = rows[item.item_id]
    assert row['prompt'] == item.question
    assert row['captured_tokens'] == '.'
    tokens = model.tokenizer.encode(item.question)
    assert row['n_tokens'] == len(tokens)
    want_LD = layers_of(jnp.asarray([tokens], jnp.int32))[:, -1]
    np.testing.assert_allclose(row['residual'], want_LD, atol=1e-4)


def test_all_positions_keep_a_row_for_each_token(model):
  """Also of what all texts begin with."""
  same = [dataclasses.replace(i, question='Rome is big and ' + i.question)
          for i in ITEMS]
  last = _run(model, same)
  rows = _run(model, same, dataclasses.replace(
      SPEC, probe=ProbeSpec(sites='residual', positions='all')))
  for item in same:
    row = rows[item.item_id]
    assert ''.join(row['captured_tokens']) == item.question
    assert row['residual'].shape[0] == row['n_tokens']
    np.testing.assert_allclose(
        row['residual'][-1], last[item.item_id]['residual'], atol=1e-4)
  first = np.stack([rows[i.item_id]['residual'][:16] for i in same])
  np.testing.assert_allclose(first, np.broadcast_to(first[:1], first.shape),
                             atol=1e-4)


def test_done_items_are_left_out_and_the_rest_stays_as_it_was(model):
  whole, rest = _run(model), _run(model, done=frozenset({'s0', 's2'}))
  assert set(rest) == {'s1', 's3'}
  for item_id, row in rest.items():
    np.testing.assert_array_equal(row['residual'], whole[item_id]['residual'])
  assert not _run(model, done=frozenset(i.item_id for i in ITEMS))


def test_without_sites_nothing_is_captured(model):
  spec = dataclasses.replace(SPEC, probe=ProbeSpec(sites=''))
  assert all('residual' not in row and 'captured_tokens' not in row
             for row in _run(model, spec=spec).values())


def test_positions_that_a_statement_lacks_are_refused(model):
  spec = dataclasses.replace(
      SPEC, probe=ProbeSpec(sites='residual', positions='answer'))
  with pytest.raises(UserError, match='positions=answer'):
    _run(model, spec=spec)
