"""What probes read out of each model, for base against instruct.

From tables that the probe stage wrote, or the paper's own probe results.
"""

import pathlib
from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd

from uncertainty import parquet
from uncertainty.analysis.scores import pairs
from uncertainty.results import columns, derived, published_probes, schema

MEAN, CHOSEN = -1, -1  # in columns `fold` and `layer`
COLUMNS = [columns.DATASET, columns.MODEL, derived.TARGET, columns.VALUE,
           columns.N]


def of_workdirs(root: str | pathlib.Path) -> pd.DataFrame:
  """Readout of every `analysis/probes.parquet` under a folder.

  One protocol and site each: the sound protocol if it ran, the last site by
  name. The layer is the one chosen inside the training folds; without such a
  row, each fold's is the best of the other folds.

  Args:
    root: looked through at any depth.

  Returns:
    `COLUMNS`; value is held-out R². Where several workdirs probed a model, its
    name carries the workdir's, as in `schema.read_results`.
  """
  def choose(table: pd.DataFrame) -> pd.DataFrame:
    protocol = 'sound' if 'sound' in set(table[derived.PROTOCOL]) else 'paper'
    table = table[table[derived.PROTOCOL] == protocol]
    if not len(table):
      return pd.DataFrame(columns=COLUMNS)
    return _readouts(_last_site(table))

  found = _joined(root, 'probes', choose)
  return pd.DataFrame(columns=COLUMNS) if found is None else found[COLUMNS]


def forward(root: str | pathlib.Path) -> pd.DataFrame | None:
  """Every `analysis/probe_forward.parquet` under a folder.

  Args:
    root: looked through at any depth.

  Returns:
    Their rows, of the last site by name, names of models as in `of_workdirs`;
    None where there are none.
  """
  return _joined(root, 'probe_forward', _last_site)


def doubt(root: str | pathlib.Path) -> pd.DataFrame | None:
  """Every `analysis/doubt_forward.parquet` under a folder.

  Args:
    root: looked through at any depth.

  Returns:
    Their rows, names of models as in `of_workdirs`; None where there are none.
  """
  return _joined(root, 'doubt_forward', lambda table: table)


def layers(root: str | pathlib.Path) -> pd.DataFrame:
  """Every `analysis/probes.parquet` under a folder, means over folds.

  Args:
    root: looked through at any depth.

  Returns:
    A row a layer, names of models as in `forward`; empty without tables.
  """
  found = _joined(root, 'probes', of_layers)
  return pd.DataFrame() if found is None else found


def of_layers(probes: pd.DataFrame) -> pd.DataFrame:
  """The rows of a probe table that are of one layer, over all folds.

  Args:
    probes: columns of probes.parquet.

  Returns:
    Its rows without those of folds and of layers chosen by fold.
  """
  return probes[(probes[derived.FOLD] == MEAN)
                & (probes[derived.LAYER] != CHOSEN)]


def truth(root: str | pathlib.Path) -> pd.DataFrame | None:
  """Every `analysis/truth_forward.parquet` under a folder.

  Args:
    root: looked through at any depth.

  Returns:
    Their rows, of the last site by name, names of models as in `of_workdirs`;
    None where there are none.
  """
  return _joined(root, 'truth_forward', _last_site)


def _last_site(table: pd.DataFrame) -> pd.DataFrame:
  return table[table[derived.SITE] == max(table[derived.SITE])]


def _joined(root, name: str, choose: Callable[[pd.DataFrame], pd.DataFrame],
            ) -> pd.DataFrame | None:
  """What is chosen of every table of a name; models as their results call them.

  Of results that are not there, models of several workdirs get their names.
  """
  called = {(str(path.parents[2]), dataset, path.stem): model
            for (dataset, model), path in schema.result_files(root).items()}
  found = []
  for path in sorted(pathlib.Path(root).glob(f'**/analysis/{name}.parquet')):
    table = choose(parquet.read(
        path, 'run --stages=probe again to rebuild it'))
    if len(table):
      found.append(table.assign(workdir=str(path.parents[1])))
  if not found:
    return None
  joined = pd.concat(found, ignore_index=True)
  own = joined.groupby([columns.DATASET, columns.MODEL])['workdir']
  joined[columns.MODEL] = [
      called.get((workdir, dataset, model),
                 f'{model} ({pathlib.Path(workdir).name})' if several
                 else model)
      for workdir, dataset, model, several in zip(
          joined['workdir'], joined[columns.DATASET], joined[columns.MODEL],
          own.transform('nunique') > 1)]
  return joined.drop(columns='workdir')


def of_published(tables: pd.DataFrame) -> pd.DataFrame:
  """What the paper's probes read, each fold at the other folds' best layer.

  Args:
    tables: of `published_tables`.

  Returns:
    `COLUMNS`; value is R², mean over folds.
  """
  return _readouts(tables)


