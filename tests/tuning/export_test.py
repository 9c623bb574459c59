"""What is exported is read back: by us bit for bit, by PyTorch and peft."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from safetensors import SafetensorError
from safetensors.numpy import load_file

from uncertainty import models, plan
from uncertainty.models import lineage, safetensors_file
from uncertainty.tuning import export, trained_items
from uncertainty.types import Item, UserError

ORIGIN = lineage.Lineage(
    name='tiny-human', base=lineage.Base('tiny', 'org/tiny', '0f'),
    config_digest='1a', splits_digest='2b', package_version='0.1.0',
    recipe='human on vader')


def _tuned(params, seed=0):
  """The parameters with noise on each, as tuning leaves them."""
  rng = np.random.default_rng(seed)
  return jax.tree.map(lambda x: jnp.asarray(
      np.asarray(x, np.float32) + rng.normal(0, 0.1, x.shape).astype('f4'),
      x.dtype), params)


def _as_stored(params, family):
  """The parameters as a checkpoint can hold them: Gemma's norms less 1."""
  if not family.startswith('gemma'):
    return params
  one = np.float32(1)
  return jax.tree_util.tree_map_with_path(
      lambda path, x: (np.asarray(x) - one) + one
      if path[-1].key == 'scale' else x, params)


def _equal(found, expected):
  assert jax.tree.structure(found) == jax.tree.structure(expected)
  for (path, ours), theirs in zip(jax.tree_util.tree_leaves_with_path(found),
                                  jax.tree.leaves(expected)):
    np.testing.assert_array_equal(ours, theirs, err_msg=str(path))
    assert ours.dtype == theirs.dtype, path


@pytest.mark.parametrize('dtype', ['float32', 'bfloat16'])
def test_a_written_model_is_read_back_bit_for_bit(
    case, dtype, goldens, make_directory, tmp_path):
  opened = models.open_source(str(make_directory(goldens.cases()[case])))
  params = _tuned(models.load(opened, dtype=dtype).params)
  export.write_model(tmp_path / 'model', opened, params)
  found = models.load(str(tmp_path / 'model'), dtype=dtype)
  _equal(found.params, _as_stored(params, opened.family.name))
  assert found.config == opened.config
  assert found.fingerprint != opened.fingerprint
  assert (found.tokenizer.backend_tokenizer.to_str()
          == opened.tokenizer.backend_tokenizer.to_str())
  assert found.tokenizer.chat_template == opened.tokenizer.chat_template
  config = json.loads((tmp_path / 'model' / 'config.json').read_text())
  assert config['dtype'] == dtype and 'torch_dtype' not in config


def test_unchanged_weights_are_the_base_file_again(
    case, goldens, make_directory, tmp_path):
  base = make_directory(goldens.cases()[case])
  opened = models.open_source(str(base))
  export.write_model(tmp_path / 'model', opened,
                     models.load(opened, dtype='float32').params)
  expected = load_file(base / 'model.safetensors')
  found = load_file(tmp_path / 'model' / 'model.safetensors')
  assert found.keys() == expected.keys()
  for name, value in expected.items():
    # Gemma's norms took 1 on and off, in float32.
    np.testing.assert_allclose(found[name], value, rtol=0, atol=1e-7)


@pytest.fixture
def tiny(goldens, make_directory):
  """(what `open_source` says, parameters) of a small Llama."""
  opened = models.open_source(str(make_directory(goldens.cases()['llama2'])))
  return opened, models.load(opened, dtype='float32').params


def test_large_weights_go_to_several_files_with_an_index(tiny, tmp_path):
  opened, params = tiny
  export.write_model(tmp_path / 'model', opened, params, shard_bytes=20_000)
  files = safetensors_file.files(tmp_path / 'model')
  assert files[0].name == safetensors_file.INDEX and len(files) > 3
  assert files[1].name == f'model-00001-of-{len(files) - 1:05d}.safetensors'
  assert all(path.stat().st_size < 23_000 for path in files[1:])
  index = json.loads(files[0].read_text())
  assert index['metadata']['total_size'] == sum(
      x.nbytes for x in jax.tree.leaves(params))
  _equal(models.load(str(tmp_path / 'model'), dtype='float32').params, params)


def test_a_model_is_whole_or_absent(tiny, tmp_path, monkeypatch):
  opened, params = tiny
  export.write_model(tmp_path / 'model', opened, params)

  def full(*_, **__):
    raise SafetensorError(
        'Error while serializing: I/O error: No space left (os error 28)')

  monkeypatch.setattr(export, 'save_file', full)
  for name in ('model', 'other'):
    with pytest.raises(UserError, match='disk is full.*' + name):
      export.write_model(tmp_path / name, opened, _tuned(params))
  assert sorted(p.name for p in tmp_path.iterdir()) == ['base', 'model']
  monkeypatch.undo()
  _equal(models.load(str(tmp_path / 'model'), dtype='float32').params, params)
  export.write_model(tmp_path / 'model', opened, _tuned(params))
  _equal(models.load(str(tmp_path / 'model'), dtype='float32').params,
         _tuned(params))
  assert sorted(p.name for p in tmp_path.iterdir()) == ['base', 'model']


def test_lineage_lies_beside_and_reaches_the_manifest(tiny, tmp_path):
  opened, params = tiny
  trained = trained_items.table({'quiz': [Item('a', 'Why?')]})
  export.write_model(tmp_path / 'model', opened, params, origin=ORIGIN,
                     trained=trained)
  assert trained_items.read(tmp_path / 'model').equals(trained)
  found = models.open_source(str(tmp_path / 'model'))
  assert found.lineage == ORIGIN and found.name == 'tiny-human'
  assert plan.model_entry(found)['lineage']['base']['fingerprint'] == '0f'
  assert 'lineage' not in plan.model_entry(opened)
  export.write_model(tmp_path / 'plain', opened, params)
  assert found.fingerprint == models.open_source(
      str(tmp_path / 'plain')).fingerprint


def test_of_a_multimodal_model_the_text_half_is_written(
    goldens, make_directory, tmp_path):
  text = goldens.cases()['gemma3']
  inner = {name: value for name, value in text.items()
           if name not in ('architectures', 'model_type')}
  opened = models.open_source(str(make_directory({
      'architectures': ['Gemma3ForConditionalGeneration'],
      'model_type': 'gemma3', 'bos_token_id': 1, 'text_config': inner})))
  params = models.load(opened, dtype='float32').params
  export.write_model(tmp_path / 'model', opened, params)
  found = models.load(str(tmp_path / 'model'), dtype='float32')
  assert found.config == opened.config
  _equal(found.params, params)  # of a checkpoint, and so of what it can hold
  config = json.loads((tmp_path / 'model' / 'config.json').read_text())
  assert config['architectures'] == ['Gemma3ForCausalLM']
