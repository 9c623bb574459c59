"""Every family against PyTorch: stored numbers, and live ones."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from uncertainty import models
from uncertainty.models import families
from uncertainty.types import Batch, CaptureSpec, UserError

_RESIDUAL = CaptureSpec(('residual',))


def _pad(rows, start=0):
  """A right-padded batch; padding holds a token that must not matter."""
  B, T = len(rows), max(len(row) for row in rows)
  tokens, segments = np.full((B, T), 5, np.int32), np.full((B, T), -1)
  for b, row in enumerate(rows):
    tokens[b, :len(row)], segments[b, :len(row)] = row, 0
  positions = np.broadcast_to(start + np.arange(T), (B, T))
  return Batch(jnp.asarray(tokens), jnp.asarray(positions, jnp.int32),
               jnp.asarray(segments, jnp.int32))


@functools.partial(jax.jit, static_argnames=('module', 'sites'))
def _encode(module, params, batch, at_BP, sites=_RESIDUAL):
  out = models.read_hidden(module, params, batch, capture=sites,
                           capture_at_BP=at_BP)
  hidden = jnp.take_along_axis(out.hidden_BTD, at_BP[:, :, None], 1)
  return models.unembed(module, params, hidden), out.activations['residual']


@functools.partial(jax.jit, static_argnames=('module',))
def _in_three_steps(module, params, prefix, batch, at_BP, last_BQ,
                    last_positions_BQ):
  """Shared prefix, then the rows, then their last tokens out of a cache."""
  start = models.read_hidden(module, params, prefix, with_key_values=True)
  out = models.read_hidden(module, params, batch, prefix=start.key_values,
                           capture=_RESIDUAL, capture_at_BP=at_BP,
                           with_key_values=True)
  cache = models.extend_cache(out.key_values, batch.tokens_BT.shape[1] + 2)
  last, cache = models.decode(module, params, last_BQ, last_positions_BQ,
                              cache, prefix=start.key_values)
  hidden = jnp.take_along_axis(out.hidden_BTD, at_BP[:, :, None], 1)
  hidden = jnp.concatenate([hidden, last.hidden_BTD], 1)
  return (models.unembed(module, params, hidden),
          out.activations['residual'], cache.lengths_B)


def _golden(goldens, case):
  with np.load(goldens.FOLDER / f'{case}.npz') as stored:
    return stored['logits'], stored['residuals']


def _kept(rows, kept):
  return jnp.asarray([[len(row) - kept + i for i in range(kept)]
                      for row in rows], jnp.int32)


@pytest.mark.parametrize('name', ['llama3', 'gemma3', 'phi4_mini_long'])
def test_padded_batch_matches_rows_of_pytorch(name, goldens, make_tiny):
  module, params, _ = make_tiny(goldens.cases()[name])
  rows = goldens.rows(module.config)
  logits, residuals = _encode(module, params, _pad(rows),
                              _kept(rows, goldens.KEPT))
  expected_logits, expected_residuals = _golden(goldens, name)
  np.testing.assert_allclose(logits, expected_logits, atol=1e-4, rtol=0)
  np.testing.assert_allclose(residuals, expected_residuals, atol=1e-4, rtol=0)


def test_prefix_rows_and_cache_match_pytorch(case, goldens, make_tiny):
  module, params, _ = make_tiny(goldens.cases()[case])
  rows, P = goldens.rows(module.config), goldens.PREFIX
  body = [row[P:-2] for row in rows]
  arguments = (
      module, params, _pad([rows[0][:P]]), _pad(body, P), _kept(body, 2),
      jnp.asarray([row[-2:] for row in rows]),
      jnp.asarray([[len(row) - 2, len(row) - 1] for row in rows], jnp.int32))
  table = module.config.rotaries[0] if module.config.rotaries else None
  if table and 0 < table.switch_length < len(rows[0]):
    with pytest.raises(UserError, match='longrope'):
      _in_three_steps(*arguments)
    return
  logits, residuals, lengths = _in_three_steps(*arguments)
  expected_logits, expected_residuals = _golden(goldens, case)
  np.testing.assert_allclose(logits, expected_logits, atol=1e-4, rtol=0)
  np.testing.assert_allclose(residuals, expected_residuals[:, :, :2],
                             atol=1e-4, rtol=0)
  assert lengths.tolist() == [len(row) - P for row in rows]


def test_mapping_is_a_bijection_onto_the_parameters(case, goldens, make_tiny):
  hf_config = goldens.cases()[case]
  family = families.for_architecture(hf_config['architectures'][0])
  config = family.config(hf_config)
  module = models.Decoder(config)
  shapes = jax.eval_shape(module.init, jax.random.key(0),
                          jnp.zeros((1, 2), jnp.int32))['params']
  wanted = {'/'.join(key.key for key in path): leaf.shape for path, leaf
            in jax.tree_util.tree_leaves_with_path(shapes)}
  table = family.mapping(config)
  filled = {m.path: (config.n_layers,) * m.stacked + m.shape for m in table}
  assert filled == wanted and len(table) == len(wanted)

  # Writing every part back must rebuild every tensor: nothing is dropped.
  made = goldens.tensors(table, config.n_layers)
  rebuilt = {name: np.full_like(x, np.nan) for name, x in made.items()}
  for entry in table:
    for layer in range(config.n_layers if entry.stacked else 1):
      value = entry.convert([made[n] for n in entry.sources(layer)])
      start = 0
      for name, part in zip(entry.sources(layer), entry.parts):
        stop = start + part.shape[entry.axis]
        piece = np.take(value, range(start, stop), entry.axis) - entry.add
        part.write(rebuilt[name], piece)
        start = stop
  for name, x in made.items():
    np.testing.assert_allclose(rebuilt[name], x, atol=1e-6, err_msg=name)


@pytest.mark.parity
@pytest.mark.filterwarnings('ignore')
def test_all_positions_match_pytorch_live(case, goldens, make_tiny):
  hf_config = goldens.cases()[case]
  module, params, made = make_tiny(hf_config, seed=1)
  reference = goldens.reference(hf_config, module.config.family, made)
  rows = goldens.rows(module.config, seed=1)
  T = max(len(row) for row in rows)
  at_BP = jnp.broadcast_to(jnp.arange(T, dtype=jnp.int32)[None],
                           (len(rows), T))
  logits, residuals = _encode(module, params, _pad(rows), at_BP)
  for b, row in enumerate(rows):
    expected_logits, expected_residuals = goldens.read(reference, row)
    n = len(row)
    np.testing.assert_allclose(logits[b, :n], expected_logits, atol=1e-4,
                               rtol=0)
    np.testing.assert_allclose(residuals[:, b, :n], expected_residuals,
                               atol=1e-4, rtol=0)


def test_goldens_are_all_there_and_say_who_made_them(goldens):
  files = sorted(goldens.FOLDER.glob('*.npz'))
  assert {path.stem for path in files} == set(goldens.cases())
  assert sum(path.stat().st_size for path in files) < 700_000
  for path in files:
    with np.load(path) as stored:
      assert 'transformers' in str(stored['made_by'])


def test_unknown_architecture_is_named():
  with pytest.raises(UserError, match='MambaForCausalLM.*LlamaForCausalLM'):
    families.for_architecture('MambaForCausalLM')


def test_canonical_names():
  llama = families.FAMILIES['llama']
  name = 'layers.0.mlp.up_proj.weight'
  for prefix in ('', 'model.', 'language_model.model.',
                 'model.language_model.'):
    assert families.canonical_name(llama, prefix + name) == name
  assert families.canonical_name(
      llama, 'model.layers.0.self_attn.rotary_emb.inv_freq') is None
  assert families.canonical_name(llama, 'lm_head.weight', tied=True) is None
  assert families.canonical_name(llama, 'lm_head.weight') == 'lm_head.weight'
  neox = families.FAMILIES['gpt_neox']
  assert families.canonical_name(neox, 'embed_out.weight') == 'lm_head.weight'
  assert families.canonical_name(
      neox, 'gpt_neox.layers.3.attention.masked_bias') is None
  assert families.canonical_name(
      neox, 'gpt_neox.layers.3.attention.dense.bias') == (
          'layers.3.attention.dense.bias')


@pytest.mark.parametrize(('architecture', 'name', 'theirs'), [
    ('LlamaForCausalLM', 'layers.0.mlp.up_proj.weight',
     'model.layers.0.mlp.up_proj.weight'),
    ('GPT2LMHeadModel', 'h.0.attn.c_attn.bias',
     'transformer.h.0.attn.c_attn.bias'),
    ('GPTNeoXForCausalLM', 'embed_in.weight', 'gpt_neox.embed_in.weight'),
    ('Gemma3ForConditionalGeneration', 'norm.weight',
     'model.language_model.norm.weight'),
    ('LlamaForCausalLM', 'lm_head.weight', 'lm_head.weight')])
def test_names_of_the_hub_and_back(architecture, name, theirs):
  assert families.hub_name(architecture, name) == theirs
  family = families.for_architecture(architecture)
  assert families.canonical_name(family, theirs) == name
