"""The study's tables on made-up results: pairs, gaps, one model, flaws."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from uncertainty import specs
from uncertainty.analysis import study_tables
from uncertainty.analysis.paper import flaws
from uncertainty.analysis.questions import hierarchical
from uncertainty.analysis.scores import scores as study_scores
from uncertainty.results import published

SPEC = dataclasses.replace(specs.StudySpec(), analysis=dataclasses.replace(
    specs.StudySpec().analysis, n_bootstrap=60))
FAMILIES = ('Aa_1B', 'Aa_3B', 'Bb_2B', 'Bb_7B')


def _results(names, n_items=80, kinds=None):
  rng = np.random.default_rng(0)
  people = rng.random(n_items)
  shares = [[1 - .5 * h, .3 * h, .2 * h] for h in people]
  found = {}
  for i, name in enumerate(names):
    tuned = name.endswith('_Ins')
    follow = people + (.6 if tuned else .2) * rng.normal(size=n_items)
    found['coane', name] = pd.DataFrame({
        'item_id': [f'coane-{j}' for j in range(n_items)],
        'n_choices': 3, 'human_shares': shares, 'human_entropy': people,
        'human_mc_prop_correct': 1 - people + .1 * rng.normal(size=n_items),
        'human_mc_rt_combined': 1000 + 500 * people,
        'mc_choice_entropy': np.clip(follow, 0, 1),
        'mc_total_entropy': np.clip(
            people + .4 * rng.normal(size=n_items), 0, 1),
        'bracket_total_entropy': rng.random(n_items),
        'correct': (rng.random(n_items) > people).astype(float),
        'fr_correct': (rng.random(n_items) > .5).astype(float),
        'agrees': (rng.random(n_items) > .4).astype(float),
        'prompt': 'Q [INST] {' if tuned else 'Q A:',
        'kind': 'instruct' if tuned else 'base', 'model': name})
    if i == 1:  # one model lacks some items
      found['coane', name] = found['coane', name].iloc[5:]
  return found


@pytest.fixture(scope='module')
def tables():
  names = [m + end for m in FAMILIES for end in ('', '_Ins')]
  return study_tables.study_tables(_results(names), SPEC)


def test_instruct_effect_is_found_where_it_was_made(tables):
  table = tables['effects'].set_index(['outcome', 'measure'])
  made = table.loc['alignment:human_entropy', 'mc_choice_entropy']
  assert made['n_pairs'] == 4 and made['n_families'] == 2
  assert made['ci_high'] < 0 and made['rank_biserial'] == -1
  assert made['role'] == 'hypothesis' and made['n_tests'] == 5
  assert np.isfinite(made['p_holm']) and np.isnan(made['p_bh'])
  pairs = tables['effects_pairs']
  assert (pairs['difference'] == pairs['instruct_value']
          - pairs['base_value']).all()


def test_every_table_is_filled_and_finite_where_it_must_be(tables):
  for name, table in tables.items():
    # As the paper ran it, no factor changes alone and no confidence is stated.
    assert len(table) or name in (
        'design_contrasts', 'stated_confidence', 'stated_unread'), name
  assert tables['scores']['value'].notna().all()
  joint = tables['joint']
  assert len(joint) == 8 * 3 and joint['auroc'].between(0, 1).all()
  assert set(tables['choice_count']['stratum']) == {'all', 'K=3'}
  assert tables['combination']['model'].iloc[-1] == 'all models'
  assert tables['ceiling']['reliability'].between(0, 1).all()


def test_response_time_follows_hicks_law(tables):
  table = tables['response_time']
  best = table[(table['scale'] == 'ms') & (table['model'] == 'people')]
  row = best.set_index('form').loc['a + b·H(people)']
  np.testing.assert_allclose(row['b'], 500 / np.log2(3))
  np.testing.assert_allclose(row['r2'], 1)


def test_prompt_forms_and_design(tables):
  forms = tables['prompt_forms'].set_index('model')
  assert forms.loc['Aa_1B_Ins', 'form'] == 'chat + brace'
  assert forms.loc['Aa_1B_Ins', 'ends_with_brace'] == 75
  assert forms.loc['Aa_1B', 'form'] == 'completion'
  assert forms.loc['Bb_2B_Ins', 'n_prompts'] == 80
  assert set(tables['design']['form']) == {'chat + brace', 'completion'}


def test_a_sweep_tells_tuning_from_prompt():
  forms = {'paper-chat': 'Q [INST] {', 'clean-chat': 'Q [INST]',
           'clean-completion': 'Q A:'}
  results = {}
  for variant, prompt in forms.items():
    for (dataset, name), frame in _results(['Aa_1B', 'Aa_1B_Ins']).items():
      model = f'{name} ({variant})'
      results[dataset, model] = frame.assign(prompt=prompt, model=model)
  found = study_tables.study_tables(results, SPEC)
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


def test_equal_seeds_give_equal_tables():
  results = _results(['Aa_1B', 'Aa_1B_Ins'])
  first, second = (study_tables.study_tables(results, SPEC) for _ in range(2))
  for name in first:
    pd.testing.assert_frame_equal(first[name], second[name])


def test_two_models_that_are_no_pair():
  found = study_tables.study_tables(
      _results(['Aa_1B', 'Bb_2B_Ins']), SPEC)
  assert found['effects'].empty and found['effects_pairs'].empty
  assert len(found['joint']) == 6 and found['mixed'].empty


def test_one_model_without_people():
  frame = _results(['Aa_1B'])['coane', 'Aa_1B']
  bare = frame[['item_id', 'mc_choice_entropy', 'correct', 'kind']]
  found = study_tables.study_tables({('mmlu', 'Aa_1B'): bare}, SPEC)
  assert set(found['scores']['outcome']) == {'auroc', 'ece', 'accuracy'}
  assert found['partial'].empty and found['ceiling'].empty


def test_scores_against_their_definitions():
  results = _results(['Aa_1B'])
  found = study_scores.scores(study_scores.gather(results), 20)
  frame = results['coane', 'Aa_1B']
  by = {(s.outcome, s.measure): s for s in found}
  rho = frame['mc_choice_entropy'].corr(frame['human_entropy'], 'spearman')
  np.testing.assert_allclose(
      by['alignment:human_entropy', 'mc_choice_entropy'].value, rho)
  np.testing.assert_allclose(
      by['accuracy', ''].value, frame['correct'].mean())
  right = frame['fr_correct'] == 1
  u = frame['bracket_total_entropy'].to_numpy()
  auroc = np.mean(u[right][:, None] < u[~right])
  np.testing.assert_allclose(by['auroc', 'bracket_total_entropy'].value, auroc)
  for s in found:
    assert s.draws_R.shape == (20,) and np.isfinite(s.draws_R).all()


def test_mixed_model_equals_statsmodels_and_the_plain_difference(tables):
  table = tables['mixed'].set_index(['claim', 'term'])
  row = table.loc[
      'tuning changes alignment:human_entropy', 'instruct']
  np.testing.assert_allclose(row['estimate'], row['plain'], atol=1e-6)
  scores = tables['scores']
  value = scores[(scores['outcome'] == 'alignment:human_entropy')
                 & (scores['measure'] == 'mc_choice_entropy')]
  value = value.set_index('model')['value']
  d = np.mean([value[m + '_Ins'] - value[m] for m in FAMILIES])
  np.testing.assert_allclose(row['plain'], d)
  follow = table.loc['base models follow people', 'h']
  assert follow['ci_low'] < follow['plain'] < follow['ci_high']


def test_mixed_model_falls_back_where_a_variance_is_zero():
  rng = np.random.default_rng(1)
  long = pd.DataFrame({
      'y': rng.normal(size=40), 'x': np.tile([0., 1.], 20),
      'g': np.repeat([str(i) for i in range(20)], 2)})
  structures = (('g', 'g', None),)
  fit, random = hierarchical._fit(long, 'y ~ x', structures)
  assert random in ('g', 'none')
  plain = smf.ols('y ~ x', long).fit()
  np.testing.assert_allclose(fit.params['x'], plain.params['x'], atol=1e-6)


def test_free_response_flaw_counts_which_definition_prints(tables):
  cells = tables['free_response_ece']
  printed = cells[['figure', 'measure', 'model']].assign(
      value=cells['printed_choice'])
  row = flaws.free_response_summary(cells, printed).iloc[0]
  assert row['n_printed'] == row['reproduced_choice'] == len(cells) == 8
  assert row['reproduced_answer'] == 8 - row['n_changed']
  np.testing.assert_allclose(
      cells['change'], cells['against_answer'] - cells['against_choice'])


@pytest.mark.shared
def test_published_flaws(shared):
  found = published.read(shared / 'published')
  forms = flaws.prompt_forms(found.frames)
  tuned = forms['kind'] == 'instruct'
  assert (forms.loc[tuned, 'form'] == 'chat + brace').all()
  assert (forms.loc[~tuned, 'form'] == 'completion').all()
  cells = flaws.free_response_ece(found.frames)
  assert set(cells['model'].str.replace('_Ins', '')) == {
      'Falcon3_1B', 'Gemma2_2B', 'Llama_3.2_1B', 'Mistral_0.1'}
  assert cells['changes_print'].mean() > .9


@pytest.mark.shared
def test_probe_results_alone(shared, tmp_path):
  name = 'coane_activations_10fold.parquet'
  (tmp_path / name).write_bytes((shared / 'published' / name).read_bytes())
  source = published.read(tmp_path)
  assert not source.frames
  made = study_tables.reproduction_tables(source, tmp_path, SPEC)
  cells = made['cells']
  assert len(cells) == 9 * (184 + 92)
  assert set(cells['figure'].str.split('_').str[0]) == {'activations'}
  assert len(made['probes_published']) == 184 * 3 * 11
