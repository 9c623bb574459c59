"""What probes read out of each model, for base against instruct.

From tables that the probe stage wrote, or the paper's own probe results.
"""

import pathlib
from collections.abc import Iterable

import pandas as pd
import pyarrow.parquet as pq

from uncertainty.analysis.scores import pairs
from uncertainty.probes import published as published_probes

MEAN, CHOSEN = -1, -1  # in columns `fold` and `layer`
COLUMNS = ['dataset', 'model', 'target', 'value', 'n']


def of_workdirs(root: str | pathlib.Path) -> pd.DataFrame:
  """Readout of every `analysis/probes.parquet` under a folder.

  One protocol and site each: the sound protocol if it ran, the last site by
  name. The layer is the one chosen inside the training folds; without such a
  row, the best one.

  Returns:
    `COLUMNS`; value is held-out R². Where several workdirs probed a model, its
    name carries the workdir's, as in `schema.read_results`.
  """
  paths = sorted(pathlib.Path(root).glob('**/analysis/probes.parquet'))
  found = []
  for path in paths:
    table = pq.read_table(path).to_pandas()
    table = table[table['fold'] == MEAN]
    protocol = 'sound' if 'sound' in set(table['protocol']) else 'paper'
    table = table[table['protocol'] == protocol]
    if len(table):
      table = table[table['site'] == max(table['site'])]
      found.append(_best(table).assign(workdir=path.parents[1].name))
  if not found:
    return pd.DataFrame(columns=COLUMNS)
  joined = pd.concat(found, ignore_index=True)
  twice = joined.duplicated(['dataset', 'model', 'target'], keep=False)
  joined.loc[twice, 'model'] += ' (' + joined.loc[twice, 'workdir'] + ')'
  return joined[COLUMNS]


def of_published(tables: pd.DataFrame) -> pd.DataFrame:
  """The best layer of the paper's probes, which picked it on the same folds."""
  return _best(tables[tables['fold'] == MEAN])


def published_tables(paths: Iterable[pathlib.Path]) -> pd.DataFrame:
  """The paper's probe results in the columns of probes.parquet."""
  found = [published_probes.read(path) for path in paths]
  return pd.concat(found, ignore_index=True) if found else pd.DataFrame()


def _best(table: pd.DataFrame) -> pd.DataFrame:
  rows = []
  for (dataset, model, target), group in table.groupby(
      ['dataset', 'model', 'target'], sort=False):
    chosen = group[group['layer'] == CHOSEN]
    row = chosen.iloc[0] if len(chosen) else group.loc[group['r2'].idxmax()]
    rows.append((dataset, model, target, float(row['r2']), int(row['n'])))
  return pd.DataFrame(rows, columns=COLUMNS)


def pair_differences(
    readout: pd.DataFrame,
    origins: pairs.Origins = pairs.BY_NAME) -> pd.DataFrame:
  """Instruct − base, in the columns of `instruct.pair_differences`.

  Probe tables hold no predictions by item, so there is no interval within a
  pair, only over pairs.

  Args:
    readout: of `of_workdirs` or `of_published`.
    origins: which model was tuned from which; by their names if not given.

  Returns:
    One row per pair, data set and target; the interval is missing.
  """
  rows = []
  for (dataset, target), group in readout.groupby(
      ['dataset', 'target'], sort=False):
    value = group.set_index('model')
    for base, tuned in origins.pairs(list(value.index)):
      a, b = value.loc[tuned], value.loc[base]
      rows.append({
          'dataset': dataset, 'variant': pairs.variant(base),
          'outcome': 'probe_r2', 'measure': target, 'base': base,
          'instruct': tuned, 'family': origins.family(base),
          'base_value': b['value'], 'instruct_value': a['value'],
          'difference': a['value'] - b['value'], 'n': min(a['n'], b['n']),
          'ci_low': float('nan'), 'ci_high': float('nan'),
          'p_value': float('nan')})
  return pd.DataFrame(rows)
