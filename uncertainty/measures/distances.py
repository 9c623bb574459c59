"""How far a model's distribution over choices is from people's: their table.

Not measures of uncertainty, so that they are no columns of results: `summary`
and `rater_groups` of the analysis hold their means over items.
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Distance:
  """One distance between two distributions over an item's choices.

  Attributes:
    name: as a table of the analysis has it.
    formula: p people's shares, c the model's, F and G their cumulative sums.
    source: where it was proposed.
    range: smallest and largest possible value.
    needs: of the item.
  """

  name: str
  formula: str
  source: str
  range: tuple[float, float]
  needs: str


TOTAL_VARIATION, JENSEN_SHANNON = 'total_variation', 'jensen_shannon'
WASSERSTEIN = 'wasserstein'

DISTANCES = {d.name: d for d in (
    Distance(TOTAL_VARIATION, '½ Σ |p − c|', 'standard', (0, 1), 'shares'),
    Distance(JENSEN_SHANNON, '(KL(p ‖ m) + KL(c ‖ m)) / 2 in bits, '
             'm = (p + c) / 2', 'Lin 1991', (0, 1), 'shares'),
    Distance(WASSERSTEIN, 'Σ_k |F_k − G_k| (x_{k+1} − x_k) / (x_K − x_1), '
             'x the choices\' places', 'Vallender 1974', (0, 1),
             'shares, a scale'),
)}


def table() -> str:
  """All distances as a Markdown table.

  Returns:
    What `docs/measures.md` holds.
  """
  lines = ['| distance | definition | range | needs | passes | source |',
           '|---|---|---|---|---|---|']
  # The bar of a norm would end the cell.
  lines += [
      f'| {d.name} | {d.formula.replace("|", "&#124;")} |'
      f' [{d.range[0]:g}, {d.range[1]:g}] | {d.needs} | none more |'
      f' {d.source} |' for d in DISTANCES.values()]
  return '\n'.join(lines)
