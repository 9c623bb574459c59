"""The probe stage: stored activations, or sums → DIR/analysis.

Tables, all with columns model, dataset, protocol, site first:

- probes.parquet: layer (-1: chosen inside each training fold), fold (-1: the
  mean over folds), target, r2, pearson, mse, n. Of sums, protocol 'sums' and
  no controls; with a row for each token, n counts tokens.
- probe_permutations.parquet: layer, target, r2, null_mean, null_95,
  null_max_95, selectivity (here r2 − null_mean, not Hewitt & Liang's),
  p_value, p_corrected, n_permutations.
- probe_increment.parquet: target, features, layer, r2_baseline, r2_joint,
  increment, ci_low, ci_high (over folds, Nadeau & Bengio's correction),
  p_value, p_corrected (by the largest over layers), n_permutations: of
  increments whose residuals about the features were permuted.
- probe_forward.parquet: item_id, target, fold, layer, residual, score,
  n_baseline: people's entropy about the baseline beside what a layer adds to
  it, of protocol 'sound' (`forward`).
- probe_controls.parquet: layer, target, r2, r2_control_task (mean over draws),
  r2_control_task_95, selectivity (r2 − r2_control_task), n_control_draws,
  r2_random_direction.
- probe_leakage.parquet: targets, n_items, n_duplicates, leaked_share.
- probe_ceiling.parquet: target, ceiling_r2, n (no protocol or site).
- probe_nonlinear.parquet: layer, target, r2 of the MLP (config.probe.mlp).
- probe_depth.parquet: target, n_layers, first_layer and first_depth (the
  first layer with p_corrected < .05, NaN if none), peak_layer, peak_depth,
  peak_r2 (descriptive: chosen on all folds), chosen_r2 (layer -1).
- probe_transfer.parquet: target, train, test (DATASET/MODEL), layer, r2,
  pearson, mse, n_train, n_test, without model and dataset.
- doubt_probes.parquet, doubt_forward.parquet: see `doubt_table`; of protocol
  'doubt'.
- truth_probes.parquet: see `truth_table`; truth_forward.parquet: see
  `truth_forward`.
"""

import functools
import pathlib

import numpy as np
import pandas as pd
from absl import logging

from uncertainty import files, human
from uncertainty.analysis.scores import people
from uncertainty.analysis.statistics import entropy
from uncertainty.probes import (
  controls,
  doubt_table,
  forward,
  protocols,
  sums,
  transfer,
  truth_forward,
  truth_table,
)
from uncertainty.probes import (
  targets as targets_lib,
)
from uncertainty.probes.fits import folds as folds_lib
from uncertainty.probes.fits import mlp, moments
from uncertainty.results import activations, columns, derived, schema, shards
from uncertainty.specs import StudySpec, listed
from uncertainty.types import UserError

# Sites within blocks first: the order of the tables.
_TRANSFER_TARGETS = (columns.HUMAN_ENTROPY, 'model_entropy', 'model_correct')
_LAST_OF_TRANSFORMERS = 'final_norm'


