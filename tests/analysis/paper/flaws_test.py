"""The flaws of the published results, by numbers."""

import numpy as np
import pytest

from uncertainty.analysis.paper import flaws
from uncertainty.analysis.scores import stack
from uncertainty.results import published


def test_prompt_forms_and_design(study_tables):
  forms = study_tables['prompt_forms'].set_index('model')
  assert forms.loc['Aa_1B_Ins', 'form'] == 'chat + brace'
  assert forms.loc['Aa_1B_Ins', 'ends_with_brace'] == 75
  assert forms.loc['Aa_1B', 'form'] == 'completion'
  assert forms.loc['Bb_2B_Ins', 'n_prompts'] == 80
  assert set(study_tables['design']['form']) == {'chat + brace', 'completion'}


def test_a_tuned_model_goes_back_to_the_base_that_its_results_state(
    analyse, study_results):
  results = study_results(['mistral-7b', 'foo-7b', 'zephyr_Ins'])
  # Its own name tells of no base, and its ending would tell of another.
  for (_, name), frame in results.items():
    frame['base'] = 'mistral-7b' if name == 'zephyr_Ins' else ''
  design = analyse(results)['design'].set_index('model')
  assert set(design.loc['zephyr_Ins', 'weights']) == {'mistral-7b'}
  assert set(design.loc['foo-7b', 'weights']) == {'foo-7b'}


def test_free_response_flaw_counts_which_definition_prints(study_tables):
  cells = study_tables['free_response_ece']
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
  cells = flaws.free_response_ece(
      stack.stack_results(found.frames))
  assert set(cells['model'].str.replace('_Ins', '')) == {
      'Falcon3_1B', 'Gemma2_2B', 'Llama_3.2_1B', 'Mistral_0.1'}
  assert cells['changes_print'].mean() > .9
