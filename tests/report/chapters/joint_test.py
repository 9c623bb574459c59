"""Joint presence: rates and their chance level in a table, no sentence."""

import pandas as pd

from uncertainty.report.chapters import joint


def test_rates_and_chance_stand_in_the_table(made, spec):
  cells = pd.DataFrame({
      'dataset': 'coane', 'measure': ['mc_choice_entropy', 'fr_perplexity'],
      'model': 'A', 'rho': [.3, .1], 'auroc': [.7, .6]})
  chance = pd.DataFrame({
      'dataset': ['coane'], 'second': 'discriminates', 'within': 'all cells',
      'permuted': 'models and measures',
      'n_cells': 2, 'rate_aligned': .5, 'rate_second': 1.0, 'rate_both': .5,
      'chance': .4, 'chance_low': .3, 'chance_high': .6, 'p_value': .25})
  page = '\n'.join(joint.chapter(
      made(joint=cells, joint_chance=chance), spec).blocks)
  assert 'Whether both go together is a claim of its own' in page
  assert 'count as following' not in page
  table = page.partition('Co-occurrence')[2]
  assert table.count('>0.5') == 2 and '>0.4' in table
  assert joint.chapter(made(), spec) is None
