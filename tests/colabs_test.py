"""Notebooks run from top to bottom, and are committed without outputs."""

import json
import pathlib
import re

import pytest

_NOTEBOOKS = sorted(
    (pathlib.Path(__file__).parents[1] / 'colabs').glob('*.ipynb'))


@pytest.mark.parametrize('path', _NOTEBOOKS, ids=lambda p: p.stem)
def test_notebook_carries_no_outputs(path):
  for cell in json.loads(path.read_text())['cells']:
    assert not cell.get('outputs') and not cell.get('execution_count')


@pytest.mark.parametrize('path', _NOTEBOOKS, ids=lambda p: p.stem)
def test_notebook_installs_itself_in_colab(path):
  cells = [''.join(cell['source'])
           for cell in json.loads(path.read_text())['cells']]
  assert cells[0].startswith('# ')  # its badge: launch/links_test.py
  assert "if 'google.colab' in sys.modules:" in cells[1]
  extras = re.findall(r"'(demo\S*)'", cells[1])
  setup = (path.parents[1] / 'setup.py').read_text()
  assert extras and all(
      f"'{extra}'" in setup for some in extras for extra in some.split(','))
  assert 'jax.default_backend()' in cells[2]
  # What is installed is the package alone: no checkout lies beside it.
  assert not any('from configs' in cell for cell in cells)


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
