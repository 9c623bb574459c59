"""The paper's own probe results, in the form of analysis/probes.parquet."""

import pathlib

import numpy as np
import pandas as pd

from uncertainty import files, parquet
from uncertainty.results import columns, derived
from uncertainty.types import UserError

_PREFIXES = {columns.HUMAN_ENTROPY: 'human_ent', 'rt_correct': 'rt_correct',
             'rt_combined': 'rt_combined'}
_METRICS = {derived.R2: ('mean_r2', 'fold_r2s'),
            derived.PEARSON: ('mean_correlation', 'fold_correlations'),
            derived.MSE: ('mean_mse', 'fold_mses')}
_REMEDY = 'point at the published coane_activations_10fold.parquet'


def read(path: str | pathlib.Path) -> pd.DataFrame:
  """Reads `coane_activations_10fold.parquet`.

  Args:
    path: of the file that the paper published.

  Returns:
    One row per (model, layer, target, fold or mean), with the columns of
    analysis/probes.parquet: protocol 'published', dataset 'coane', site
    'residual' (the last layer after the final norm, as transformers returns
    it), fold -1 for the mean. `width` is the activations'.

  Raises:
    UserError: it is not that file.
  """
  path = pathlib.Path(path)
  table = parquet.read(path, _REMEDY)
  wanted = {columns.MODEL, derived.LAYER, 'n_samples', 'n_features'} | {
      f'{prefix}_{name}' for prefix in _PREFIXES.values()
      for names in _METRICS.values() for name in names}
  missing = sorted(wanted - set(table))
  if missing:
    raise UserError(
        f'{path} lacks the column {missing[0]!r}; {_REMEDY}')
  with files.malformed(path, _REMEDY):
    return _rows(table)


def _rows(table: pd.DataFrame) -> pd.DataFrame:
  rows = []
  for record in table.to_dict('records'):
    for target, prefix in _PREFIXES.items():
      scores = {m: np.append(record[f'{prefix}_{mean}'],
                             record[f'{prefix}_{folds}'])
                for m, (mean, folds) in _METRICS.items()}
      rows += [{
          columns.MODEL: record[columns.MODEL], columns.DATASET: 'coane',
          derived.PROTOCOL: 'published', derived.SITE: 'residual',
          derived.LAYER: int(record[derived.LAYER].removeprefix('layer_')),
          derived.TARGET: target, derived.FOLD: fold,
          **{m: float(values[fold + 1]) for m, values in scores.items()},
          columns.N: record['n_samples'], derived.WIDTH: record['n_features'],
      } for fold in range(-1, len(scores[derived.R2]) - 1)]
  return pd.DataFrame(rows)
