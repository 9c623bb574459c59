"""The page in a browser: a small study, opened from disk in Chromium."""

import json
import os
import pathlib
import re
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest

from uncertainty import report
from uncertainty.analysis import run as analysis_run
from uncertainty.specs import AnalysisSpec, StudySpec
from uncertainty.worlds import generator

pytestmark = pytest.mark.browser

_FOLDER = pathlib.Path(__file__).parent / 'browser'
_CHECKS = _FOLDER / 'checks.mjs'
_NAMES = [name for path in (_CHECKS, _FOLDER / 'explore.mjs')
          for name in re.findall(
              r'^  async (\w+)\(\)', path.read_text(encoding='utf-8'),
              re.MULTILINE)]
_SECONDS = 900  # after which they hang


def _told(n_items: int) -> dict:
  """What a model read and wrote, alike in each row but for its words."""
  steps = np.tile(np.log(np.array(
      [.5, .2, .1, .08, .06, .04], np.float32)), 3)
  return {
      # One that a spreadsheet would take for a formula.
      'question': [f'{"=" * (i == n_items - 1)}Which is the {i}th?'
                   for i in range(n_items)],
      'answer_text': '', 'group': '', 'answer_format': 'letters',
      'prompt': [f'<s>[INST] Choose.\n{i}: [/INST]' for i in range(n_items)],
      'fr_answer': 'one </script>',
      'fr_tokens': [['one', ' </script>', '\n']] * n_items,
      'fr_token_ids': [[7, 3, 2]] * n_items,
      'fr_step_top_tokens': [[7, 3, 4, 5, 6, 8] * 3] * n_items,
      'fr_step_top_logprobs': [steps] * n_items,
      'fr_step_rest_logprob': [np.log([.02] * 3)] * n_items,
      'sample_answers': [['one', 'One', 'two']] * n_items,
      'semantic_clusters': [[0, 0, 1]] * n_items,
      'verbal_confidence': .9, 'verbal_text': 'I am 90 % sure.'}


@pytest.fixture(scope='module')
def study(tmp_path_factory):
  """Two families' base and instruct models on items of a made-up world."""
  workdir = tmp_path_factory.mktemp('study')
  spec = StudySpec(analysis=AnalysisSpec(n_bootstrap=40))
  made = generator.simulate(
      generator.World(n_items=120, families=(1, 1),
                      alignment=generator.Effects(.5)), seed=0)
  names = made.models.names
  for m, ((dataset, name), frame) in enumerate(made.frames.items()):
    folder = workdir / 'results' / dataset
    folder.mkdir(parents=True, exist_ok=True)
    tuned = bool(made.models.tuned_M[m])
    frame.assign(**_told(len(frame)), size=1.0 + m, base=names[m - 1] * tuned,
                 family=f'Family {made.models.family_M[m]}').to_parquet(
                     folder / f'{name}.parquet')
  analysis_run.run(workdir, workdir / 'analysis', spec)
  report.write(workdir, spec)
  return workdir


@pytest.fixture(scope='module')
def said(study):
  """Check → None, or what is wrong."""
  items = pd.read_parquet(study / 'analysis' / 'items.parquet')
  chromium = shutil.which('chromium')
  run = subprocess.run(
      ['node', str(_CHECKS), str(study / 'report'), 'world',
       str(items['item_id'].iloc[0])],
      env=os.environ | {'CHROMIUM': chromium or ''}, capture_output=True,
      text=True, timeout=_SECONDS)
  assert run.returncode == 0, run.stderr
  return json.loads(run.stdout)


@pytest.mark.parametrize('check', _NAMES)
def test_in_chromium(said, check):
  assert said[check] is None