def run(workdir: str | pathlib.Path, spec: StudySpec) -> None:
  """Probes every (data set, model, site) whose activations are stored.

  Args:
    workdir: of a scored run.
    spec: `probe` names protocols, folds and permutations; people's entropy is
      what `analysis.human_entropy` makes of it, as in the analysis; in mode
      'reproduction' the last layer of 'residual' is taken after the final
      norm, as transformers returns it and the paper had it.

  Raises:
    UserError: no activations, those of a model that the run never asked, or
      they lack items of the results.
  """
  workdir = pathlib.Path(workdir)
  found, summed = activations.sites(workdir), sums.sites(workdir)
  if not found and not summed:
    raise UserError(
        f'{workdir} holds no activations; run --stages=score with '
        '--config.probe.sites=residual')
  for stranger in schema.strangers(sorted({
      workdir / folder / dataset / model
      for folder, sites in (('activations', found), ('moments', summed))
      for dataset, model, _ in sites})):
    raise UserError(stranger)
  stored = schema.read_results(workdir)
  results = people.estimated(stored, spec)
  estimators = people.estimators(stored, spec)
  tables = protocols.ProbeTables()
  for dataset, model, site in summed:
    _results_of(results, dataset, model)
    tables.add('probes', _from_sums(
        workdir / 'moments' / dataset / model / f'{site}.npz'),
        model=model, dataset=dataset, site=site, protocol='sums')
  sets: dict[str, dict[str, tuple[np.ndarray, pd.DataFrame]]] = {}
  for dataset, model, site in found:
    frame = _results_of(results, dataset, model)
    acts_NLD = read_site(workdir, dataset, model, site, frame, spec)
    keys = {columns.MODEL: model, columns.DATASET: dataset}
    logging.info('probes: %s, %s, %s %s', dataset, model, site, acts_NLD.shape)
    if dataset == 'truth':
      tables.add('truth_probes', truth_table.evaluate(
          acts_NLD, frame, seed=spec.seed, with_mlp=spec.probe.mlp,
          checkpoint_dir=workdir / 'checkpoints' / model / site), **keys,
          site=site)
      tables.add('truth_forward', truth_forward.table(
          acts_NLD, frame, seed=spec.seed, with_mlp=spec.probe.mlp,
          checkpoint_dir=(
              workdir / 'checkpoints' / model / site / 'forward')), **keys,
          site=site)
      continue
    _one_site(tables, acts_NLD, frame, spec, keys | {derived.SITE: site},
              workdir / 'checkpoints' / dataset / model / site)
    sets.setdefault(site, {})[f'{dataset}/{model}'] = (acts_NLD, frame)
  for (dataset, model), frame in results.items():
    if dataset != 'truth':
      tables.add('probe_ceiling', _ceiling(
          frame, estimators[dataset], spec.seed), model=model,
                 dataset=dataset)
  for site, members in sets.items():
    _transfer(tables, members, site, spec.seed)
    if 'doubt' in protocols.named(spec.probe):
      _doubt(tables, members, site, spec)
  if 'probes' in tables.rows:
    tables.add('probe_depth', _depth(tables))
  for name, frames in tables.rows.items():
    shards.write_table(pd.concat(frames, ignore_index=True),
                       workdir / 'analysis' / f'{name}.parquet')


def _results_of(
    results: people.Results, dataset: str, model: str,
) -> pd.DataFrame:
  if (dataset, model) not in results:
    raise UserError(
        f'activations of {dataset}/{model} have no results table; finish '
        '--stages=score')
  return results[dataset, model]


def read_site(
    workdir: pathlib.Path, dataset: str, model: str, site: str,
    frame: pd.DataFrame, spec: StudySpec) -> np.ndarray:
  """A site's activations [N, L, D] in the table's order of items.

  Args:
    workdir: of a scored run.
    dataset: its name.
    model: its name.
    site: one that was captured.
    frame: the results table of the N items.
    spec: in mode 'reproduction' the last layer is taken after the final norm.

  Returns:
    float32, or float64 where stored so.

  Raises:
    UserError: an item without activations, or no final norm where needed.
  """
  folder = workdir / 'activations' / dataset / model
  ids = frame[columns.ITEM_ID].tolist()
  acts_NLD = activations.read(folder / site, ids).values_NLD
  if spec.mode == 'reproduction' and site == 'residual':
    if not (folder / _LAST_OF_TRANSFORMERS).is_dir():
      raise UserError(
          f'mode=reproduction takes the last layer of {folder} after the final '
          'norm, which was not stored; score with '
          '--config.probe.sites=residual,final_norm or pass '
          '--config.mode=sound')
    last = activations.read(folder / _LAST_OF_TRANSFORMERS, ids).values_NLD
    acts_NLD = np.concatenate([acts_NLD[:, :-1], last], axis=1)
  return acts_NLD


