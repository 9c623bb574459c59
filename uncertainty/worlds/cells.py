"""Measures whose alignment and calibration are each known, and may go together.

A model's latent uncertainty u has nothing to do with people, and tells how
often it is right. Its measure k shows

  v = λ u + sqrt(1 − λ²) (s z + sqrt(1 − s²) ε),   λ² = 1/2,

where z is what people disagree on: v's correlation with z is a = s / √2. The
probability of being right given v is known, and the measure's confidence lies
g below it: its calibration error is exactly |g|. Both a and g have effects of
family, kind of measure, cell and model, and `together` correlates each pair.
"""

import dataclasses
from typing import Any

import numpy as np
import scipy.special

from uncertainty.measures import registry
from uncertainty.results import columns

_SHOWN = np.sqrt(0.5)  # λ
_MOST = 0.9  # of s
_GAPS = (-0.02, 0.23)  # confidence must stay a probability
_SHARED = 0.6  # how much of ε the measures of a kind share
# Kind of measure → its measures that are simulated.
MEASURES = {
    'next token': (columns.TOTAL_ENTROPY, columns.TOP1_LOGPROB),
    'top k': tuple(
        registry.column(registry.MC, f'{registry.TOP_K_ENTROPY}{k}')
        for k in registry.TOP_KS[:4]),
    'nucleus entropy': tuple(
        registry.column(registry.MC, f'{registry.NUCLEUS_ENTROPY}{p}')
        for p in registry.NUCLEUS_MASSES),
    'choices': (columns.CHOICE_ENTROPY, columns.CHOICE_LOGPROB),
    'mass of the choices': (columns.CHOICE_LOG_MASS,)}


@dataclasses.dataclass(frozen=True)
class Spread:
  """One property of (model, measure) cells.

  Attributes:
    mean: of all.
    family: sd of families.
    kind: sd of kinds of measures.
    cell: sd of a family's measures of one kind.
    own: sd of models and measures within these, of this property alone.
  """

  mean: float
  family: float
  kind: float
  cell: float
  own: float


@dataclasses.dataclass(frozen=True)
class Cells:
  """How alignment and calibration vary.

  Attributes:
    alignment: a; clipped to ±0.63.
    gap: g; clipped to [−0.02, 0.23].
    together: correlation of a's with −g's effects, at every level but `own`.
  """

  alignment: Spread = Spread(0.12, 0.08, 0.1, 0.06, 0.03)
  gap: Spread = Spread(0.075, 0.025, 0.03, 0.02, 0.01)
  together: float = 0.0


@dataclasses.dataclass(frozen=True)
class Drawn:
  """Properties of cells; a of shape X, g of shape X."""

  alignment: np.ndarray
  gap: np.ndarray


def draw(
    cells: Cells, family_M: np.ndarray, rng: np.random.Generator) -> Drawn:
  """Every model's and measure's properties.

  Args:
    cells: how they vary.
    family_M: each model's family, from 0.
    rng: of the draws.

  Returns:
    [M, K], in the order of `MEASURES`.
  """
  kind_K = np.repeat(
      np.arange(len(MEASURES)), [len(x) for x in MEASURES.values()])
  shape = int(family_M.max()) + 1, len(MEASURES)
  family = _pair(rng, cells.together, (shape[0], 1))
  kind = _pair(rng, cells.together, (1, shape[1]))
  cell = _pair(rng, cells.together, shape)
  own = rng.normal(size=(2, len(family_M), len(kind_K)))
  found = []
  for i, spread in enumerate((cells.alignment, cells.gap)):
    mean_FG = (spread.mean + spread.family * family[i]
               + spread.kind * kind[i] + spread.cell * cell[i])
    found.append(mean_FG[family_M][:, kind_K] + spread.own * own[i])
  return _clipped(*found)


def draw_cells(
    cells: Cells, n_cells: int, rng: np.random.Generator) -> Drawn:
  """Cells that share neither family nor kind.

  Args:
    cells: how they vary.
    n_cells: X.
    rng: of the draws.

  Returns:
    [X].
  """
  found = []
  effects = _pair(rng, cells.together, (3, n_cells))
  own = rng.normal(size=(2, n_cells))
  for i, spread in enumerate((cells.alignment, cells.gap)):
    sds = np.array([spread.family, spread.kind, spread.cell])
    found.append(spread.mean + sds @ effects[i] + spread.own * own[i])
  return _clipped(*found)


def confidence(
    shown: np.ndarray, boldness: float, gap: float, n_choices: int
) -> np.ndarray:
  """P(right | v) − g.

  P(right | u) = 1/K + .02 + (1 − 1/K − .04) Φ(b − u), and u given v is
  N(λ v, 1 − λ²).

  Args:
    shown: v.
    boldness: b.
    gap: g.
    n_choices: K.

  Returns:
    Of v's shape.
  """
  least = 1 / n_choices + 0.02
  share = scipy.special.ndtr(
      (boldness - _SHOWN * shown) / np.sqrt(2 - _SHOWN ** 2))
  return least + (0.98 - least) * share - gap


def of_model(
    drawn: Drawn, m: int, u_N: np.ndarray, z_N: np.ndarray, boldness: float,
    n_choices: int, rng: np.random.Generator) -> dict[str, Any]:
  """A model's measures, as columns of a results table.

  Args:
    drawn: of `draw`.
    m: which model.
    u_N: its latent uncertainty.
    z_N: what people disagree on.
    boldness: b.
    n_choices: K.
    rng: of ε.

  Returns:
    Columns of `MEASURES`, whose paper's confidence is `confidence`.
  """
  found: dict[str, Any] = {}
  k = 0
  for names in MEASURES.values():
    common_N = rng.normal(size=len(u_N))
    for name in names:
      s = drawn.alignment[m, k] / _SHOWN
      own_N = (np.sqrt(_SHARED) * common_N
               + np.sqrt(1 - _SHARED) * rng.normal(size=len(u_N)))
      v_N = _SHOWN * (u_N + s * z_N + np.sqrt(1 - s ** 2) * own_N)
      c_N = confidence(v_N, boldness, drawn.gap[m, k], n_choices)
      log = registry.parse(name)[1].orientation < 0
      found[name] = np.log(c_N) if log else 1 - c_N
      k += 1
  return found


def _pair(rng, together: float, shape) -> np.ndarray:
  """[2, …] standard normals of a and g; a's correlate with −g's."""
  first, other = rng.normal(size=(2, *shape))
  return np.stack([first, np.sqrt(1 - together ** 2) * other
                   - together * first])


def _clipped(alignment: np.ndarray, gap: np.ndarray) -> Drawn:
  return Drawn(np.clip(alignment, -_MOST * _SHOWN, _MOST * _SHOWN),
               np.clip(gap, *_GAPS))
