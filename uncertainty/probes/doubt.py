"""Probes of doubt: does the model's inside say that it will not know?

Each reads one target at one position: a logistic regression of raw activations
(penalty 1, scikit-learn's default), or SAPLMA's network, on every layer. The
label is 1 where there is more of the target than a threshold that the training
items set (`threshold.best_split`), or it is a share, such as of an item's own
sampled answers that are right: every sample then counts as a row.

The entropy of SEP is that of the clusters' shares of samples, as its authors'
code has it. `doubt_table` makes tables of all this.

Source:
  Kossen et al. 2024, Semantic entropy probes (arXiv 2406.15927), section 4;
  Kadavath et al. 2022, Language models (mostly) know what they know (arXiv
  2207.05221), section 5; Azaria & Mitchell 2023 (arXiv 2304.13734), section 3;
  Orgad et al. 2025 (arXiv 2410.02707), section 3.
"""

import dataclasses
from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np
import pandas as pd

from uncertainty.analysis.statistics import separation
from uncertainty.measures import registry
from uncertainty.probes import forward
from uncertainty.probes.fits import classify, mlp, threshold
from uncertainty.probes.fits import folds as folds_lib
from uncertainty.probes.fits.folds import Folds
from uncertainty.results import columns

# What a written answer shows of the model's confidence.
OUTPUT = (columns.BRACKET_PERPLEXITY,
          registry.column(registry.BRACKET, registry.TOTAL_ENTROPY),
          registry.column(registry.FR_FIRST, registry.TOTAL_ENTROPY))
_INNER_FOLDS = 3  # in which a layer is chosen
_MULTIPLE = 64  # training items are padded to
_BEFORE = ('before_generating', 'last_prompt')


@dataclasses.dataclass(frozen=True)
class DoubtProbe:
  """What is read where, and how.

  Attributes:
    column: of the results table.
    split: whether the label is 1 above a threshold; else the column is a
      share, 0 to 1.
    positions: where it is read, of `config.probe.positions`.
    fit: key of `FITS`.
    barred: baseline features that would give the target away.
  """

  column: str
  split: bool
  positions: tuple[str, ...]
  fit: str = 'logistic'
  barred: tuple[str, ...] = ()


PROBES: Mapping[str, DoubtProbe] = {
    'sep': DoubtProbe(registry.SEMANTIC_ENTROPY_DISCRETE, True,
                      ('before_generating', 'second_last')),
    'p_ik': DoubtProbe(columns.SAMPLE_SHARE_CORRECT, False,
                       ('before_generating',)),
    'saplma': DoubtProbe(columns.FR_CORRECT, False, ('answer_end',), 'mlp'),
    'exact_answer': DoubtProbe(columns.FR_CORRECT, False, ('exact_answer',)),
    'choice_right': DoubtProbe(columns.CORRECT, False, ('last_prompt',)),
    'people_entropy': DoubtProbe(columns.HUMAN_ENTROPY, True, _BEFORE),
    'people_right': DoubtProbe(columns.HUMAN_MC_PROP_CORRECT, False, _BEFORE,
                               barred=('difficulty',)),
}


def _logistic(acts_NLD: np.ndarray, label_N: np.ndarray, folds: Folds,
              seed: int, chooses: bool = False) -> np.ndarray:
  del seed
  probe = classify.per_layer_and_fold(
      classify.logistic(tolerance=1e-3 if chooses else 1e-14), acts_NLD,
      label_N, folds)
  return classify.score_tests(probe, acts_NLD, folds)


# Azaria & Mitchell's widths and activation, and Adam, over as many steps as
# their five epochs of two thousand statements take.
SAPLMA = mlp.MLPSpec(hidden=(256, 128, 64), steps=300, batch=32,
                     weight_decay=0.0, loss='logistic', activation='relu')


def _mlp(acts_NLD: np.ndarray, label_N: np.ndarray, folds: Folds,
         seed: int, chooses: bool = False) -> np.ndarray:
  spec = dataclasses.replace(SAPLMA, steps=100) if chooses else SAPLMA
  return mlp.cross_validate(acts_NLD, label_N, folds, seed=seed, spec=spec)


FITS: Mapping[str, Callable[..., np.ndarray]] = {
    'logistic': _logistic, 'mlp': _mlp}
"""(acts_NLD, label_N, folds, seed) → log-odds [L, F, B]; coarser with
`chooses`, where layers are only compared."""


@dataclasses.dataclass(frozen=True)
class Known:
  """The items that know a probe's target.

  Attributes:
    acts_NLD: activations.
    frame: their rows of the results table.
    target_N: the target.
    groups: clusters, or repeated questions.
  """

  acts_NLD: np.ndarray
  frame: pd.DataFrame
  target_N: np.ndarray
  groups: list[str]