def _from_sums(path: pathlib.Path) -> pd.DataFrame:
  kept = sums.read(path)
  counts_F = kept.moments.sums_FLEE[:, 0, 0, 0].round().astype(int)
  if len(counts_F) < 3 or (counts_F < 1).any():
    raise UserError(
        f'{path}: a fold has no items, or there are fewer than three; finish '
        '--stages=score, with more items or fewer --config.probe.n_folds')
  found = moments.cross_validate(kept.moments)
  return protocols.score_rows(
      found.scores, kept.targets, counts_F, found.inner_mse)


def _one_site(tables, acts_NLD, frame, spec: StudySpec, keys, checkpoints):
  for protocol in protocols.named(spec.probe):
    if protocol == 'doubt':  # which also takes several data sets
      continue
    part = protocols.PROTOCOLS[protocol](acts_NLD, frame, spec.probe,
                                         spec.seed)
    for name, frames in part.rows.items():
      for rows in frames:
        own = (rows[derived.PROTOCOL].iloc[0] if derived.PROTOCOL in rows
               else protocol)
        tables.add(name, rows, **keys | {derived.PROTOCOL: own})
  if 'sound' in protocols.named(spec.probe):
    tables.add('probe_forward', forward.table(acts_NLD, frame, spec.seed),
               **keys | {derived.PROTOCOL: 'sound'})
  if spec.probe.mlp:
    tables.add('probe_nonlinear', _nonlinear(
        acts_NLD, frame, spec, checkpoints),
        **keys | {derived.PROTOCOL: 'sound'})


def _nonlinear(acts_NLD, frame, spec: StudySpec, checkpoints) -> pd.DataFrame:
  known = targets_lib.values(frame, (columns.HUMAN_ENTROPY, 'model_entropy'))
  rows = []
  for name in map(str, known):
    mask_N = known[name].notna().to_numpy()
    target_N = known[name].to_numpy()[mask_N]
    folds = folds_lib.k_fold(len(target_N), spec.probe.n_folds)
    predicted_LFB = mlp.cross_validate(
        acts_NLD[mask_N], target_N, folds, seed=spec.seed,
        checkpoint_dir=checkpoints / files.stem(name))
    r2_LF = np.stack([
        1 - ((target_N[test] - predicted_LFB[:, f, :len(test)])**2).sum(1)
        / ((target_N[test] - target_N[test].mean())**2).sum()
        for f in range(folds.n_folds) if len(test := folds.test(f))], axis=1)
    rows.append(pd.DataFrame({
        derived.LAYER: range(len(r2_LF)), derived.TARGET: name,
        derived.R2: r2_LF.mean(1)}))
  return pd.concat(rows) if rows else pd.DataFrame()


def _ceiling(frame: pd.DataFrame, estimator: str, seed: int) -> pd.DataFrame:
  """R² that a probe could reach, given how few people answered."""
  if not {columns.HUMAN_SHARES, columns.HUMAN_COUNT} <= set(frame):
    return pd.DataFrame()
  known = frame[frame[columns.HUMAN_SHARES].notna()
                & frame[columns.HUMAN_COUNT].gt(0)]
  if len(known) < 3:
    return pd.DataFrame()
  shares, counts_N = list(known[columns.HUMAN_SHARES]), np.asarray(
      known[columns.HUMAN_COUNT])
  statistic = human.entropy
  if estimator != 'plain':  # of numbers of people, not of their shares alone
    shares = [np.rint(np.asarray(s) / np.sum(s) * n)
              for s, n in zip(shares, counts_N, strict=True)]
    statistic = functools.partial(_estimate, estimator)
  ceiling = controls.noise_ceiling(
      shares, counts_N, statistic, np.random.default_rng(seed))
  return pd.DataFrame([{
      derived.TARGET: columns.HUMAN_ENTROPY, derived.CEILING_R2: ceiling,
      columns.N: len(known)}])


