"""The two protocols, from activations and a results table to score tables.

`paper`: least squares on raw activations, KFold(10, seed 42), items that lack
any of the three targets dropped, nothing selected. `sound`: standardised,
nested ridge with the one-standard-error rule, folds that keep repeated
questions together, permutation null, baseline features, control task.
"""

import dataclasses

import jax
import numpy as np
import pandas as pd
from absl import logging

from uncertainty.probes import controls
from uncertainty.probes import (
  targets as targets_lib,
)
from uncertainty.probes.fits import fold_means, least_squares, ridge, scores
from uncertainty.probes.fits import folds as folds_lib
from uncertainty.results import columns, derived
from uncertainty.specs import ProbeSpec, listed
from uncertainty.types import UserError

METRICS = (derived.R2, derived.PEARSON, derived.MSE)
CHOSEN = -1  # the layer chosen inside each training fold
MEAN = -1  # the mean over folds


@dataclasses.dataclass
class ProbeTables:
  """Long tables, by name of the file under DIR/analysis."""

  rows: dict[str, list[pd.DataFrame]] = dataclasses.field(
      default_factory=dict)

  def add(self, name: str, frame: pd.DataFrame, **keys) -> None:
    """Appends rows, with the keys as leading columns.

    Args:
      name: of the table.
      frame: rows; none adds nothing.
      **keys: a value each for all of them.
    """
    if len(frame):
      frame = frame.drop(columns=[k for k in keys if k in frame])
      frame = pd.concat(
          [pd.DataFrame({k: [v] * len(frame) for k, v in keys.items()}),
           frame.reset_index(drop=True)], axis=1)
      self.rows.setdefault(name, []).append(frame)


def paper(
    acts_NLD: np.ndarray, frame: pd.DataFrame, spec: ProbeSpec, seed: int,
) -> ProbeTables:
  """The paper's probes, with the permutation null beside them.

  Args:
    acts_NLD: activations.
    frame: the results table of the N items, in the same order.
    spec: folds and permutations.
    seed: of the permutations.

  Returns:
    Tables probes and probe_permutations.
  """
  known = targets_lib.values(frame, targets_lib.PAPER_TARGETS)
  tables = ProbeTables()
  if known.empty:
    return tables
  complete = known.notna().all(axis=1).to_numpy()
  acts_NLD, target_NT = acts_NLD[complete], known.to_numpy()[complete]
  folds = folds_lib.k_fold(len(target_NT), spec.n_folds)
  null_NR = controls.permutations(
      target_NT, spec.n_permutations, np.random.default_rng(seed))
  found = least_squares.cross_validate(
      acts_NLD, np.concatenate([target_NT, null_NR], axis=1), folds)
  n_targets = target_NT.shape[1]
  tables.add('probes', score_rows(
      _columns(found, slice(n_targets)), list(map(str, known)),
      folds.n_tests))
  tables.add('probe_permutations', null_rows(
      np.asarray(found.r2)[..., :n_targets].mean(1),
      np.asarray(found.r2)[..., n_targets:].mean(1), list(map(str, known))))
  return tables


def sound(
    acts_NLD: np.ndarray, frame: pd.DataFrame, spec: ProbeSpec, seed: int,
) -> ProbeTables:
  """Nested ridge with its controls, each target on the items that know it.

  A target is left out that is known of too few items for the folds, or for
  the inner ones that choose its penalty.

  Args:
    acts_NLD: activations.
    frame: the results table of the N items, in the same order.
    spec: folds and permutations.
    seed: of permutations, control tasks, directions and inner folds.

  Returns:
    Tables probes, probe_permutations, probe_controls, probe_leakage and
    probe_increment.
  """
  known = targets_lib.values(frame)
  tables = ProbeTables()
  for mask_N, names in targets_lib.by_missingness(known):
    if mask_N.sum() < 2 * spec.n_folds:
      continue
    _sound_group(
        tables, acts_NLD[mask_N], frame.loc[mask_N].reset_index(drop=True),
        known.loc[mask_N, names].to_numpy(), names, spec, seed)
  return tables


