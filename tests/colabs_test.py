"""Notebooks run from top to bottom, and are committed without outputs."""

import json
import pathlib

import pytest

_NOTEBOOKS = sorted(
    (pathlib.Path(__file__).parents[1] / 'colabs').glob('*.ipynb'))


@pytest.mark.parametrize('path', _NOTEBOOKS, ids=lambda p: p.stem)
def test_notebook_carries_no_outputs(path):
  for cell in json.loads(path.read_text())['cells']:
    assert not cell.get('outputs') and not cell.get('execution_count')


@pytest.mark.colab
@pytest.mark.weights
@pytest.mark.parametrize('path', _NOTEBOOKS, ids=lambda p: p.stem)
def test_notebook_runs(path):
  import nbclient
  import nbformat
  notebook = nbformat.read(path, as_version=4)
  nbclient.NotebookClient(
      notebook, timeout=300, kernel_name='python3',
      resources={'metadata': {'path': str(path.parent)}}).execute()