def _estimate(estimator: str, counts_C: np.ndarray) -> float:
  counts_1C = np.asarray(counts_C)[None]
  return float(entropy.normalised(
      counts_1C, np.array([counts_1C.shape[1]]), estimator)[0])


def _transfer(tables, members, site: str, seed: int) -> None:
  """The matrix between data sets and models whose activations fit."""
  if len(members) < 2:
    return
  for target in _TRANSFER_TARGETS:
    sets = {}
    for name, (acts_NLD, frame) in members.items():
      known = targets_lib.values(frame, (target,))
      if not known.empty:
        mask_N = known[target].notna().to_numpy()
        if mask_N.sum() >= 20:
          sets[name] = transfer.TransferSet(
              acts_NLD[mask_N], np.asarray(known[target])[mask_N],
              np.asarray(frame[columns.ITEM_ID])[mask_N])
    tables.add('probe_transfer', transfer.matrix(sets, seed=seed), site=site,
               target=target, protocol='sound')


def _doubt(tables, members, site: str, spec: StudySpec) -> None:
  """Probes of doubt within each data set, and of each model between them."""
  position = activations.position_of(site, listed(spec.probe.positions))
  for name, (acts_NLD, frame) in members.items():
    dataset, _, model = name.partition('/')
    keys = {columns.MODEL: model, columns.DATASET: dataset, derived.SITE: site,
            derived.PROTOCOL: 'doubt'}
    own = doubt_table.DataSet(dataset, acts_NLD, frame)
    tables.add('doubt_probes', doubt_table.curves(
        own, position, spec.probe.n_folds, spec.seed), **keys)
    tables.add('doubt_forward', doubt_table.forward_table(
        own, position, spec.seed), **keys)
    for other, (acts_MLD, rows) in members.items():
      train, _, same = other.partition('/')
      if same == model and train != dataset:
        tables.add('doubt_forward', doubt_table.transferred(
            doubt_table.DataSet(train, acts_MLD, rows), own, position,
            spec.seed), **keys)


def _depth(tables: protocols.ProbeTables) -> pd.DataFrame:
  """Where along depth a target becomes readable."""
  probes = pd.concat(tables.rows['probes'])
  probes = probes[probes[derived.FOLD] == protocols.MEAN]
  nulls = tables.rows.get('probe_permutations')
  nulls = pd.concat(nulls) if nulls else pd.DataFrame()
  keys = [columns.MODEL, columns.DATASET, derived.PROTOCOL, derived.SITE,
          derived.TARGET]
  rows = []
  for values, group in probes.groupby(keys, sort=False):
    layer, r2 = (np.asarray(group[c]) for c in (derived.LAYER, derived.R2))
    curve_L = r2[layer >= 0]  # rows are in the order of layers
    chosen = r2[layer == protocols.CHOSEN]
    peak = int(np.argmax(curve_L))
    row = dict(zip(keys, np.array(values, object), strict=True))
    first = np.nan
    if len(nulls):
      same = np.logical_and.reduce([nulls[k] == v for k, v in row.items()])
      clear = nulls.loc[same & (nulls[derived.P_CORRECTED] < .05),
                        derived.LAYER]
      first = float(clear.min()) if len(clear) else np.nan
    n_layers = len(curve_L)
    rows.append(row | {
        derived.N_LAYERS: n_layers, derived.FIRST_LAYER: first,
        derived.FIRST_DEPTH: (first + 1) / n_layers,
        derived.PEAK_LAYER: peak, derived.PEAK_DEPTH: (peak + 1) / n_layers,
        derived.PEAK_R2: curve_L.max(),
        derived.CHOSEN_R2: chosen[0] if len(chosen) else np.nan})
  return pd.DataFrame(rows)