def _sound_group(
    tables: ProbeTables, acts_NLD: np.ndarray, frame: pd.DataFrame,
    target_NT: np.ndarray, names: list[str], spec: ProbeSpec, seed: int,
) -> None:
  generator = np.random.default_rng(seed)
  split = controls.question_folds(frame, spec.n_folds)
  if not folds_lib.has_inner(split.folds, ridge.N_INNER, split.groups):
    logging.warning('no probes of %s: %s items are too few', ', '.join(names),
                    len(frame))
    return
  tables.add('probe_leakage', pd.DataFrame([split.leakage]),
             targets=', '.join(names))
  folds = split.folds
  null_NR = controls.permutations(target_NT, spec.n_permutations, generator)
  words = controls.first_words(list(frame[columns.QUESTION]))
  control_NR = controls.control_draws(words, target_NT, generator, seed)
  options = {'seed': seed, 'groups': split.groups}
  found, null = ridge.cross_validate(
      acts_NLD, target_NT, folds,
      null_NR=np.concatenate([null_NR, control_NR], axis=1), **options)
  assert null is not None  # it was asked for
  tables.add('probes', score_rows(
      found.scores, names, folds.n_tests, found.inner_mse))
  observed_LT = found.scores.r2.mean(1)
  null_LR, control_LR = np.split(
      null.scores.r2.mean(1), [null_NR.shape[1]], axis=1)
  tables.add('probe_permutations', null_rows(observed_LT, null_LR, names))
  if len(set(words)) < 2:  # one value for all is no task
    control_LR = np.full_like(control_LR, np.nan)
  tables.add('probe_controls', layer_rows(names, {
      derived.R2: observed_LT, **controls.selectivity(observed_LT, control_LR),
      derived.R2_RANDOM_DIRECTION: controls.random_directions(
          acts_NLD, target_NT, folds, generator)}))
  _increments(tables, acts_NLD, frame, target_NT, names, folds, options,
              spec.n_permutations)
  topics = (frame[columns.GROUP].astype(str).tolist()
            if columns.GROUP in frame else [])
  if len(set(topics)) < 2:
    return
  by_topic = folds_lib.group_k_fold(topics, spec.n_folds)
  if folds_lib.has_inner(by_topic, ridge.N_INNER):
    grouped, _ = ridge.cross_validate(
        acts_NLD, target_NT, by_topic, seed=seed)
    tables.add('probes', score_rows(
        grouped.scores, names, by_topic.n_tests, grouped.inner_mse
    ).assign(**{derived.PROTOCOL: 'sound_by_topic'}))


def _increments(
    tables: ProbeTables, acts_NLD, frame, target_NT, names, folds, options,
    n_permutations) -> None:
  """What activations add to features known without them."""
  features = controls.baseline_features(frame)
  by_features: dict[tuple[str, ...], list[int]] = {}
  for t, name in enumerate(names):
    barred = controls.BARRED.get(name, ())
    kept = tuple(c for c in map(str, features) if c not in barred)
    by_features.setdefault(kept, []).append(t)
  for kept, which in by_features.items():
    if not kept:
      continue
    base_NQ = features[list(kept)].to_numpy()
    # The same permutations for every target.
    null_NR = np.concatenate([controls.residual_permutations(
        target_NT[:, t], base_NQ, n_permutations,
        np.random.default_rng(options['seed'])) for t in which], axis=1)
    alone = least_squares.cross_validate(
        base_NQ[:, None, :],
        np.concatenate([target_NT[:, which], null_NR], axis=1), folds)
    joint, null = ridge.cross_validate(
        acts_NLD, target_NT[:, which], folds, unpenalised_NQ=base_NQ,
        null_NR=null_NR, **options)
    alone_FR = np.asarray(alone.r2)[0]
    added_LTR = np.zeros((acts_NLD.shape[1], len(which), 0))
    if null is not None:
      added_LTR = (null.scores.r2 - alone_FR[None, :, len(which):]).mean(
          1).reshape(*added_LTR.shape[:2], -1)
    for place, t in enumerate(which):
      tables.add('probe_increment', _increment_rows(
          alone_FR[:, place], joint.scores.r2[:, :, place],
          added_LTR[:, place]), target=names[t], features=', '.join(kept))


def layer_rows(
    names: list[str], arrays: dict[str, np.ndarray]) -> pd.DataFrame:
  """Rows (layer, target, …) of arrays [L, T].

  Args:
    names: T targets.
    arrays: column → values.

  Returns:
    L · T rows.
  """
  return pd.concat([
      pd.DataFrame({derived.LAYER: range(len(next(iter(arrays.values())))),
                    derived.TARGET: name,
                    **{k: v[:, t] for k, v in arrays.items()}})
      for t, name in enumerate(names)])


