"""The paper's cells: recipes by hand, and every printed cell."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from uncertainty.analysis.paper import cells as reproduction
from uncertainty.analysis.paper import compare, ece, tie_order
from uncertainty.analysis.scores import stack
from uncertainty.results import published

N_ITEMS = 60


def _frame(seed: int, dataset='coane', free=False) -> pd.DataFrame:
  rng = np.random.default_rng(seed)
  people = rng.random(N_ITEMS)
  frame = pd.DataFrame({
      'item_id': [str(i) for i in range(N_ITEMS)],
      'human_entropy': people,
      'mc_choice_entropy': np.clip(
          people + .2 * rng.normal(size=N_ITEMS), 0, 1),
      'mc_choice_logprob': -rng.random(N_ITEMS),
      'correct': (rng.random(N_ITEMS) < .6).astype(float),
      'kind': 'base', 'fr_grade': ['?'] + ['Y'] * (N_ITEMS - 1)})
  if free:
    frame['fr_correct'] = 1 - frame['correct']
    frame['human_fr_prop_correct'] = people
    frame['bracket_total_entropy'] = frame['mc_choice_entropy']
  return frame


def _cells(results, mode='reproduction'):
  return reproduction.cells(stack.stack_results(results), mode)


def test_spearman_cell_drops_ungraded_items_and_turns_logprobs():
  frame = _frame(0)
  cells = _cells({('coane', 'M'): frame}).set_index(
      ['figure', 'measure', 'model'])
  cell = cells.loc['corr_heatmap_Coane (MCQA)_human-ent', 'mc_choice-prob', 'M']
  expected = stats.spearmanr(
      -frame['mc_choice_logprob'][1:], frame['human_entropy'][1:])
  assert cell['n'] == N_ITEMS - 1
  np.testing.assert_allclose(cell['value'], expected.statistic)
  np.testing.assert_allclose(cell['p_value'], expected.pvalue)
  assert cell['shown'] == (expected.pvalue < .05 / 2040)


def test_free_response_is_held_against_each_correctness_by_mode():
  frame = _frame(1, free=True)
  key = ('ece_heatmap_coane(fr)_width', 'bfr_total-ent', 'M')
  values = {}
  for mode in ('reproduction', 'sound'):
    cells = _cells({('coane', 'M'): frame}, mode)
    values[mode] = cells.set_index(['figure', 'measure', 'model']).loc[
        key, 'value']
  confidence = 1 - frame['bracket_total_entropy'].to_numpy()[1:]
  for mode, column in (('reproduction', 'correct'), ('sound', 'fr_correct')):
    np.testing.assert_allclose(values[mode], ece.width(
        confidence, frame[column].to_numpy()[1:]))
  assert values['reproduction'] != values['sound']


def test_figures_of_other_data_sets_are_named_alike():
  cells = _cells({
      ('camchoice', 'M'): _frame(2), ('protoqa', 'M'): _frame(3)})
  figures = set(cells['figure'])
  assert 'corr_heatmap_CamChoice (MCQA)_human-ent' in figures
  assert 'corr_heatmap_ProtoQA (MCQA)_human-ent' in figures
  assert 'ece_heatmap_camchoice_width' in figures
  assert not (cells['model'] == reproduction.INSTRUCT).any()


def test_instruct_cells_pair_by_name():
  table = pd.DataFrame({
      'figure': 'f', 'measure': 'm', 'p_value': np.nan, 'n': 5,
      'tie_free': True,
      'model': ['A_1B', 'A_1B_Ins', 'B_2B', 'B_2B_Chat', 'C'],
      'value': [.5, .1, .2, .3, 9.]})
  cells = reproduction.instruct_cells(table)
  assert cells['model'].tolist() == [reproduction.INSTRUCT]
  assert cells['n'].tolist() == [2]
  np.testing.assert_allclose(cells['value'], (2 - 1) / 3)


@pytest.mark.parametrize('figure, model, value, expected', [
    ('corr_x', 'M', .125, .12), ('corr_x', 'M', -.2851, -.29),
    ('ece_x', 'M', .0735, .073), ('corr_x', reproduction.INSTRUCT, -.98333,
                                  -.983),
    ('agreement_heatmap', 'M', 100 * .29, 29.),
    ('agreement_heatmap', 'M', 57.9, 57.)])
def test_printed_numbers(figure, model, value, expected):
  assert reproduction.printed(figure, model, value) == expected


def test_probe_curves_and_their_differences():
  table = pd.DataFrame({
      'dataset': 'coane', 'model': ['A', 'A', 'A_Ins', 'A_Ins'],
      'layer': ['layer_10', 'layer_9'] * 2, 'n_samples': 420,
      'human_ent_mean_r2': [.1, .2, .4, .3]})
  cells = reproduction.probe_cells(table).set_index(
      ['figure', 'measure', 'model'])['value']
  assert cells['activations_coane_human_ent_r2', 'layer_9', 'A'] == .2
  np.testing.assert_allclose(
      cells['activations_coane_human_ent_r2_delta', 'layer_10', 'A'], -.3)


@pytest.fixture(scope='module')
def coane_cells(shared):
  found = published.read(shared / 'published' / 'coane_mcqa')
  return found.frames, _cells(found.frames)


@pytest.mark.shared
def test_every_printed_cell(coane_cells, shared):
  _, cells = coane_cells
  path = shared / 'published' / 'figures' / 'coane_mcqa_cells.csv'
  table = compare.counts(compare.compare(cells, path)).set_index(
      ['figure', 'part'])
  assert (table['blanks'] == table['blanks_right']).all()
  exact = table[~table.index.get_level_values(0).str.contains('sweep')]
  assert (exact['match'] == exact['printed']).all()
  assert exact['printed'].sum() == 325 + 85 + 293 + 510 + 14 + 11 + 14 + 6
  sweep = table.loc['ece_heatmap_coane(mcqa)_sweep', 'models']
  assert sweep['tie_free_match'] == sweep['tie_free'] == 18
  if tie_order.avx2_orders([np.zeros(2)]) is not None:
    # One cell, whose confidences take four values, stays unexplained.
    assert sweep['match'] == 509
    column = table.loc['ece_heatmap_coane(mcqa)_sweep', 'instruct column']
    assert column['match'] == column['printed'] == 7


@pytest.mark.shared
def test_a_subset_of_models_and_withheld_answers_give_the_same_cells(
    coane_cells, shared, tmp_path):
  _, cells = coane_cells
  for name in ('Llama_3.2_1B', 'Llama_3.2_1B_Ins', 'Gemma_2B'):
    frame = pd.read_parquet(
        shared / 'published' / 'coane_mcqa' / f'coane_{name}.parquet')
    full = pd.read_parquet(
        shared / 'published' / 'coane' / 'coane_Llama_3.2_1B.parquet')
    frame['human-ent'] = full['human-ent']
    frame.to_parquet(tmp_path / f'camchoice_{name}.parquet')
  found = _cells(published.read(tmp_path).frames)
  entropy = found[found['figure'] == 'corr_heatmap_CamChoice (MCQA)_human-ent']
  models = entropy[entropy['model'] != reproduction.INSTRUCT]
  assert len(models) == 3 * 17 and (models['n'] == 421).all()
  assert not found['figure'].str.startswith('ece').any()
  full = cells[cells['figure'] == 'corr_heatmap_Coane (MCQA)_human-ent']
  both = models.merge(full, on=['measure', 'model'])
  assert len(both) == 3 * 17  # two items more than Coane's
  assert (both['value_x'] - both['value_y']).abs().max() < .03
