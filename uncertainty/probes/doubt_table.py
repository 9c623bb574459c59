"""Tables of what probes of doubt read (`doubt`).

`curves` has the AUROC of every layer over folds that keep clusters and repeated
questions together. `forward_table` has scores of items by probes whose layer
was chosen on other items, as in `forward`, and `transferred` the same by probes
of another data set: of these claims are made.
"""

import dataclasses
from collections.abc import Collection

import numpy as np
import pandas as pd

from uncertainty.probes import doubt, forward
from uncertainty.probes.doubt import DoubtProbe, Known
from uncertainty.probes.fits import fold_means
from uncertainty.probes.fits import folds as folds_lib
from uncertainty.probes.fits.folds import Folds
from uncertainty.results import columns, derived


@dataclasses.dataclass(frozen=True)
class DataSet:
  """What one model did on one data set.

  Attributes:
    name: the data set's.
    acts_NLD: activations.
    frame: the results table of the N items, in the same order.
  """

  name: str
  acts_NLD: np.ndarray
  frame: pd.DataFrame


def curves(data: DataSet, position: str, n_folds: int, seed: int,
           names: Collection[str] = ()) -> pd.DataFrame:
  """The AUROC of every layer, held out.

  Args:
    data: activations and results.
    position: where activations were taken.
    n_folds: of items; clusters and repeated questions stay together.
    seed: of the networks.
    names: keys of `doubt.PROBES`; () for all of that position.

  Returns:
    probe, target, layer, auroc (mean over folds), ci_low, ci_high, n; empty
    where no target is known.
  """
  frames = []
  for name, probe in doubt.asked(position, names).items():
    items = doubt.known(data.acts_NLD, data.frame, probe)
    if items is None or len(set(items.groups)) < 2:
      continue
    folds = folds_lib.group_k_fold(items.groups, n_folds)
    found = _held_out(items, folds, probe, seed)
    if found is None:
      continue
    interval = fold_means.mean_test(found, null=.5)
    frames.append(pd.DataFrame({
        derived.PROBE: name, derived.TARGET: probe.column,
        derived.LAYER: range(len(found)), derived.AUROC: found.mean(1),
        columns.CI_LOW: interval.low, columns.CI_HIGH: interval.high,
        columns.N: len(items.target_N)}))
  return pd.concat(frames) if frames else pd.DataFrame()


def _held_out(items: Known, folds: Folds, probe: DoubtProbe, seed: int,
              ) -> np.ndarray | None:
  """[L, F] of the folds that train and test both labels; None without."""
  found = []
  for f in range(folds.n_folds):
    label_N = doubt.labels(probe, items.target_N, folds.train(f))
    if np.ptp(label_N[folds.train(f)]) and np.ptp(label_N[folds.test(f)]):
      one = folds.part(slice(f, f + 1))
      found.append(doubt.aurocs(doubt.FITS[probe.fit](
          items.acts_NLD, label_N, one, seed), label_N, one)[:, 0])
  return np.stack(found, 1) if found else None


def forward_table(data: DataSet, position: str, seed: int,
                  names: Collection[str] = ()) -> pd.DataFrame:
  """Scores of items by probes of the blocks before theirs.

  Args:
    data: activations and results.
    position: where activations were taken.
    seed: of the order of items, inner folds and networks.
    names: keys of `doubt.PROBES`; () for all of that position.

  Returns:
    probe, target, train, item_id, fold, layer, label, score; and of the
    target itself, by ridge regression as in `forward.table`: residual about
    the baseline, added (what activations add to it) and n_baseline, NaN (0)
    where no output is known. A row a tested item; empty where nothing is
    known of 100 items, or `forward.blocks` has no folds.
  """
  frames = []
  for name, probe in doubt.asked(position, names).items():
    items = doubt.known(data.acts_NLD, data.frame, probe)
    if items is None:
      continue
    folds = forward.blocks(items.groups, seed)
    if not folds.n_folds:
      continue
    rows = _rows(name, data.name, items.frame, folds, doubt.read(
        items.acts_NLD, items.target_N, folds, items.groups, probe, seed))
    frames.append(rows.assign(**_beyond(items, folds, probe, seed)))
  return pd.concat(frames) if frames else pd.DataFrame()


def _rows(name: str, train: str, frame: pd.DataFrame, folds: Folds,
          found: doubt.Reading) -> pd.DataFrame:
  fold_n = np.repeat(np.arange(folds.n_folds), folds.n_tests)
  item_n = np.concatenate([folds.test(f) for f in range(folds.n_folds)])
  return pd.DataFrame({
      derived.PROBE: name, derived.TARGET: doubt.PROBES[name].column,
      derived.TRAIN: train,
      columns.ITEM_ID: frame[columns.ITEM_ID].to_numpy()[item_n],
      derived.FOLD: fold_n, derived.LAYER: found.layer_F[fold_n],
      derived.HIGH_SHARE: found.label_N[item_n],
      derived.SCORE: found.score_N[item_n]})


def _beyond(items: Known, folds: Folds, probe: DoubtProbe, seed: int,
            ) -> dict[str, np.ndarray]:
  base_NQ = doubt.baseline(items.frame, probe)
  item_n = np.concatenate([folds.test(f) for f in range(folds.n_folds)])
  if not base_NQ.shape[1]:
    missing = np.full(len(item_n), np.nan)
    return {derived.RESIDUAL: missing, derived.ADDED: missing,
            derived.N_BASELINE: np.zeros(len(item_n), int)}
  found = forward.scores(
      items.acts_NLD, items.target_N, base_NQ, folds, items.groups, seed)
  return {
      derived.RESIDUAL: forward.residual(
          items.target_N[item_n], base_NQ[item_n]),
      derived.ADDED: found.score_N[item_n],
      derived.N_BASELINE: np.full(len(item_n), base_NQ.shape[1])}


def transferred(train: DataSet, test: DataSet, position: str, seed: int,
                names: Collection[str] = ()) -> pd.DataFrame:
  """Scores of one data set's items by probes of another's.

  The layer is chosen and the threshold set on the other data set, all of it.

  Args:
    train: to fit on.
    test: to score.
    position: where activations were taken.
    seed: of inner folds and networks.
    names: keys of `doubt.PROBES`; () for all of that position.

  Returns:
    Rows of `forward_table`, without residuals; fold 0.
  """
  frames = []
  for name, probe in doubt.asked(position, names).items():
    a, b = (doubt.known(x.acts_NLD, x.frame, probe) for x in (train, test))
    if a is None or b is None:
      continue
    n, every = len(a.target_N), len(a.target_N) + len(b.target_N)
    folds = folds_lib.from_splits([(np.arange(n), np.arange(n, every))], every)
    found = doubt.read(
        np.concatenate([a.acts_NLD, b.acts_NLD]),
        np.concatenate([a.target_N, b.target_N]), folds, a.groups + b.groups,
        probe, seed)
    frames.append(_rows(name, train.name, pd.concat([a.frame, b.frame]), folds,
                        found).assign(**{
                            derived.RESIDUAL: np.nan, derived.ADDED: np.nan,
                            derived.N_BASELINE: 0}))
  return pd.concat(frames) if frames else pd.DataFrame()
