"""The paper's own chapters show where they concern the run."""

import dataclasses

import pandas as pd
import pytest

from uncertainty.report.chapters import flaws


@pytest.fixture
def forms():
  return pd.DataFrame({
      'dataset': 'coane', 'model': ['A', 'B'], 'kind': ['base', 'instruct'],
      'n_prompts': 3, 'ends_with_brace': [0, 3], 'form': ['plain', 'chat']})


def test_flaws_concern_reproduction_and_the_papers_files_only(
    made, spec, forms):
  assert flaws.flaws(made(prompt_forms=forms), spec) is None
  files = made(prompt_forms=forms, cells=[{'figure': 'f'}])
  assert flaws.flaws(files, spec)
  chapter = flaws.flaws(
      made(prompt_forms=forms), dataclasses.replace(spec, mode='reproduction'))
  assert 'prompts of 1 of 2 models end with an opened brace' in '\n'.join(
      chapter.blocks)


def test_reproduction_counts_matches(made, spec):
  cells = pd.DataFrame({
      'figure': 'f', 'measure': 'm', 'model': 'A', 'value': [.1, .2],
      'p_value': [0.0, .5], 'n': 3})
  counts = pd.DataFrame({'figure': ['f'], 'printed': 2, 'match': 1,
                         'blanks': 0, 'blanks_right': 0})
  compare = pd.DataFrame({'figure': ['f', 'f'], 'status': ['match', 'differs'],
                          'value': [.1, .2]})
  page = '\n'.join(flaws.reproduction(
      made(cells=cells, compare_counts=counts, compare=compare), spec).blocks)
  assert '1 of 2 printed cells match' in page and 'Cells that differ' in page