def known(acts_NLD: np.ndarray, frame: pd.DataFrame, probe: DoubtProbe,
          ) -> Known | None:
  """Leaves out items without the probe's target.

  Args:
    acts_NLD: activations.
    frame: the results table of the N items, in the same order.
    probe: whose target.

  Returns:
    The others; None where there are fewer than 100 or they are all alike.
  """
  if probe.column not in frame:
    return None
  target_N = frame[probe.column].to_numpy(np.float64)
  mask_N = np.isfinite(target_N)
  if mask_N.sum() < forward.LEAST or not np.ptp(target_N[mask_N]):
    return None
  rows = frame.loc[mask_N].reset_index(drop=True)
  return Known(acts_NLD[mask_N], rows, target_N[mask_N],
               forward.clusters(rows))


def labels(probe: DoubtProbe, target_N: np.ndarray, train: np.ndarray,
           ) -> np.ndarray:
  """What a probe is fitted to, and judged by.

  Args:
    probe: which.
    target_N: of all items.
    train: the items that may set the threshold.

  Returns:
    [N] in [0, 1].
  """
  if not probe.split:
    return target_N
  return (target_N > threshold.best_split(target_N[train])).astype(np.float64)


@dataclasses.dataclass(frozen=True)
class Reading:
  """Scores of tested items; NaN (layer −1) for the others.

  Attributes:
    score_N: log-odds of the label by a probe that has not seen the item.
    label_N: by that probe's threshold.
    layer_F: which layer each fold's probe reads.
  """

  score_N: np.ndarray
  label_N: np.ndarray
  layer_F: np.ndarray


def read(acts_NLD: np.ndarray, target_N: np.ndarray, folds: Folds,
         groups: Sequence[str], probe: DoubtProbe, seed: int) -> Reading:
  """Fits each fold's probe at the layer that its training items choose.

  The layer has the largest AUROC, mean over inner folds of the training items.

  Args:
    acts_NLD: activations.
    target_N: what is read out; only its training items are looked at.
    folds: over the N items.
    groups: of the N items; kept whole in the inner folds.
    probe: which.
    seed: of the inner folds and the network.

  Returns:
    Scores of the tested items; of none in folds that train on one label.
  """
  score_N = np.full(len(target_N), np.nan)
  label_N, layer_F = score_N.copy(), np.full(folds.n_folds, -1)
  for f in range(folds.n_folds):
    train, test = folds.train(f), folds.test(f)
    own_N = labels(probe, target_N, train)
    layer = _layer(acts_NLD, own_N, train, groups, probe, seed)
    if layer is None:
      continue
    layer_F[f], label_N[test] = layer, own_N[test]
    one = folds_lib.from_splits(
        [(train, test)], len(target_N), multiple=_MULTIPLE)
    score_N[test] = FITS[probe.fit](
        acts_NLD[:, layer:layer + 1], own_N, one, seed)[0, 0, :len(test)]
  return Reading(score_N, label_N, layer_F)


def _layer(acts_NLD, label_N, train, groups, probe, seed) -> int | None:
  """The best layer within training items; None if they cannot tell."""
  own = [str(groups[i]) for i in train]
  if len(set(own)) < _INNER_FOLDS:
    return None
  inner = folds_lib.group_k_fold(own, _INNER_FOLDS, seed)
  splits = [(train[inner.train(i)], train[inner.test(i)])
            for i in range(inner.n_folds)]
  splits = [s for s in splits if all(np.ptp(label_N[x]) for x in s)]
  if not splits:
    return None
  inner = folds_lib.from_splits(splits, len(label_N), multiple=_MULTIPLE)
  scores_LFB = FITS[probe.fit](acts_NLD, label_N, inner, seed, chooses=True)
  return int(np.argmax(aurocs(scores_LFB, label_N, inner).mean(1)))


def aurocs(scores_LFB: np.ndarray, label_N: np.ndarray, folds: Folds,
           ) -> np.ndarray:
  """AUROC of each layer in each fold.

  Args:
    scores_LFB: scores of the folds' test items.
    label_N: 0 to 1.
    folds: over the N items.

  Returns:
    [L, F]; NaN in folds that test one label.
  """
  return np.array([
      [separation.auroc(score_B[:len(test)], label_N[test]).value
       for f, score_B in enumerate(score_FB)
       for test in [folds.test(f)]]
      for score_FB in scores_LFB])


def baseline(frame: pd.DataFrame, probe: DoubtProbe,
             like: pd.DataFrame | None = None) -> np.ndarray:
  """What output and item tell without activations, and its squares.

  Args:
    frame: a results table.
    probe: for its target.
    like: the table whose mean and deviation make the unit; None: `frame`.

  Returns:
    [N, Q], see `forward.baseline`.
  """
  return forward.baseline(frame, like, more=OUTPUT, barred=probe.barred)


def asked(position: str, names: Collection[str] = ()
          ) -> dict[str, DoubtProbe]:
  """The probes that read at a position.

  Args:
    position: of `config.probe.positions`.
    names: keys of `PROBES` to choose from; () for all.

  Returns:
    Those of `PROBES`.
  """
  return {name: probe for name, probe in PROBES.items()
          if position in probe.positions and (not names or name in names)}
