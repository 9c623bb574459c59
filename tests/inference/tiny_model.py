"""A tiny random model whose tokens are letters, for tests of inference."""

import dataclasses

import jax
import jax.numpy as jnp

from uncertainty import models
from uncertainty.models import identity

PIECES = ('', '}', ' }', ' ', '\n', *'abcdefghijklmnopqrstuvwxyz',
          *'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789?:.{%', '}.', 'yes', 'no')
EOS = 0


class Tokenizer:
  """One token a character (or `PIECES` entry)."""

  chat_template = None
  bos_token = None
  eos_token = ''

  def get_vocab(self):
    return {piece: i for i, piece in enumerate(PIECES)}

  def encode(self, text, add_special_tokens=False):
    del add_special_tokens
    known = self.get_vocab()
    if text in known:
      return [known[text]]
    return [known.get(c, 3) for c in text]

  def decode(self, tokens, **_):
    return ''.join(PIECES[t] for t in tokens)

  def __call__(self, text, add_special_tokens=False, **_):
    if isinstance(text, list):
      return {'input_ids': [self.encode(t) for t in text]}
    return {'input_ids': self.encode(text, add_special_tokens)}


def config(**changes):
  n_layers = 2
  return models.DecoderConfig(
      family='llama', n_layers=n_layers, width=16, n_heads=4, n_kv_heads=2,
      head_dim=4, mlp_width=32, vocab_size=len(PIECES), context_length=2048,
      windows=(0,) * n_layers, rotaries=(models.Rotary((1.0, 0.1)),),
      rotary_index=(0,) * n_layers, attention_scale=0.5, eos_token_ids=(EOS,),
      **changes)


def make(seed=0, scale=25.0):
  """A model whose answers vary: large weights keep it from settling."""
  module = models.Decoder(config())
  params = module.init(jax.random.key(seed), jnp.zeros((1, 2), jnp.int32))
  params = jax.tree.map(
      lambda x: x * scale if x.ndim > 2 or x.shape[0] == len(PIECES) else x,
      dict(params['params']))
  return models.Model(
      module=module, params=params, config=module.config,
      tokenizer=Tokenizer(), name='tiny', fingerprint='0', source='test',
      revision=None, kind='base')


def with_logit_bias(model, bias_V):
  """The same model with some tokens made more or less likely."""
  module = models.Decoder(dataclasses.replace(model.config, head_bias=True))
  params = model.params | {'unembedding_bias': jnp.asarray(bias_V)}
  return dataclasses.replace(
      model, module=module, config=module.config, params=params)


def opened(model):
  """What is known of the model before its weights are loaded."""
  return models.Opened(
      config=model.config, tokenizer=model.tokenizer, name=model.name,
      kind=model.kind, source=model.source, revision=None,
      identity=identity.Identity('w', 'c', 't', 'p', 'g'), checkpoint=None,
      family=None, n_parameters=model.n_parameters)


def layers_of(model):
  """tokens [1, T] → what every layer gives of them, [L, T, D]."""
  @jax.jit
  def run(tokens_1T):
    _, kept = model.module.apply(
        {'params': model.params}, tokens_1T, capture_intermediates=True,
        mutable=['intermediates'])
    return kept['intermediates']['layers']['__call__'][0][0][:, 0]

  return run
