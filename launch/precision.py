"""What bfloat16 costs: two runs of the same study, item by item.

  python launch/precision.py RUN_IN_FLOAT32 RUN_IN_BFLOAT16

Prints, for every model and data set that both workdirs hold: how far choice
probabilities (renormalised) and measures moved, how many answers changed, and
Spearman's ρ of each measure with people's entropy in both runs.
"""

import sys

import numpy as np
from scipy import stats

from uncertainty.measures import registry
from uncertainty.results import columns, schema

_TOP_K, _MASS = 10, 0.9
MEASURES = (
    registry.CHOICE_ENTROPY, registry.TOTAL_ENTROPY, registry.VARENTROPY,
    registry.TOP1_LOGPROB, f'{registry.TOP_K_ENTROPY}{_TOP_K}',
    f'{registry.NUCLEUS_ENTROPY}{_MASS}')


def main() -> None:
  if len(sys.argv) != 3:
    sys.exit(__doc__)
  before, after = (schema.read_results(folder) for folder in sys.argv[1:])
  for key in sorted(set(before) & set(after)):
    a = before[key].set_index(columns.ITEM_ID)
    b = after[key].set_index(columns.ITEM_ID).loc[a.index]
    changed = int((a[columns.PREDICTION] != b[columns.PREDICTION]).sum())
    print(f'\n{key[1]}, {key[0]}: {len(a)} items, {changed} answers changed')
    print(f'{"":24} {"mean |Δ|":>10} {"max |Δ|":>10} {"ρ before":>9} '
          f'{"after":>9}')
    p, q = (_shares(t[columns.CHOICE_LOGPROBS]) for t in (a, b))
    moved = np.concatenate([np.abs(x - y) for x, y in zip(p, q)])
    print(f'{"choice probability":24} {moved.mean():10.5f} {moved.max():10.5f}')
    for name in MEASURES:
      column = registry.column(registry.MC, name)
      moved = np.abs(a[column] - b[column])
      rho = [np.asarray(stats.spearmanr(
          t[column], t[columns.HUMAN_ENTROPY], nan_policy='omit'))[0]
             for t in (a, b)]
      print(f'{name:24} {moved.mean():10.5f} {moved.max():10.5f} '
            f'{rho[0]:9.3f} {rho[1]:9.3f}')


def _shares(logprobs) -> list[np.ndarray]:
  """Choice probabilities of each item, renormalised."""
  found = [np.asarray(x, np.float64) for x in logprobs]
  return [np.exp(x - np.logaddexp.reduce(x)) for x in found]


if __name__ == '__main__':
  main()
