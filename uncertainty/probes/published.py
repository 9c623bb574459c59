"""The paper's own probe results, in the form of analysis/probes.parquet."""

import pathlib

import numpy as np
import pandas as pd

from uncertainty.types import UserError

_PREFIXES = {'human_entropy': 'human_ent', 'rt_correct': 'rt_correct',
             'rt_combined': 'rt_combined'}
_METRICS = {'r2': ('mean_r2', 'fold_r2s'),
            'pearson': ('mean_correlation', 'fold_correlations'),
            'mse': ('mean_mse', 'fold_mses')}


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
  try:
    table = pd.read_parquet(path)
  except (OSError, ValueError) as error:
    raise UserError(
        f'cannot read {path} ({error}); point at the published '
        'coane_activations_10fold.parquet') from error
  wanted = {'model', 'layer', 'n_samples', 'n_features'} | {
      f'{prefix}_{name}' for prefix in _PREFIXES.values()
      for names in _METRICS.values() for name in names}
  missing = sorted(wanted - set(table))
  if missing:
    raise UserError(
        f'{path} lacks the column {missing[0]!r}; point at the published '
        'coane_activations_10fold.parquet')
  rows = []
  for record in table.to_dict('records'):
    for target, prefix in _PREFIXES.items():
      scores = {m: np.append(record[f'{prefix}_{mean}'],
                             record[f'{prefix}_{folds}'])
                for m, (mean, folds) in _METRICS.items()}
      rows += [{
          'model': record['model'], 'dataset': 'coane',
          'protocol': 'published', 'site': 'residual',
          'layer': int(record['layer'].removeprefix('layer_')),
          'target': target, 'fold': fold,
          **{m: float(values[fold + 1]) for m, values in scores.items()},
          'n': record['n_samples'], 'width': record['n_features'],
      } for fold in range(-1, len(scores['r2']) - 1)]
  return pd.DataFrame(rows)
