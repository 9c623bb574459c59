"""What the GPU benchmark says its work needs, counted one by one."""

import importlib
import pathlib

import jax
import jax.numpy as jnp
import pytest

from uncertainty import models
from uncertainty.models import families

_LAUNCH = pathlib.Path(__file__).parents[2] / 'launch'


@pytest.fixture
def shapes(monkeypatch):
  monkeypatch.syspath_prepend(str(_LAUNCH))
  return importlib.import_module('gpu_shapes')


def _config(hf):
  return families.for_architecture('LlamaForCausalLM').config(hf)


def test_sizes_are_those_of_the_models(shapes):
  for size, billions in (('1B', 1.236), ('8B', 8.03)):
    module = models.Decoder(_config(shapes.SHAPES[size]))
    made = jax.eval_shape(module.init, jax.random.key(0),
                          jnp.zeros((1, 2), jnp.int32))
    n = sum(x.size for x in jax.tree.leaves(made))
    assert n / 1e9 == pytest.approx(billions, rel=1e-3)


def test_prompts_share_their_beginning_and_nothing_else(shapes):
  asked = shapes.work(1000, 20)
  assert all(150 <= len(p) <= 400 for p in asked.prompts)
  assert len({tuple(p[:100]) for p in asked.prompts}) == 1
  assert len({p[100] for p in asked.prompts}) > 10
  assert shapes.work(1000, 20) == asked


def test_operations_and_bytes_are_those_of_each_token(shapes):
  hf = shapes.SHAPES['tiny']
  layers, width, mlp = 2, 128, 256
  heads, kv_heads, head = 4, 2, 64
  a_layer = width * (heads + 2 * kv_heads) * head + heads * head * width
  weights = layers * (a_layer + 3 * width * mlp)
  asked = shapes.Work([[1, 2, 3, 4], [1, 2, 5]], 2)
  # Tokens that differ: the two shared, two and one; keys that each sees.
  tokens, keys = 2 + 2 + 1, (1 + 2) + (3 + 4) + 3
  assert shapes.scoring_flops(hf, asked) == (
      2 * weights * tokens + 4 * layers * heads * head * keys
      + 2 * 2 * 1000 * width)
  cached = 2 * layers * kv_heads * head * (2 + (2 + 3) + (1 + 3))
  assert shapes.step_bytes(hf, asked, 6) == 2 * (
      weights + 1000 * width + cached)
