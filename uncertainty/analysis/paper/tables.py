"""The paper's figures as tables of cells, compared with printed ones."""

import pathlib
from collections.abc import Sequence

import pandas as pd

from uncertainty.analysis.paper import cells as reproduction
from uncertainty.analysis.paper import compare, flaws
from uncertainty.analysis.scores import stack as stacking
from uncertainty.results import columns, derived
from uncertainty.results.published import Published
from uncertainty.specs import StudySpec


def reproduction_tables(
    published: Published, stacks: Sequence[stacking.Stack],
    results_dir: str | pathlib.Path, spec: StudySpec,
) -> dict[str, pd.DataFrame]:
  """The paper's figures as cells, compared with printed ones where at hand.

  Prints how many match.

  Args:
    published: of `results.published.read`.
    stacks: its data sets, stacked.
    results_dir: where it was read; printed cells may lie beside it.
    spec: `mode`, `analysis.compare_with`.

  Returns:
    cells, cells_by_mode, published_columns (which columns were mapped, extra
    or missing), free_response_flaw; with printed cells compare,
    compare_counts and tie_orders.

  Raises:
    UserError: `compare_with` cannot be read, or prints other figures only.
  """
  by_mode = {mode: reproduction.cells(stacks, mode)
             for mode in ('reproduction', 'sound')}
  cells = by_mode[spec.mode]
  if published.activations is not None:
    curves = reproduction.probe_cells(published.activations)
    filled = [table for table in (cells, curves) if len(table)]
    cells = pd.concat(filled, ignore_index=True)
  made = {'cells': cells, 'cells_by_mode': _side_by_side(by_mode)}
  if len(published.columns):
    made['published_columns'] = published.columns
  chosen = spec.analysis.compare_with
  path = chosen or compare.find(results_dir)
  printed = None
  if path and (chosen or compare.overlaps(cells, path)):
    made['compare'] = compare.compare(cells, path)
    made['compare_counts'] = compare.counts(made['compare'])
    printed = compare.read(path)
    print(f'{path}: {compare.sentence(made["compare"])}')
    made['tie_orders'] = _tie_orders(stacks, by_mode, path)
  made['free_response_flaw'] = flaws.free_response_summary(
      flaws.free_response_ece(stacks), printed)
  return made


def _side_by_side(by_mode: dict[str, pd.DataFrame]) -> pd.DataFrame:
  """Cells under the paper's recipes and under the sound ones."""
  key = [derived.FIGURE, columns.MEASURE, columns.MODEL]
  wanted = [*key, columns.VALUE, derived.PRINTED, columns.P_VALUE, columns.N]
  return by_mode['reproduction'][
      [*wanted, derived.SHOWN, columns.TIE_FREE]].merge(
          by_mode['sound'][wanted], on=key, how='outer',
          suffixes=('_reproduction', '_sound'))


def _tie_orders(
    stacks: Sequence[stacking.Stack], by_mode: dict[str, pd.DataFrame], path,
) -> pd.DataFrame:
  """How many printed sweep cells each way of treating ties gives."""
  ways = {
      'as numpy.argsort with AVX2': by_mode['reproduction'],
      'stable': reproduction.cells(stacks, ties='stable'),
      'never split': by_mode['sound']}
  rows = []
  for way, cells in ways.items():
    sweep = cells[cells[derived.FIGURE].str.endswith('_sweep')]
    if len(sweep) and compare.overlaps(sweep, path):
      counts = compare.counts(compare.compare(sweep, path))
      counts = counts[counts[derived.PART] == 'models']
      rows.append((way, int(counts[derived.MATCH].sum()),
                   int(counts[derived.PRINTED].sum())))
  return pd.DataFrame(rows,
                      columns=[derived.TIES, derived.MATCH, derived.PRINTED])
