"""REPRODUCTION.md: every section from its tables, none without."""

import importlib.util
import pathlib

import numpy as np
import pandas as pd
import pytest

from uncertainty.types import UserError

_PATH = pathlib.Path(__file__).parents[2] / 'launch' / 'reproduction.py'
_SPEC = importlib.util.spec_from_file_location('reproduction', _PATH)
assert _SPEC and _SPEC.loader
reproduction = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(reproduction)


def _cells():
  return pd.DataFrame({
      'figure': ['ece_x_width', 'activations_coane_a_r2'],
      'measure': ['m', 'layer_0'], 'model': 'A', 'value': [.5, .1],
      'p_value': np.nan, 'n': 3, 'shown': True, 'printed': [.5, .1],
      'tie_free': True})


def test_page_says_what_matches_and_what_differs(tmp_path, write_analysis):
  write_analysis(
      tmp_path, cells=_cells(),
      compare_counts=pd.DataFrame({
          'figure': ['ece_x_width'], 'part': 'models', 'printed': 3,
          'match': 2, 'differs': 1, 'blanks': 4, 'blanks_right': 4,
          'tie_free': 3, 'tie_free_match': 2, 'fewer_pairs': 0}),
      compare=pd.DataFrame({
          'figure': 'ece_x_width', 'measure': ['m', 'k'], 'model': 'A|B',
          'status': ['differs', 'match'], 'printed_there': [.25, .5],
          'printed': [.2, .5], 'value': [.2, .5], 'p_value': np.nan, 'n': 3,
          'tie_free': [False, True]}))
  text = reproduction.page(tmp_path)
  assert '**2 of 3 printed cells match, and 4 of 4 blank cells' in text
  assert ('| ece_x_width | m | A\\|B | differs | 0.250 | 0.200 | False |'
          in text)
  assert '| ece_x_width | k |' not in text
  assert '0 heatmaps and 1 probe curves' in text
  assert 'workdir=DIR\n' in text
  assert '--workdir=DIR --x=1\n' in reproduction.page(tmp_path, '--x=1')
  assert '## Two flaws' not in text and '## Instruction' not in text


def test_flaws_say_which_definition_prints(tmp_path, write_analysis):
  flaw = pd.DataFrame({
      'dataset': ['coane'], 'n_cells': 8, 'n_changed': 7,
      'mean_abs_change': .1, 'largest_change': .3, 'mean_choice': .2,
      'mean_answer': .25, 'rank_correlation': .5, 'n_printed': 8,
      'reproduced_choice': 8, 'reproduced_answer': 1})
  write_analysis(tmp_path, cells=_cells(), free_response_flaw=flaw)
  text = reproduction.page(tmp_path)
  assert '7 of 8 cells of coane change in print' in text
  assert '8 of 8 printed cells reproduce under the first definition' in text


def test_sound_section_counts_changed_cells(tmp_path, write_analysis):
  both = pd.DataFrame({
      'figure': 'ece_x_sweep', 'printed_reproduction': [.1, .2, np.nan],
      'printed_sound': [.1, .25, .3]})
  write_analysis(tmp_path, cells=_cells(), cells_by_mode=both)
  assert '| ece_x_sweep | 2 | 1 | 0.025 |' in reproduction.page(tmp_path)


def test_no_cells_is_an_error_with_a_remedy(tmp_path, capsys, write_analysis):
  write_analysis(tmp_path, scores=pd.DataFrame({'a': [1]}))
  with pytest.raises(UserError, match='configs/published.py'):
    reproduction.page(tmp_path)
  out = tmp_path / 'R.md'
  assert reproduction.main([f'--workdir={tmp_path}', f'--out={out}']) == 2
  assert 'error: ' in capsys.readouterr().err and not out.exists()
