"""The paper's cells: recipes by hand, and every printed cell."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from uncertainty.analysis.paper import cells as reproduction
from uncertainty.analysis.paper import compare, ece, tie_order
from uncertainty.analysis.scores import pairs
from uncertainty.results import published
from uncertainty.types import UserError

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


def test_spearman_cell_drops_ungraded_items_and_turns_logprobs():
  frame = _frame(0)
  cells = reproduction.cells({('coane', 'M'): frame}).set_index(
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
    cells = reproduction.cells({('coane', 'M'): frame}, mode)
    values[mode] = cells.set_index(['figure', 'measure', 'model']).loc[
        key, 'value']
  confidence = 1 - frame['bracket_total_entropy'].to_numpy()[1:]
  for mode, column in (('reproduction', 'correct'), ('sound', 'fr_correct')):
    np.testing.assert_allclose(values[mode], ece.width(
        confidence, frame[column].to_numpy()[1:]))
  assert values['reproduction'] != values['sound']


def test_figures_of_other_data_sets_are_named_alike():
  cells = reproduction.cells({
      ('camchoice', 'M'): _frame(2), ('protoqa', 'M'): _frame(3)})
  figures = set(cells['figure'])
  assert 'corr_heatmap_CamChoice (MCQA)_human-ent' in figures
  assert 'corr_heatmap_ProtoQA (MCQA)_human-ent' in figures
  assert 'ece_heatmap_camchoice_width' in figures
  assert not (cells['model'] == reproduction.INSTRUCT).any()


def test_width_by_hand_with_an_edge_in_the_upper_bin():
  confidence = np.array([.2, .21, .9, 1.])  # 3/15 opens the fourth bin
  correct = np.array([1., 0., 1., 0.])
  # Bins: {.2, .21}, {.9}, {1.}: gaps −.295, −.1, 1.
  expected = np.sqrt(.5 * .295**2 + .25 * .1**2 + .25 * 1.)
  np.testing.assert_allclose(ece.width(confidence, correct), expected)


def _slow_sweep(confidence, correct, order):
  confidence, correct = confidence[order], correct[order]
  best = 1
  for b in range(2, len(order) + 1):
    means = [part.mean() for part in np.array_split(correct, b)]
    if np.any(np.diff(means) < 0):
      break
    best = b
  parts = zip(np.array_split(confidence, best), np.array_split(correct, best))
  return np.sqrt(sum(
      len(c) * (c.mean() - a.mean())**2 for c, a in parts) / len(order))


def test_sweep_against_array_split_in_any_tie_order():
  rng = np.random.default_rng(5)
  confidence = np.round(rng.random(90), 1)
  correct = (rng.random(90) < confidence).astype(float)
  for seed in range(5):
    noise = np.random.default_rng(seed).random(90)
    order = np.lexsort((noise, confidence))
    np.testing.assert_allclose(
        ece.sweep(confidence, correct, order),
        _slow_sweep(confidence, correct, order))


def test_whole_ties_do_not_depend_on_the_order_of_items():
  rng = np.random.default_rng(6)
  confidence = np.round(rng.random(90), 1)
  correct = (rng.random(90) < confidence).astype(float)
  shuffled = rng.permutation(90)
  np.testing.assert_allclose(
      ece.sweep(confidence, correct, split_ties=False),
      ece.sweep(
          confidence[shuffled], correct[shuffled], split_ties=False))


def test_avx2_orders_sort_or_say_that_there_is_no_avx2():
  values = np.round(np.random.default_rng(7).random(300), 1)
  orders = tie_order.avx2_orders([values, -values])
  if orders is not None:
    for given, order in zip((values, -values), orders):
      assert sorted(order) == list(range(300))
      assert np.all(np.diff(given[order]) >= 0)


def test_signed_rank_against_scipy_and_by_hand():
  d = np.array([.3, -.1, .2, .5, 0., -.4])
  r, p_value = reproduction.signed_rank(d)
  # Ranks of .1 .2 .3 .4 .5: W⁺ = 3 + 2 + 5, W⁻ = 1 + 4.
  np.testing.assert_allclose(r, (10 - 5) / 15)
  np.testing.assert_allclose(p_value, stats.wilcoxon(d[d != 0]).pvalue)
  assert reproduction.signed_rank(np.zeros(3)) == (0.0, 1.0)


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


def test_compare_counts_matches_blanks_and_missing(tmp_path):
  cells = reproduction.cells(
      {('coane', 'A'): _frame(0), ('coane', 'A_Ins'): _frame(1)})
  figure = 'ece_heatmap_coane(mcqa)_width'
  ours = cells[cells['figure'] == figure].set_index(['measure', 'model'])
  path = tmp_path / 'cells.csv'
  pd.DataFrame({
      'figure': figure, 'measure': ['mc_choice-ent', 'mc_choice-ent', 'other'],
      'model': ['A', 'A_Ins', 'A'], 'value': [
          ours.loc[('mc_choice-ent', 'A'), 'printed'], 7., .1]}).to_csv(path)
  found = compare.compare(cells, path)
  status = found.set_index(['measure', 'model'])['status']
  assert status['mc_choice-ent', 'A'] == 'match'
  assert status['mc_choice-ent', 'A_Ins'] == 'differs'
  assert status['other', 'A'] == 'not computed'
  assert status['mc_choice-prob', 'A'] == 'blank there'
  assert '1 of 3 printed cells match' in compare.sentence(found)


def test_compare_says_what_is_wrong_with_the_csv(tmp_path):
  cells = reproduction.cells({('coane', 'A'): _frame(0)})
  with pytest.raises(UserError, match='cannot read'):
    compare.compare(cells, tmp_path / 'absent.csv')
  path = tmp_path / 'cells.csv'
  path.write_text('figure,measure\n')
  with pytest.raises(UserError, match="lacks the column 'model'"):
    compare.compare(cells, path)
  path.write_text('figure,measure,model,value\nx,y,A,1\n')
  with pytest.raises(UserError, match='no figure of these results'):
    compare.compare(cells, path)


@pytest.mark.parametrize('model, family, size, base', [
    ('Llama_3.2_1B_Ins', 'Llama 3', 1., 'Llama_3.2_1B'),
    ('Llama_2_13B_Chat', 'Llama 2', 13., 'Llama_2_13B'),
    ('Gemma_7B', 'Gemma', 7., 'Gemma_7B'),
    ('Gemma2_9B_Ins', 'Gemma 2', 9., 'Gemma2_9B'),
    ('Mistral_0.1', 'Mistral', np.nan, 'Mistral_0.1'),
    ('SmolLM2-135M-Instruct', 'SmolLM 2', .135, 'SmolLM2-135M'),
    ('Mistral-7B-Instruct-v0.1', 'Mistral', 7., 'Mistral-7B-v0.1'),
])
def test_what_names_say(model, family, size, base):
  assert pairs.family(model) == family
  np.testing.assert_equal(pairs.size(model), size)
  assert pairs.base_name(model) == base


def test_models_of_two_families_are_no_pair():
  assert pairs.pairs(['gemma-3-270m', 'SmolLM2-135M-Instruct']) == []


@pytest.fixture(scope='module')
def coane_cells(shared):
  found = published.read(shared / 'published' / 'coane_mcqa')
  return found.frames, reproduction.cells(found.frames)


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
  found = reproduction.cells(published.read(tmp_path).frames)
  entropy = found[found['figure'] == 'corr_heatmap_CamChoice (MCQA)_human-ent']
  models = entropy[entropy['model'] != reproduction.INSTRUCT]
  assert len(models) == 3 * 17 and (models['n'] == 421).all()
  assert not found['figure'].str.startswith('ece').any()
  full = cells[cells['figure'] == 'corr_heatmap_Coane (MCQA)_human-ent']
  both = models.merge(full, on=['measure', 'model'])
  assert len(both) == 3 * 17  # two items more than Coane's
  assert (both['value_x'] - both['value_y']).abs().max() < .03
