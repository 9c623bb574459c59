"""The analysis stage from files to files."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from uncertainty.analysis import run as analysis_run
from uncertainty.analysis.calibration import (
  errors,
  reliability,
  squared_error,
)
from uncertainty.analysis.claims import table as claims_table
from uncertainty.analysis.questions import (
  alignment,
  beyond_difficulty,
  calibrated,
)
from uncertainty.analysis.run import score
from uncertainty.analysis.scores import scores, stack
from uncertainty.results import shards
from uncertainty.specs import AnalysisSpec, StudySpec
from uncertainty.types import UserError

SPEC = StudySpec(analysis=AnalysisSpec(n_bootstrap=100), seed=3)


def _core(results, spec):
  return score(stack.stack_results(results), spec).tables


def test_alignment_cells_equal_scipy(toy_results):
  table = _core(toy_results, SPEC)['alignment']
  assert tuple(table) == alignment.COLUMNS
  assert len(table) == 2 * 9 * 2
  cells = table.set_index(['model', 'measure', 'signal'])
  frame = toy_results['toy', 'beta']
  for measure, sign in (('mc_choice_logprob', -1), ('mc_choice_entropy', 1)):
    cell = cells.loc[('beta', measure, 'human_mc_rt_combined')]
    known = frame['human_mc_rt_combined'].notna()
    expected = scipy.stats.spearmanr(
        sign * frame[measure][known], frame['human_mc_rt_combined'][known])
    assert cell['rho'] == pytest.approx(expected.statistic, abs=1e-12)
    assert cell['p_value'] == pytest.approx(expected.pvalue, rel=1e-9)
    assert cell['n'] == 39
    assert cell['ci_low'] < cell['rho'] < cell['ci_high']
  tests = table['p_value'].notna().sum()
  assert np.all(table['n_tests'] == tests)
  np.testing.assert_allclose(
      table['p_bonferroni'], np.minimum(table['p_value'] * tests, 1))


def test_constant_and_missing_measures_are_nan_with_n(toy_results):
  tables = _core(toy_results, SPEC)
  cells = tables['alignment'].set_index(['model', 'measure', 'signal'])
  for measure, n in (('mc_nucleus_size_0.5', 40), ('mc_choice_log_mass', 0)):
    cell = cells.loc[('alpha', measure, 'human_entropy')]
    assert cell[['rho', 'p_value', 'ci_low', 'ci_high', 'p_holm']].isna().all()
    assert cell['n'] == n
  found = tables['calibration'].query(
      "measure == 'mc_choice_log_mass' and model == 'alpha'")
  assert len(found) and found['value'].isna().all() and (found['n'] == 0).all()


def test_calibration_has_every_map_metric_and_grade(toy_results):
  table = _core(toy_results, SPEC)['calibration']
  assert tuple(table) == calibrated.COLUMNS
  assert not table.duplicated(list(calibrated.COLUMNS[:6])).any()
  cell = table.query(
      "model == 'alpha' and measure == 'mc_choice_entropy'").set_index(
          ['confidence_map', 'metric'])
  assert set(cell['correctness']) == {'correct'}
  frame = toy_results['toy', 'alpha']
  confidence = 1 - frame['mc_choice_entropy'].to_numpy()[None]
  correct = frame['correct'].to_numpy()[None]
  expected = errors.ece(errors.bin_sums(
      errors.width_bins(confidence, correct), confidence, correct))
  assert cell.loc[('paper', 'ece_width_l2'), 'value'] == pytest.approx(
      expected[0])
  for name in ('isotonic', 'platt'):
    assert np.isfinite(cell.loc[(name, 'brier'), 'value'])
  assert 0 <= cell.loc[('none', 'auroc'), 'value'] <= 1
  varentropy = table.query("measure == 'mc_varentropy'")
  assert set(varentropy['confidence_map']) == {'none', 'isotonic', 'platt'}
  free = table.query("measure == 'fr_total_entropy'")
  assert set(free['correctness']) == {'fr_correct'}
  assert set(free['n']) == {38}  # one grade and one value are missing


def test_reproduction_shows_the_papers_comparison_beside_the_right_one(
    toy_results):
  spec = StudySpec(
      analysis=AnalysisSpec(n_bootstrap=20), mode='reproduction', seed=3)
  table = _core(toy_results, spec)['calibration']
  free = table.query("measure == 'fr_total_entropy' and model == 'beta'")
  assert set(free['correctness']) == {'fr_correct', 'correct'}
  split = table.query("metric == 'ece_sweep_split_l2'")
  assert set(split['confidence_map']) == {'paper'}


def test_reliability_counts_every_item_once(toy_results):
  table = _core(toy_results, SPEC)['reliability']
  assert tuple(table) == reliability.COLUMNS
  totals = table.query("model == 'alpha' and measure == 'mc_choice_entropy'"
                       ).groupby(['confidence_map', 'binning'])['count'].sum()
  assert len(totals) == 9 and set(totals) == {40}


@pytest.mark.parametrize('n_bins', [4, 10])
def test_every_table_of_calibration_has_the_bins_asked_for(
    study_results, n_bins):
  results = study_results(['Aa_1B'])
  spec = dataclasses.replace(SPEC, analysis=dataclasses.replace(
      SPEC.analysis, n_bins=n_bins))
  stacks = stack.stack_results(results)
  scored = score(stacks, spec)
  tables = dict(scored.tables)
  analysis_run.make_all(
      analysis_run.questions(results, stacks, scored, spec), tables.update)
  width = tables['reliability'].query("binning == 'width'")
  assert width['bin'].nunique() == n_bins
  frame = results['coane', 'Aa_1B']
  confidence = 1 - frame['mc_choice_entropy'].to_numpy()
  correct = frame['correct'].to_numpy()
  alone = np.arange(len(frame))
  error = squared_error.squared_error(confidence, correct, alone, n_bins)
  wanted = "model == 'Aa_1B' and measure == 'mc_choice_entropy'"
  [row] = tables['scores'].query(
      f"{wanted} and outcome == 'calibration_error'").to_dict('records')
  assert row['value'] == pytest.approx(error.estimate)
  by_people = beyond_difficulty.calibration_by_people(
      [m for one in stacks for m in scores.model_items(one)],
      {'coane': None}, n_bins=n_bins)
  pd.testing.assert_frame_equal(tables['calibration_by_people'], by_people)
  other = beyond_difficulty.calibration_by_people(
      [m for one in stacks for m in scores.model_items(one)],
      {'coane': None}, n_bins=n_bins + 1)
  assert not by_people['ece'].equals(other['ece'])


@pytest.mark.parametrize('clusters', [False, True])
def test_claims_read_the_scores_own_draws(toy_results, clusters):
  """One correlation, one interval, whether a table or a claim shows it."""
  results = {key: frame.assign(cluster=[
      f'c{i // 2 if clusters else i}' for i in range(len(frame))])
             for key, frame in toy_results.items()}
  stacks = stack.stack_results(results)
  scored = score(stacks, SPEC)
  claimed = claims_table.claims(
      stacks, SPEC, drawn=scored.drawn, only={'aligned'})
  pd.testing.assert_frame_equal(
      claimed, claims_table.claims(stacks, SPEC, only={'aligned'}), rtol=1e-6)
  cells = scored.tables['alignment'].query(
      "measure == 'mc_choice_entropy' and signal == 'human_entropy'")
  for one, two in (('rho', 'estimate'), ('ci_low', 'low'), ('ci_high', 'high')):
    np.testing.assert_allclose(cells[one], claimed[two], rtol=1e-9)
  if clusters:
    np.testing.assert_allclose(cells['p_value'], claimed['p'], rtol=1e-9)
  moved = {name: dataclasses.replace(
      drawn, aligned=dataclasses.replace(
          drawn.aligned, rho_X=drawn.aligned.rho_X / 2))
           for name, drawn in scored.drawn.items()}
  half = claims_table.claims(stacks, SPEC, drawn=moved, only={'aligned'})
  np.testing.assert_allclose(half['estimate'], claimed['estimate'] / 2)


def test_a_model_reads_the_same_in_any_company(toy_results):
  both = _core(toy_results, SPEC)
  alone = _core(
      {('toy', 'alpha'): toy_results['toy', 'alpha']}, SPEC)
  for name in ('calibration', 'summary', 'items'):
    pd.testing.assert_frame_equal(
        both[name].query("model == 'alpha'").reset_index(drop=True)
        .sort_values(list(both[name].columns[:3]), kind='stable')
        .reset_index(drop=True),
        alone[name].sort_values(
            list(alone[name].columns[:3]), kind='stable')
        .reset_index(drop=True), rtol=1e-5, atol=1e-6)


def test_run_writes_all_tables_and_the_same_ones_twice(toy_results, tmp_path):
  for (dataset, model), frame in toy_results.items():
    shards.write_table(
        frame, tmp_path / 'results' / dataset / f'{model}.parquet')
  for out in ('one', 'two'):
    analysis_run.run(tmp_path, tmp_path / out, SPEC)
  names = {path.stem for path in (tmp_path / 'one').glob('*.parquet')}
  assert {'alignment', 'calibration', 'reliability', 'summary', 'items',
          'effects', 'joint'} <= names
  for name in names:
    pd.testing.assert_frame_equal(
        pd.read_parquet(tmp_path / 'one' / f'{name}.parquet'),
        pd.read_parquet(tmp_path / 'two' / f'{name}.parquet'))


def test_too_few_items_are_an_error_that_says_what_to_do(toy_results):
  few = {key: frame.iloc[:2] for key, frame in toy_results.items()}
  with pytest.raises(UserError, match='toy has results for 2 item'):
    _core(few, SPEC)


def test_no_results_are_an_error(tmp_path):
  with pytest.raises(UserError, match='no results under'):
    analysis_run.run(tmp_path, tmp_path / 'out', SPEC)


def test_results_without_people_or_grades_still_give_tables(toy_results):
  bare = {
      key: frame[['item_id', 'mc_choice_entropy', 'mc_choice_logprob']]
      for key, frame in toy_results.items()}
  tables = _core(bare, SPEC)
  assert len(tables['alignment']) == 0
  assert tuple(tables['calibration']) == calibrated.COLUMNS
  assert len(tables['items']) == 80


def test_statements_without_any_measure_still_give_tables(tmp_path):
  """As the task `statement` leaves them: read for activations only."""
  frame = pd.DataFrame({
      'item_id': [f'truth-cities-{i}' for i in range(8)],
      'question': 'Rome is in Italy.', 'prompt': 'Rome is in Italy.',
      'choices': [['true', 'false']] * 8, 'answer': [0.0, 1.0] * 4,
      'n_tokens': 5, 'model': 'small', 'dataset': 'truth', 'kind': 'base',
      'answer_format': 'statement'})
  shards.write_table(frame, tmp_path / 'results/truth/small.parquet')
  analysis_run.run(tmp_path, tmp_path / 'out', SPEC)
  names = {path.stem for path in (tmp_path / 'out').glob('*.parquet')}
  assert {'summary', 'size', 'effects', 'joint'} <= names
  assert pd.read_parquet(tmp_path / 'out/size.parquet').empty
  assert pd.read_parquet(tmp_path / 'out/claims.parquet').empty
  shards.write_table(pd.DataFrame({
      'model': 'small', 'dataset': 'truth', 'site': 'residual', 'layer': 3,
      'test': ['a', 'b', 'c', 'd'], 'n_topics': [2, 3, 4, 5], 'probe': 'lda',
      'accuracy': [.9, .8, .85, .9], 'n': 8}),
      tmp_path / 'analysis/truth_forward.parquet')
  analysis_run.run(tmp_path, tmp_path / 'out', SPEC)
  [claim] = pd.read_parquet(tmp_path / 'out/claims.parquet').to_dict('records')
  assert (claim['claim'], claim['model'], claim['verdict']) == (
      'truth_readable', 'small', 'supported')


def test_every_table_is_filled_and_finite_where_it_must_be(study_tables):
  for name, table in study_tables.items():
    # As the paper ran it, no factor changes alone and no confidence is stated;
    # nobody says which groups raters belong to, or what each choice got.
    assert len(table) or name in (
        'design_contrasts', 'stated_confidence', 'stated_unread',
        'rater_groups', 'sets', 'sets_by_group', 'abstention'), name
  assert study_tables['scores']['value'].notna().all()
  joint = study_tables['joint']
  assert len(joint) == 8 * 3 and joint['auroc'].between(0, 1).all()
  assert set(study_tables['choice_count']['stratum']) == {'all', 'K=3'}
  assert study_tables['combination']['model'].iloc[-1] == 'all models'
  # No counts: bounds, and no number between them.
  assert study_tables['ceiling']['reliability'].isna().all()
  assert (study_tables['ceiling']['high'] == 1).all()


def test_a_sweep_tells_tuning_from_prompt(study_results, analyse):
  forms = {'paper-chat': 'Q [INST] {', 'clean-chat': 'Q [INST]',
           'clean-completion': 'Q A:'}
  results = {}
  for variant, prompt in forms.items():
    for (dataset, name), frame in study_results(['Aa_1B', 'Aa_1B_Ins']).items():
      model = f'{name} ({variant})'
      results[dataset, model] = frame.assign(
          prompt=prompt, model=model, variant=variant)
  found = analyse(results)
  effects = found['effects']
  assert set(effects['variant']) == set(forms)
  assert (effects['n_pairs'] == 1).all()
  table = found['design_contrasts']
  table = table[(table['outcome'] == 'agreement')]
  assert sorted(zip(table['factor'], table['held'])) == [
      ('brace', 'base, chat'), ('brace', 'instruct, chat'),
      ('chat', 'base, no brace'), ('chat', 'instruct, no brace'),
      ('tuning', 'chat, brace'), ('tuning', 'chat, no brace'),
      ('tuning', 'completion, no brace')]
  # The same answers under every prompt: nothing but tuning differs.
  assert (table.loc[table['factor'] != 'tuning', 'difference'] == 0).all()


def test_equal_seeds_give_equal_tables(study_results, analyse):
  results = study_results(['Aa_1B', 'Aa_1B_Ins'])
  first, second = (analyse(results) for _ in range(2))
  for name in first:
    pd.testing.assert_frame_equal(first[name], second[name])


def test_two_models_that_are_no_pair(study_results, analyse):
  found = analyse(
      study_results(['Aa_1B', 'Bb_2B_Ins']))
  assert found['effects'].empty and found['effects_pairs'].empty
  assert len(found['joint']) == 6 and found['hierarchical'].empty


def test_one_model_without_people(study_results, analyse):
  frame = study_results(['Aa_1B'])['coane', 'Aa_1B']
  bare = frame[['item_id', 'mc_choice_entropy', 'correct', 'kind']]
  found = analyse({('mmlu', 'Aa_1B'): bare})
  assert set(found['scores']['outcome']) == {
      'auroc', 'calibration_error', 'brier', 'accuracy'}
  assert found['partial'].empty and found['ceiling'].empty


@pytest.mark.shared
def test_probe_results_alone(shared, tmp_path):
  name = 'coane_activations_10fold.parquet'
  (tmp_path / name).write_bytes((shared / 'published' / name).read_bytes())
  spec = StudySpec(
      analysis=AnalysisSpec(results_format='published'), mode='reproduction')
  analysis_run.run(tmp_path, tmp_path / 'out', spec)
  cells = pd.read_parquet(tmp_path / 'out' / 'cells.parquet')
  assert len(cells) == 9 * (184 + 92)
  assert set(cells['figure'].str.split('_').str[0]) == {'activations'}
  probes = pd.read_parquet(tmp_path / 'out' / 'probes_published.parquet')
  assert len(probes) == 184 * 3 * 11


def test_a_tie_whose_log_margin_is_infinite_is_analysed(
    study_results, analyse):
  results = study_results(['Aa_1B', 'Aa_1B_Ins'])
  for frame in results.values():
    frame['mc_choice_log_margin'] = -frame['mc_choice_entropy']
    frame.loc[frame.index[10], 'mc_choice_log_margin'] = -np.inf
  scores = analyse(results)['scores'].set_index(['outcome', 'measure'])
  n = scores.loc[('alignment:human_entropy', 'mc_choice_log_margin'), 'n']
  assert set(n) == {80, 75}
  tables = _core(results, SPEC)
  found = tables['calibration'].query("measure == 'mc_choice_log_margin'")
  platt = found.query("confidence_map == 'platt' and metric == 'brier'")
  assert platt['value'].between(0, .5).all()
