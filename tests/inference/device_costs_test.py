"""What devices make batches: a CPU's caches, a GPU's memory."""

import jax
import jax.numpy as jnp
import pytest

from uncertainty.inference import batching, device_costs

GIB = 2**30


@pytest.fixture
def gpu(monkeypatch):
  """How much memory the device has → this backend is a GPU with so much."""
  def pretend(limit):
    class Device:
      def memory_stats(self):
        return limit and {'bytes_limit': limit}

    monkeypatch.setattr(jax, 'default_backend', lambda: 'gpu')
    monkeypatch.setattr(jax, 'local_devices', lambda: [Device()])
  return pretend


def test_a_cpu_takes_what_its_caches_hold(tiny):
  model = tiny.make()
  assert device_costs.device_tokens(model.config, model.params) == 1024
  assert device_costs.costs().shape == 2048


def test_a_gpu_takes_what_its_memory_holds_beside_the_weights(gpu, tiny):
  model = tiny.make()
  # Two batches in flight: of each token, so many float32 between products.
  a_token = 2 * 4 * (6 * 16 + 3 * 32 + 4 * (2 * 4 + 768))
  held = sum(x.nbytes for x in jax.tree.leaves(model.params))
  gpu(80 * GIB)
  assert device_costs.device_tokens(model.config, model.params) == 16384
  gpu(int((held + 5000 * a_token) / 0.9))
  assert device_costs.device_tokens(
      model.config, model.params) == pytest.approx(5000, abs=2)
  more = {'weights': jnp.zeros((a_token, 1000), jnp.float32)}
  assert device_costs.device_tokens(
      model.config, {**model.params, **more}) == 1024
  gpu(None)  # one that does not say
  assert device_costs.device_tokens(model.config, model.params) == 16384


def test_a_gpu_packs_rows_into_one_shape_that_pays(gpu):
  lengths = [50 + 7 * i % 250 for i in range(512)]
  entries = [batching.Entry(tuple(range(n)), ()) for n in lengths]

  def shapes():
    plan = batching.plan(entries, batch_tokens=16384, row_tokens=512)
    held = sum(b.length * len(b.rows) for b in plan)
    return {b.length for b in plan}, held / sum(lengths)

  on_a_cpu, _ = shapes()
  gpu(80 * GIB)
  on_a_gpu, padded = shapes()
  assert len(on_a_gpu) == 1 < len(on_a_cpu)
  assert padded < 1.05
