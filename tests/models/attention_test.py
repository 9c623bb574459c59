"""Attention over several stretches against one softmax over all keys."""

import types

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from uncertainty.models import attention

B, T, K, G, H = 2, 3, 2, 2, 4


def _random(seed, *shape):
  return jnp.asarray(np.random.default_rng(seed).normal(size=shape),
                     jnp.float32)


def _stretch(seed, rows, S):
  return attention.Stretch(_random(seed, rows, S, K, H),
                           _random(seed + 1, rows, S, K, H))


def _plain(query, keys, values, mask, cap):
  return np.einsum('bktgs,bskh->btkgh', _shares(query, keys, mask, cap), values)


def _shares(query, keys, mask, cap):
  logits = np.einsum('btkgh,bskh->bktgs', query, keys)
  if cap:
    logits = cap * np.tanh(logits / cap)
  logits = np.where(mask[:, None, :, None, :], logits, -np.inf)
  shares = np.exp(logits - logits.max(-1, keepdims=True))
  return shares / shares.sum(-1, keepdims=True)


@pytest.mark.parametrize('cap', [0.0, 2.0])
def test_a_shared_prefix_and_own_keys_are_one_softmax(cap):
  query = _random(0, B, T, K, G, H)
  prefix, own = _stretch(1, 1, 5), _stretch(3, B, T)
  masks = [jnp.arange(5)[None, None] < 4,
           jnp.tril(jnp.ones((T, T), bool))[None]]
  found, none = attention.attend(query, [prefix, own], masks, cap)
  assert none is None
  keys, values = (
      np.concatenate([np.broadcast_to(a, (B, *a.shape[1:])), b], 1)
      for a, b in ((prefix.keys_BSKH, own.keys_BSKH),
                   (prefix.values_BSKH, own.values_BSKH)))
  mask = np.concatenate([
      np.broadcast_to(np.asarray(m), (B, T, m.shape[-1])) for m in masks], -1)
  np.testing.assert_allclose(
      found, _plain(np.asarray(query), keys, values, mask, cap), atol=1e-5)
  jitted, weight = jax.jit(attention.attend, static_argnums=(3, 4))(
      query, [prefix, own], masks, cap, True)
  np.testing.assert_allclose(jitted, found, atol=1e-6)
  shares = _shares(np.asarray(query), keys, mask, cap)
  for t in range(T):  # its own key stands behind the prefix's five
    np.testing.assert_allclose(
        weight[:, t], shares[:, :, t, :, 5 + t], atol=1e-6)


def test_a_row_without_visible_keys_stays_finite():
  own = _stretch(1, B, T)
  found = attention.attend(_random(0, B, T, K, G, H), [own],
                           [jnp.zeros((1, 1, T), bool)], 0.0, to_itself=True)
  for values in found:
    assert np.isfinite(np.asarray(values)).all()


@pytest.mark.parametrize('rows', [1, B])
def test_one_kernel_gives_what_the_stretches_give(rows):
  query = _random(0, B, T, K, G, H)
  stretches = [_stretch(1, rows, 5), _stretch(3, B, T)]
  masks = [jnp.arange(5)[None, None] < 4,
           jnp.tril(jnp.ones((B, T, T), bool))]
  expected, _ = attention.attend(query, stretches, masks, 0.0)
  found = attention.attend_fused(query, stretches, masks, 'xla')
  assert found.dtype == expected.dtype
  np.testing.assert_allclose(found, expected, atol=1e-5)


def _device(kind, capability):
  return types.SimpleNamespace(device_kind=kind, compute_capability=capability)


def test_where_one_kernel_measured_faster():
  config = types.SimpleNamespace(attention_cap=0.0, head_dim=64)
  hopper = _device('NVIDIA H100 80GB HBM3', '9.0')
  bfloat16 = jnp.dtype('bfloat16')
  assert attention.is_fused(config, bfloat16, hopper)
  assert not attention.is_fused(config, jnp.dtype('float32'), hopper)
  assert not attention.is_fused(
      types.SimpleNamespace(attention_cap=50.0, head_dim=64), bfloat16, hopper)
  assert not attention.is_fused(
      types.SimpleNamespace(attention_cap=0.0, head_dim=256), bfloat16, hopper)
  assert not attention.is_fused(config, bfloat16, _device('NVIDIA T4', '7.5'))
  assert not attention.is_fused(config, bfloat16, jax.devices('cpu')[0])
