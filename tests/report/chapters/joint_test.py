"""Joint presence: rates beside their chance level."""

import pandas as pd

from uncertainty.report.chapters import joint


def test_lead_gives_rates_and_chance(made, spec):
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
  assert '50 % of 2 cells count as following people (ρ above 0' in page
  assert '100 % discriminate, 50 % both' in page
  assert 'would give 40 %. Whether both go together is a claim' in page
  assert joint.chapter(made(), spec) is None
