"""Chosen activations: which sites, gathered where they arise."""

from collections.abc import Iterable

import jax
import jax.numpy as jnp

from uncertainty.errors import hint
from uncertainty.types import CaptureSpec, UserError

# What each site holds. Sites within blocks come back as [L, B, P, D].
SITES = {
    'embedding': 'token embeddings (scaled, with learned positions)',
    'attention_out': 'what attention adds to the residual stream',
    'mlp_out': 'what the MLP adds to the residual stream',
    'residual': 'the residual stream after each block',
    'final_norm': 'the last residual after the final norm',
}
BLOCK_SITES = ('attention_out', 'mlp_out', 'residual')
# No activation, and so no site to choose: [L, B, P, query heads], each head's
# attention weight on the token itself.
TO_ITSELF = 'attention_to_itself'


def check(spec: CaptureSpec | None, at_BP: jax.Array | None
          ) -> tuple[str, ...]:
  """The sites asked for, checked.

  Args:
    spec: what to capture; None for nothing.
    at_BP: positions to gather; needed unless the spec says `all`.

  Returns:
    The sites; empty for none.

  Raises:
    UserError: an unknown site, or positions that are missing.
  """
  if spec is None or not spec.sites:
    return ()
  check_sites(spec.sites)
  if at_BP is None and spec.positions != 'all':
    raise UserError(f'capture of {spec.positions!r} needs capture_at_BP, the '
                    'positions to gather')
  return spec.sites


def check_sites(names: Iterable[str]) -> None:
  """Refuses a site that there is not.

  Args:
    names: of sites.

  Raises:
    UserError: an unknown one.
  """
  for name in names:
    if name not in SITES:
      raise UserError(f'unknown activation site {name!r}; '
                      f'{hint(name, SITES)}')


def gather(x_BTD: jax.Array, at_BP: jax.Array | None) -> jax.Array:
  """[B, P, D]: the rows' tokens at the given indices, or all.

  Args:
    x_BTD: activations of all tokens.
    at_BP: P indices into each row's tokens; None for all of them.

  Returns:
    [B, P, D], or [B, T, D] for all.
  """
  if at_BP is None:
    return x_BTD
  return jnp.take_along_axis(x_BTD, at_BP[:, :, None], axis=1)


def demand(activations: dict[str, jax.Array], sites: tuple[str, ...]
           ) -> dict[str, jax.Array]:
  """The activations of the sites asked for.

  Args:
    activations: site → what the pass gathered.
    sites: the sites asked for.

  Returns:
    Those sites' activations.

  Raises:
    UserError: a site yielded nothing for this model.
  """
  for site in sites:
    if site not in activations or not activations[site].size:
      raise UserError(f'activation site {site!r} yielded nothing for this '
                      'model; leave it out of the capture spec')
  return {site: activations[site] for site in sites}
