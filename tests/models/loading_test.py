"""Tests of loading whole models from directories and GGUF files."""

import dataclasses
import json
import shutil

import gguf
import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest
from safetensors.numpy import save_file

from uncertainty import models
from uncertainty.types import Batch, UserError

TOKENS = np.array([[256, 3, 17, 200, 5]], np.int32)


def _logits(model):
  return np.asarray(
      model.module.apply({'params': model.params}, jnp.asarray(TOKENS)))


def _reference(tensors, config):
  """A Llama in numpy, straight from the tensors under their file names."""
  D, H = config.width, config.head_dim
  groups = config.n_heads // config.n_kv_heads

  def norm(x, name):
    scale = tensors[name].astype(np.float64)
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-5) * scale

  def rotate(x):  # [T, heads, H]
    angles = np.arange(len(x))[:, None] / 10000 ** (np.arange(0, H, 2) / H)
    cos, sin = np.cos(angles)[:, None], np.sin(angles)[:, None]
    a, b = x[..., :H // 2], x[..., H // 2:]
    return np.concatenate([a * cos - b * sin, b * cos + a * sin], -1)

  x = tensors['model.embed_tokens.weight'][TOKENS[0]].astype(np.float64)
  T = len(x)
  for i in range(config.n_layers):
    at = f'model.layers.{i}.'
    w = {part: tensors[f'{at}{part}.weight'].T.astype(np.float64) for part in (
        'self_attn.q_proj', 'self_attn.k_proj', 'self_attn.v_proj',
        'self_attn.o_proj', 'mlp.gate_proj', 'mlp.up_proj', 'mlp.down_proj')}
    y = norm(x, at + 'input_layernorm.weight')
    q = rotate((y @ w['self_attn.q_proj']).reshape(T, -1, H))
    k = rotate((y @ w['self_attn.k_proj']).reshape(T, -1, H))
    v = (y @ w['self_attn.v_proj']).reshape(T, -1, H)
    k, v = np.repeat(k, groups, 1), np.repeat(v, groups, 1)
    scores = np.einsum('qhd,khd->hqk', q, k) / np.sqrt(H)
    scores += np.triu(np.full((T, T), -1e30), 1)
    p = np.exp(scores - scores.max(-1, keepdims=True))
    p /= p.sum(-1, keepdims=True)
    attended = np.einsum('hqk,khd->qhd', p, v).reshape(T, -1)
    x = x + attended @ w['self_attn.o_proj']
    y = norm(x, at + 'post_attention_layernorm.weight')
    gate = y @ w['mlp.gate_proj']
    y = gate / (1 + np.exp(-gate)) * (y @ w['mlp.up_proj'])
    x = x + y @ w['mlp.down_proj']
  head = tensors.get('lm_head.weight', tensors['model.embed_tokens.weight'])
  assert x.shape == (T, D)
  return norm(x, 'model.norm.weight') @ head.T.astype(np.float64)


def test_directory_gives_the_logits_of_a_loop_in_numpy(write_tiny, tiny):
  model = models.load(str(write_tiny()), dtype='float32')
  np.testing.assert_allclose(
      _logits(model)[0], _reference(tiny, model.config), atol=2e-5)
  assert (model.name, model.kind, model.revision) == ('tiny', 'base', None)
  assert model.config.eos_token_ids == (257,)
  assert model.tokenizer.decode(model.tokenizer.encode('Größe 東京')) == (
      'Größe 東京')


def test_bfloat16_rounds_weights_and_keeps_norms(write_tiny, tiny):
  model = models.load(str(write_tiny()), dtype='bfloat16')
  down = model.params['layers']['mlp']['down']
  assert down.dtype == jnp.bfloat16
  expected = tiny['model.layers.1.mlp.down_proj.weight'].T
  np.testing.assert_array_equal(
      np.asarray(down[1]), expected.astype(ml_dtypes.bfloat16))
  scale = model.params['final_norm']['scale']
  assert scale.dtype == jnp.float32
  np.testing.assert_array_equal(np.asarray(scale), tiny['model.norm.weight'])


@pytest.mark.usefixtures('float64_arrays')
def test_float64_is_the_loop_in_numpy(write_tiny, tiny):
  model = models.load(str(write_tiny()), dtype='float64')
  weights = np.asarray(model.params['unembedding'])
  assert weights.dtype == np.float64
  T = TOKENS.shape[1]
  out = models.read_hidden(model.module, model.params, Batch(
      jnp.asarray(TOKENS), jnp.arange(T, dtype=jnp.int32)[None],
      jnp.zeros((1, T), jnp.int32)))
  # What is left is the rotary angles' float32.
  np.testing.assert_allclose(
      np.asarray(out.hidden_BTD[0]) @ weights.T,
      _reference(tiny, model.config), atol=2e-7)


def test_tied_head_may_be_in_the_file_or_not(write_tiny, tiny):
  tied = {'tie_word_embeddings': True}
  with_head = models.load(
      str(write_tiny(tied, tiny, 'with')), dtype='float32')
  del tiny['lm_head.weight']
  without = models.load(
      str(write_tiny(tied, tiny, 'without')), dtype='float32')
  np.testing.assert_array_equal(_logits(with_head), _logits(without))
  np.testing.assert_allclose(
      _logits(without)[0], _reference(tiny, without.config), atol=2e-5)


@pytest.mark.parametrize('prefix', ['', 'language_model.model.'])
def test_model_prefix_is_optional(write_tiny, tiny, prefix):
  plain = models.load(str(write_tiny()), dtype='float32')
  renamed = {name.replace('model.', prefix, 1): value
             for name, value in tiny.items()}
  other = models.load(
      str(write_tiny(None, renamed, 'renamed')), dtype='float32')
  np.testing.assert_array_equal(_logits(plain), _logits(other))


def test_half_precision_files_give_their_own_values(write_tiny, tiny):
  mixed = {
      name: value.astype([np.float16, ml_dtypes.bfloat16, np.float32][i % 3])
      for i, (name, value) in enumerate(tiny.items())}
  model = models.load(str(write_tiny(None, mixed)), dtype='float32')
  exact = {name: value.astype(np.float32) for name, value in mixed.items()}
  np.testing.assert_allclose(
      _logits(model)[0], _reference(exact, model.config), atol=2e-5)


def test_generation_config_adds_its_end_tokens(write_tiny):
  path = write_tiny()
  (path / 'generation_config.json').write_text(
      json.dumps({'eos_token_id': [257, 258]}))
  assert models.load(str(path)).config.eos_token_ids == (257, 258)


def test_chat_template_makes_an_instruct_model(write_tiny):
  path = write_tiny()
  (path / 'chat_template.jinja').write_text('{{ messages[0].content }}')
  assert models.load(str(path)).kind == 'instruct'


def test_sharded_over_a_mesh_holds_the_same_weights(write_tiny):
  path = str(write_tiny())
  mesh = jax.make_mesh((1, 1), ('data', 'model'))
  one = models.load(path, dtype='float32')
  other = models.load(path, dtype='float32', mesh=mesh)
  jax.tree.map(np.testing.assert_array_equal, one.params, other.params)


def test_fingerprint_tells_contents_apart_but_not_places(write_tiny, tiny):
  path = write_tiny()
  first = models.load(str(path)).fingerprint
  copy = shutil.copytree(path, path.with_name('copy'))
  assert models.load(str(copy)).fingerprint == first
  tiny['model.norm.weight'] = tiny['model.norm.weight'] + 1
  save_file(tiny, copy / 'model.safetensors')
  assert models.load(str(copy)).fingerprint != first
  config = json.loads((path / 'config.json').read_text())
  (path / 'config.json').write_text(json.dumps({**config, 'rope_theta': 5e5}))
  assert models.load(str(path)).fingerprint != first


def test_model_is_frozen(write_tiny):
  model = models.load(str(write_tiny()))
  with pytest.raises(dataclasses.FrozenInstanceError):
    model.name = 'other'


@pytest.mark.parametrize('change, message', [
    ({'architectures': ['MambaForCausalLM']}, 'MambaForCausalLM'),
    ({'architectures': []}, '"architectures"'),
    ({'quantization_config': {'quant_method': 'gptq'}}, 'gptq'),
    ({'vocab_size': 100, 'bos_token_id': 1, 'eos_token_id': 2},
     'embed_tokens.weight has shape'),
    ({'hidden_act': 'relu6'}, 'hidden_act'),
    ({'num_hidden_layers': 3}, 'layers.2.'),
    ({'num_hidden_layers': 1}, 'model.layers.1.'),
])
def test_config_at_odds_with_the_model_is_refused(write_tiny, change, message):
  path = write_tiny()
  config = json.loads((path / 'config.json').read_text())
  (path / 'config.json').write_text(json.dumps({**config, **change}))
  with pytest.raises(UserError, match=message):
    models.load(str(path))


def _vocabulary(added=1, **ids):
  return json.dumps({
      'model': {'type': 'BPE', 'vocab': ids, 'merges': []},
      'added_tokens': [{'id': added, 'content': 'b'}]})


@pytest.mark.parametrize('name, content, message', [
    ('config.json', None, 'config.json: is missing'),
    ('config.json', '{"a":', 'config.json: cannot be read'),
    ('config.json', '[]', 'config.json: is not a JSON object'),
    ('tokenizer.json', None, 'no tokenizer.json'),
    ('tokenizer.json', '<html>', 'tokenizer.json: cannot be read'),
    ('tokenizer.json', '{}', 'tokenizer.json: cannot be read'),
    # Counting up to it took half a minute.
    ('tokenizer.json', _vocabulary(a=10**9), 'token 1000000000 is beyond'),
    ('tokenizer.json', _vocabulary(added=2**32 - 1), 'token 4294967295 is'),
    ('model.safetensors', None, 'has neither model.safetensors'),
])
def test_damaged_directory_is_refused(write_tiny, name, content, message):
  path = write_tiny()
  (path / name).unlink()
  if content is not None:
    (path / name).write_text(content)
  with pytest.raises(UserError, match=message):
    models.load(str(path))


def test_small_embedding_for_the_tokenizer_is_refused(write_tiny):
  small = {'vocab_size': 200, 'bos_token_id': 1, 'eos_token_id': 2}
  with pytest.raises(UserError, match='tokenizer has 256 tokens'):
    models.load(str(write_tiny(small)))


def test_unknown_dtype_is_refused():
  with pytest.raises(UserError, match="model.dtype is 'int8'"):
    models.load('anything', dtype='int8')


def _permuted(weight, n_heads):
  """llama.cpp's convert_hf_to_gguf, `LlamaModel.permute`."""
  return (weight.reshape(n_heads, 2, -1, weight.shape[1])
          .swapaxes(1, 2).reshape(weight.shape))


def write_gguf(path, tensors):
  """The tiny model as llama.cpp would write it, in float32."""
  names = {'embed_tokens': 'token_embd', 'norm': 'output_norm',
           'input_layernorm': 'attn_norm', 'q_proj': 'attn_q',
           'k_proj': 'attn_k', 'v_proj': 'attn_v', 'o_proj': 'attn_output',
           'post_attention_layernorm': 'ffn_norm', 'gate_proj': 'ffn_gate',
           'up_proj': 'ffn_up', 'down_proj': 'ffn_down', 'lm_head': 'output'}
  writer = gguf.GGUFWriter(path, 'llama')
  writer.add_context_length(64)
  writer.add_embedding_length(32)
  writer.add_block_count(2)
  writer.add_feed_forward_length(48)
  writer.add_head_count(4)
  writer.add_head_count_kv(2)
  writer.add_layer_norm_rms_eps(1e-5)
  writer.add_rope_freq_base(10000.0)
  writer.add_tokenizer_model('gpt2')
  writer.add_tokenizer_pre('gpt-2')
  writer.add_token_list([chr(0x100 + i) for i in range(257)] + ['Āā'])
  writer.add_token_merges(['Ā ā'])
  writer.add_bos_token_id(256)
  writer.add_eos_token_id(257)
  for name, value in tensors.items():
    parts = name.split('.')
    if parts[-2] == 'q_proj':
      value = _permuted(value, 4)
    if parts[-2] == 'k_proj':
      value = _permuted(value, 2)
    layer = f'blk.{parts[2]}.' if parts[1] == 'layers' else ''
    writer.add_tensor(f'{layer}{names[parts[-2]]}.weight', value)
  writer.write_header_to_file()
  writer.write_kv_data_to_file()
  writer.write_tensors_to_file()
  writer.close()


def test_gguf_gives_the_params_of_the_directory(tmp_path, write_tiny, tiny):
  write_gguf(tmp_path / 'tiny-model.gguf', tiny)
  model = models.load(str(tmp_path / 'tiny-model.gguf'), dtype='float32')
  other = models.load(str(write_tiny()), dtype='float32')
  jax.tree.map(np.testing.assert_array_equal, model.params, other.params)
  assert model.name == 'tiny-model'
  np.testing.assert_array_equal(_logits(model), _logits(other))


def test_gguf_lacking_a_tensor_names_it(tmp_path, tiny):
  del tiny['model.layers.1.mlp.up_proj.weight']
  write_gguf(tmp_path / 'm.gguf', tiny)
  with pytest.raises(UserError, match=r'layers\.1\.mlp\.up_proj\.weight'):
    models.load(str(tmp_path / 'm.gguf'))
