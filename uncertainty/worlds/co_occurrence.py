"""What the excess co-occurrence would be over infinitely many families.

A cell is flagged by its own interval, so that how often depends on its true
value and on the study's size. These curves are estimated once from simulated
cells, and averaged over cells that share neither family nor kind.
"""

import dataclasses
import functools

import numpy as np
from scipy import optimize, special

from uncertainty.analysis.claims import joint
from uncertainty.analysis.claims.study import ClaimStudy
from uncertainty.analysis.scores import people
from uncertainty.analysis.scores.stack import stack_results
from uncertainty.specs import StudySpec
from uncertainty.worlds import cells, generator

_STUDIES = 25
_CELLS = 200_000
# Wide and unrelated, so that curves are known wherever cells lie.
_WIDE = cells.Cells(
    alignment=cells.Spread(0.12, 0.08, 0.08, 0.06, 0.1),
    gap=cells.Spread(0.07, 0.03, 0.03, 0.02, 0.05))


def excess(world: generator.World) -> float:
  """P(aligned and calibrated) − P(aligned) P(calibrated).

  Args:
    world: with `cells`.

  Returns:
    Over cells of new families and new kinds; 0 where neither goes with the
    other.

  Raises:
    ValueError: a world without cells.
  """
  if not world.cells:
    raise ValueError('the world has no cells of known alignment')
  if not world.cells.together:
    return 0.0
  aligned, calibrated = _curves(dataclasses.replace(
      world, families=(1,) * 6, cells=_WIDE))
  drawn = cells.draw_cells(world.cells, _CELLS, np.random.default_rng(1))
  a, c = aligned(drawn.alignment), calibrated(np.abs(drawn.gap))
  return float(np.mean(a * c) - a.mean() * c.mean())


@dataclasses.dataclass(frozen=True)
class _Curve:
  """P(flag | x) = Φ(β0 + β1 x + β2 x²)."""

  beta_3: np.ndarray

  def __call__(self, x: np.ndarray) -> np.ndarray:
    return special.ndtr(np.polynomial.polynomial.polyval(x, self.beta_3))


@functools.lru_cache
def _curves(world: generator.World) -> tuple[_Curve, _Curve]:
  """P(aligned | a) and P(calibrated | |g|)."""
  spec = StudySpec()
  parts = []
  for number in range(_STUDIES):
    study = generator.simulate(
        world, seed=(number, 3), all_measures=False)
    [stack] = stack_results(people.estimated(study.frames, spec))
    found = joint.flags(ClaimStudy(
        stack, spec.analysis.confidence_level, 2, spec.analysis.n_bins,
        spec.analysis.calibrated_below, 0))
    assert study.cells is not None  # the world has some
    model = {m: i for i, m in enumerate(study.models.names)}
    measure = {name: k for k, name in enumerate(
        name for names in cells.MEASURES.values() for name in names)}
    m, k = np.array([
        (model[stack.rows[i].model], measure[stack.rows[i].column])
        for i in found.row_X]).T
    parts.append(np.stack([
        study.cells.alignment[m, k], np.abs(study.cells.gap[m, k]),
        found.aligned_X, found.calibrated_X]))
  a, g, aligned, calibrated = np.concatenate(parts, 1)
  return _probit(a, aligned), _probit(g, calibrated)


def _probit(x: np.ndarray, flag: np.ndarray) -> _Curve:
  """Maximum likelihood."""
  basis_3X = np.stack([np.ones_like(x), x, x ** 2])
  sign = 2 * flag - 1

  def loss(beta):
    z = sign * (beta @ basis_3X)
    log = special.log_ndtr(z)
    slope = sign * np.exp(-z ** 2 / 2 - log) / np.sqrt(2 * np.pi)
    return -log.sum(), -(basis_3X @ slope)

  return _Curve(optimize.minimize(loss, np.zeros(3), jac=True).x)
