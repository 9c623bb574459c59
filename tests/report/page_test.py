"""The page: its chapters, self-contained, whole or as it was before."""

import errno

import pandas as pd
import pytest

from uncertainty.report import page
from uncertainty.report.chapters import order
from uncertainty.types import UserError


@pytest.fixture
def workdir(tmp_path, alignment_cells, calibration_cells):
  folder = tmp_path / 'analysis'
  folder.mkdir()
  summary = pd.DataFrame({
      'model': ['A'], 'dataset': 'coane', 'n_items': 40,
      'statistic': 'accuracy', 'value': .5, 'ci_low': .4, 'ci_high': .6})
  for name, table in (('alignment', alignment_cells), ('summary', summary),
                      ('calibration', calibration_cells)):
    table.to_parquet(folder / f'{name}.parquet')
  return tmp_path


def test_page_has_the_chapters_that_have_something_to_say(workdir, spec):
  said = page.write(workdir, spec)
  text = (workdir / 'report/index.html').read_text(encoding='utf-8')
  there = [c for c in order.CHAPTERS if f'<section id="{c}">' in text]
  assert there == ['summary', 'alignment', 'calibration', 'cells', 'methods']
  assert 'http://' not in text and 'src="http' not in text
  assert '.RdBu0{' in text and 'drawHeatmap' in text
  assert said.splitlines()[-1] == f'Report: {workdir / "report/index.html"}'
  assert 'alignment ρ, choice entropy' in said


def test_a_full_disk_leaves_the_page_that_was(workdir, spec, monkeypatch):
  page.write(workdir, spec)
  before = (workdir / 'report/index.html').read_bytes()

  def full(_):
    raise OSError(errno.ENOSPC, 'no space')

  monkeypatch.setattr('os.fsync', full)
  with pytest.raises(UserError, match='the disk is full'):
    page.write(workdir, spec)
  assert (workdir / 'report/index.html').read_bytes() == before
  assert not list(workdir.rglob('*.partial'))
