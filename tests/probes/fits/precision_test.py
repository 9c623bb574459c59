"""Float64 and one thread, within a block alone."""

import jax.numpy as jnp
import threadpoolctl

from uncertainty.probes.fits import precision


def _threads():
  return {pool['filepath']: pool['num_threads']
          for pool in threadpoolctl.threadpool_info()
          if pool['user_api'] == 'blas'}


def test_both_settings_hold_within_the_block_and_not_after_it():
  with threadpoolctl.threadpool_limits(2, user_api='blas'):
    before = _threads()
    for _ in range(2):
      with precision.float64():
        assert jnp.arange(2.).dtype == jnp.float64
        assert set(_threads().values()) == {1}
      assert jnp.arange(2.).dtype == jnp.float32
      assert _threads() == before
  assert len(before) > 1 and set(before.values()) == {2}  # NumPy's and SciPy's
