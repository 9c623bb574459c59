"""Statements whose truth activations hold, and what probes are worth there.

A layer's activations of a statement of topic t, true (τ = 1) or false (−1),
affirmative (π = 1) or negated (−1), are

  noise + m_t + τ d_t + τ π p + τ s g:

d_t, the topic's own direction of truth, points anywhere; p, which tells truth
from falsehood in affirmative statements and misleads in negated ones, and g,
the direction that topics share, are the model's. Where s = 0 any probe's
accuracy on a new topic is ½ on average: with −d_t in place of d_t the same
activations belong to the opposite labels.
"""

import dataclasses

import numpy as np
import pandas as pd

from uncertainty.probes import statements as statements_lib
from uncertainty.probes import truth_forward
from uncertainty.probes.fits import folds as folds_lib
from uncertainty.results import columns, derived

# Those of the kinds of probes that are fitted within milliseconds.
PROBES = ('mass_mean', 'lda', 'mahalanobis')
_LAYER_SHARES = (0.2, 0.5, 1.0, 0.5)  # of g's strength


@dataclasses.dataclass(frozen=True)
class Statements:
  """What statements there are, and what activations hold of their truth.

  Attributes:
    rows: affirmative statements of each topic; each has a negation.
    shared: s, length of g's part where it is longest.
    own: expected length of a topic's direction.
    polar: length of p.
    width: D.
  """

  rows: tuple[int, ...] = (12,) * 8
  shared: float = 0.0
  own: float = 1.5
  polar: float = 1.0
  width: int = 16


def results(world: Statements, model: str) -> pd.DataFrame:
  """The results table of the task `statement`.

  Args:
    world: of the topics.
    model: its name.

  Returns:
    A row a statement: half of each topic's are true.
  """
  rows = []
  for topic, n_rows in enumerate(world.rows):
    for start in ('', 'neg_'):
      for row in range(n_rows):
        true = (row % 2 == 0) == (start == '')
        rows.append((f'truth-{start}t{topic:03d}-{row:04d}', 1.0 - true))
  return pd.DataFrame(rows, columns=[
      columns.ITEM_ID, columns.ANSWER]).assign(**{
          columns.DATASET: 'world', columns.MODEL: model})


def activations(world: Statements, m: int, frame: pd.DataFrame,
                rng: np.random.Generator) -> np.ndarray:
  """A model's activations.

  Args:
    world: what they hold.
    m: which model; p and g are the same in every study.
    frame: of `results`.
    rng: of topics and noise.

  Returns:
    [N, L, D] float32.
  """
  known = statements_lib.parse(frame)
  shape = len(_LAYER_SHARES), world.width
  p_LD, g_LD = (_unit(np.random.default_rng((m, 11, k)).normal(size=shape))
                for k in range(2))
  topic_N = np.unique(known.topic_N, return_inverse=True)[1]
  middle_TLD, own_TLD = rng.normal(size=(2, len(world.rows), *shape))
  true_N = (2 * known.label_N - 1)[:, None, None]
  acts = (rng.normal(size=(len(frame), *shape)) + middle_TLD[topic_N]
          + true_N * own_TLD[topic_N] * world.own / np.sqrt(world.width)
          + true_N * known.polarity_N[:, None, None] * world.polar * p_LD
          + true_N * world.shared * np.array(_LAYER_SHARES)[:, None] * g_LD)
  return acts.astype(np.float32)


def worth(
    acts_NLD: np.ndarray, frame: pd.DataFrame, many_MLD: np.ndarray,
    many: pd.DataFrame, seed: int) -> float:
  """The accuracy of a study's own probes on many other topics.

  Args:
    acts_NLD: the study's activations.
    frame: its results table.
    many_MLD: activations of other topics of the same model, all as large.
    many: their results table.
    seed: of the study.

  Returns:
    The balanced accuracy, averaged over the probes of its tested topics.
  """
  rows = truth_forward.table(acts_NLD, frame, seed=seed, names=PROBES)
  known = statements_lib.parse(pd.concat([frame, many], ignore_index=True))
  _, own = truth_forward.splits(statements_lib.parse(frame), seed)
  test = len(frame) + np.arange(len(many))
  folds = folds_lib.from_splits(
      [(own.train(f), test) for f in range(own.n_folds)], len(known.label_N))
  scores = truth_forward.read(
      np.concatenate([acts_NLD, many_MLD]), known, folds, seed=seed,
      names=PROBES)
  return float(np.mean([
      truth_forward.balanced_accuracy(
          scores[kind][layer, n_topics - 1][None], known.label_N[test])[0]
      for kind, layer, n_topics in zip(
          rows[derived.PROBE], rows[derived.LAYER], rows[derived.N_TOPICS],
          strict=True)]))


def _unit(way_LD: np.ndarray) -> np.ndarray:
  return way_LD / np.linalg.norm(way_LD, axis=-1, keepdims=True)