def _increment_rows(alone_F, joint_LF, null_LR) -> pd.DataFrame:
  """A row a layer; `p_corrected` holds for the best of them."""
  added_LF = joint_LF - alone_F
  interval = fold_means.mean_test(added_LF)
  n_permutations = null_LR.shape[1]
  alone_L = corrected_L = np.full(len(added_LF), np.nan)
  if n_permutations:
    alone_L, corrected_L = controls.permutation_p(added_LF.mean(1), null_LR)
  return pd.DataFrame({
      derived.LAYER: range(len(added_LF)),
      derived.R2_BASELINE: float(alone_F.mean()),
      derived.R2_JOINT: joint_LF.mean(1), derived.INCREMENT: added_LF.mean(1),
      columns.CI_LOW: interval.low, columns.CI_HIGH: interval.high,
      columns.P_VALUE: alone_L, derived.P_CORRECTED: corrected_L,
      derived.N_PERMUTATIONS: n_permutations})


def _columns(found: scores.FoldScores, which: slice) -> scores.FoldScores:
  return jax.tree.map(lambda x: np.asarray(x)[..., which], found)


def score_rows(
    found: scores.FoldScores, names: list[str], n_tests_F: np.ndarray,
    inner_mse_LFT: np.ndarray | None = None,
) -> pd.DataFrame:
  """Held-out scores as rows; fold -1 is the mean.

  With inner errors, layer -1 is the layer of least inner error of each
  training fold: what a reader may quote as "the best layer".

  Args:
    found: scores [L, F, T].
    names: T targets.
    n_tests_F: test items of each fold.
    inner_mse_LFT: errors of inner folds.

  Returns:
    layer, fold, target, r2, pearson, mse, n (test items).
  """
  arrays = {m: np.asarray(getattr(found, m)) for m in METRICS}
  layers = list(range(arrays[derived.R2].shape[0]))
  if inner_mse_LFT is not None:
    best_FT = np.argmin(inner_mse_LFT, axis=0)
    arrays = {m: np.concatenate(
        [np.take_along_axis(a, best_FT[None], axis=0), a])
        for m, a in arrays.items()}
    layers = [CHOSEN, *layers]
  with_mean = {m: np.concatenate([a.mean(1, keepdims=True), a], axis=1)
               for m, a in arrays.items()}
  index = pd.MultiIndex.from_product(
      [layers, range(MEAN, len(n_tests_F)), names],
      names=[derived.LAYER, derived.FOLD, derived.TARGET])
  frame = pd.DataFrame(
      {m: a.reshape(-1) for m, a in with_mean.items()}, index=index)
  frame = frame.reset_index()
  frame[columns.N] = np.where(
      frame[derived.FOLD] == MEAN, n_tests_F.sum(),
      n_tests_F[frame[derived.FOLD].to_numpy()])
  return frame


def null_rows(
    observed_LT: np.ndarray, null_LR: np.ndarray, names: list[str],
) -> pd.DataFrame:
  """Each layer's R² beside what permuted targets give.

  `null_95` is the 95th percentile of the layer's own null, `null_max_95` that
  of the largest R² over layers: a layer above it is significant corrected.
  `selectivity` is r2 − null_mean; that of Hewitt & Liang's control tasks is in
  `controls.selectivity`.

  Args:
    observed_LT: R², mean over folds.
    null_LR: the same of T · R permuted targets, one target's adjacent.
    names: T targets.

  Returns:
    layer, target, r2, null_mean, null_95, null_max_95, selectivity, p_value,
    p_corrected, n_permutations; empty without permutations.
  """
  frames = []
  null_LTR = null_LR.reshape(*observed_LT.shape, -1)
  if not null_LTR.shape[2]:
    return pd.DataFrame()
  for t, name in enumerate(names):
    null, observed = null_LTR[:, t], observed_LT[:, t]
    alone, corrected = controls.permutation_p(observed, null)
    frames.append(pd.DataFrame({
        derived.LAYER: range(len(observed)), derived.TARGET: name,
        derived.R2: observed,
        derived.NULL_MEAN: null.mean(1),
        derived.NULL_95: np.quantile(null, .95, axis=1),
        derived.NULL_MAX_95: np.quantile(null.max(0), .95),
        derived.SELECTIVITY: observed - null.mean(1), columns.P_VALUE: alone,
        derived.P_CORRECTED: corrected, derived.N_PERMUTATIONS: null.shape[1]}))
  return pd.concat(frames, ignore_index=True)


PROTOCOLS = {'paper': paper, 'sound': sound}
_NAMES = (*PROTOCOLS, 'doubt')  # `doubt_table`


def named(spec: ProbeSpec) -> tuple[str, ...]:
  """The protocols that a config names.

  Args:
    spec: its `protocol` is a comma-separated list.

  Returns:
    Keys of `PROTOCOLS`, and 'doubt'.

  Raises:
    UserError: an unknown one.
  """
  names = listed(spec.protocol)
  for name in names:
    if name not in _NAMES:
      raise UserError(
          f'config.probe.protocol names {name!r}; known: '
          f'{", ".join(_NAMES)}')
  return names