def published_tables(paths: Iterable[pathlib.Path]) -> pd.DataFrame:
  """The paper's probe results in the columns of probes.parquet.

  Args:
    paths: the paper's files of probe results.

  Returns:
    All rows; empty without files.
  """
  found = [published_probes.read(path) for path in paths]
  return pd.concat(found, ignore_index=True) if found else pd.DataFrame()


def _readouts(table: pd.DataFrame) -> pd.DataFrame:
  rows = []
  for (dataset, model, target), group in table.groupby(
      [columns.DATASET, columns.MODEL, derived.TARGET], sort=False):
    mean = group[group[derived.FOLD] == MEAN]
    chosen = mean[mean[derived.LAYER] == CHOSEN]
    value = float(chosen[derived.R2].iloc[0]) if len(chosen) else _held_out(
        group[(group[derived.FOLD] != MEAN) & (group[derived.LAYER] != CHOSEN)])
    rows.append(
        (dataset, model, target, value, int(mean[columns.N].iloc[0])))
  found = pd.DataFrame(rows, columns=COLUMNS)
  return found[found[columns.VALUE].notna()].reset_index(drop=True)


def _held_out(folds: pd.DataFrame) -> float:
  """Mean over folds of R² at the layer that is best in the other folds.

  The largest mean over all folds would be a maximum over layers: above what
  any of them reads, and the more so the more layers a model has.
  """
  r2_LF = folds.pivot(index=derived.LAYER, columns=derived.FOLD,
                      values=derived.R2).to_numpy()
  n_folds = r2_LF.shape[1]
  if n_folds < 2:
    return float('nan')
  others_LF = r2_LF.sum(1, keepdims=True) - r2_LF
  return float(r2_LF[others_LF.argmax(0), np.arange(n_folds)].mean())


_OF_LAYER = [columns.DATASET, derived.SITE, derived.PROTOCOL, derived.TARGET,
             derived.LAYER]
PAIR_COLUMNS = [
    columns.BASE, derived.INSTRUCT, *_OF_LAYER, derived.BASE_VALUE,
    derived.INSTRUCT_VALUE, derived.DIFFERENCE]


def layer_pairs(probes: pd.DataFrame, origins: pairs.Origins) -> pd.DataFrame:
  """Instruct − base of each pair's Pearson r, layer by layer.

  Args:
    probes: of `of_layers`.
    origins: which model was tuned from which.

  Returns:
    `PAIR_COLUMNS`, a row a pair, data set, site, protocol, target and layer
    that both have.
  """
  found = [pd.DataFrame(columns=PAIR_COLUMNS)]
  by_model = dict(iter(probes.groupby(columns.MODEL, sort=False))) if len(
      probes) else {}
  for base, tuned in origins.pairs(list(map(str, by_model))):
    before, after = (by_model[m].set_index(_OF_LAYER)[derived.PEARSON]
                     for m in (base, tuned))
    both = pd.concat(
        {derived.BASE_VALUE: before, derived.INSTRUCT_VALUE: after},
        axis=1, join='inner').reset_index()
    found.append(both.assign(**{
        columns.BASE: base, derived.INSTRUCT: tuned,
        derived.DIFFERENCE:
            both[derived.INSTRUCT_VALUE] - both[derived.BASE_VALUE],
    })[PAIR_COLUMNS])
  return pd.concat(found[1:] or found, ignore_index=True)


def pair_differences(
    readout: pd.DataFrame, origins: pairs.Origins) -> pd.DataFrame:
  """Instruct − base, in the columns of `instruct.pair_differences`.

  Probe tables hold no predictions by item, so there is no interval within a
  pair, only over pairs.

  Args:
    readout: of `of_workdirs` or `of_published`.
    origins: which model was tuned from which.

  Returns:
    One row per pair, data set and target; the interval is missing.
  """
  rows = []
  for (dataset, target), group in readout.groupby(
      [columns.DATASET, derived.TARGET], sort=False):
    value = group.set_index(columns.MODEL)
    for base, tuned in origins.pairs(list(value.index)):
      a, b = value.loc[tuned], value.loc[base]
      rows.append({
          columns.DATASET: dataset, columns.VARIANT: origins.variant(base),
          columns.OUTCOME: derived.PROBE_R2, columns.MEASURE: target,
          columns.BASE: base,
          derived.INSTRUCT: tuned, columns.FAMILY: origins.family(base),
          derived.BASE_VALUE: b[columns.VALUE],
          derived.INSTRUCT_VALUE: a[columns.VALUE],
          derived.DIFFERENCE: a[columns.VALUE] - b[columns.VALUE],
          columns.N: min(a[columns.N], b[columns.N]),
          columns.CI_LOW: float('nan'), columns.CI_HIGH: float('nan'),
          columns.P_VALUE: float('nan')})
  return pd.DataFrame(rows)
