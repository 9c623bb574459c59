"""Which activations are captured, and where."""

import jax.numpy as jnp
import numpy as np
import pytest

from uncertainty.models import capture
from uncertainty.types import CaptureSpec, UserError

AT = jnp.asarray([[2, 0], [1, 1]], jnp.int32)


def test_nothing_asked_for_is_no_sites():
  assert capture.check(None, None) == ()
  assert capture.check(CaptureSpec(), None) == ()


def test_all_positions_need_no_places():
  assert capture.check(CaptureSpec(('residual',), 'all'), None) == (
      'residual',)


@pytest.mark.parametrize(('spec', 'at', 'words'), [
    (CaptureSpec(('mlp_in',)), AT, "'mlp_in'; did you mean mlp_out"),
    (CaptureSpec(('residual',)), None, 'needs capture_at_BP'),
])
def test_what_cannot_be_captured_is_named(spec, at, words):
  with pytest.raises(UserError, match=words):
    capture.check(spec, at)


def test_places_are_gathered_by_row():
  x_BTD = jnp.arange(12, dtype=jnp.float32).reshape(2, 3, 2)
  np.testing.assert_array_equal(
      capture.gather(x_BTD, AT),
      [[[4, 5], [0, 1]], [[8, 9], [8, 9]]])
  assert capture.gather(x_BTD, None) is x_BTD


def test_a_site_that_yields_nothing_is_an_error():
  found = {'residual': jnp.ones((2, 1)), 'mlp_out': jnp.zeros((0,))}
  assert capture.demand(found, ('residual',)) == {
      'residual': found['residual']}
  for site in ('mlp_out', 'embedding'):
    with pytest.raises(UserError, match=f'{site}.*yielded nothing'):
      capture.demand(found, (site,))
