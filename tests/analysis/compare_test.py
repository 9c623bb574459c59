"""Two runs beside each other: what changed, and paired differences."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

from uncertainty import notebook, study
from uncertainty.analysis import compare
from uncertainty.analysis.claims import table
from uncertainty.errors import UserError
from uncertainty.specs import AnalysisSpec, StudySpec
from uncertainty.worlds import generator

_SPEC = StudySpec(analysis=AnalysisSpec(n_bootstrap=200))


@pytest.fixture(scope='module')
def frames():
  """(dataset, model) → results of a simulated study."""
  world = generator.World(
      n_items=300, families=(1, 1), alignment=generator.Effects(0.6))
  return {key: frame.assign(question='What is ' + frame['item_id'])
          for key, frame in generator.simulate(world, seed=0).frames.items()}


def _write(place, frames, manifest=None):
  for (dataset, model), frame in frames.items():
    path = place / 'results' / dataset / f'{model}.parquet'
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.to_parquet(path)
  (place / 'manifest.json').write_text(json.dumps(manifest or {}))
  return place


def _of(found, claim):
  return found.differences.set_index(['claim', 'model']).loc[claim]


def _noisy(frame):
  """A model that answers at random, as sure as it was."""
  rng = np.random.default_rng(0)
  logprobs = [rng.permutation(np.asarray(x))
              for x in frame['choice_logprobs']]
  prediction = np.array([x.argmax() for x in logprobs], float)
  return frame.assign(
      choice_logprobs=logprobs, prediction=prediction,
      correct=(prediction == frame['answer']).astype(float))


def test_a_run_differs_from_itself_by_nothing(tmp_path, frames):
  place = _write(tmp_path / 'a', frames)
  found = compare.compare(place, place, _SPEC)
  assert not len(found.changes)
  assert len(found.differences) == 5 * len(frames)
  assert found.differences['difference'].eq(0).all()
  assert set(found.differences['verdict']) == {'no difference'}


def test_no_difference_is_said_of_equal_runs_alone():
  """0 with an interval from −.3 to .3 tells nothing."""
  assert compare.verdict(1.0, 0.0, 0.3, 0.05) == 'cannot tell'
  assert compare.verdict(1.0, 0.0, 0.0, 0.05) == 'no difference'
  assert compare.verdict(float('nan'), 0.0, float('nan'), 0.05) == (
      'no difference')
  assert compare.verdict(0.01, -0.2, -0.1, 0.05) == 'lower'


def test_estimates_are_those_of_the_claims(tmp_path, frames):
  place = _write(tmp_path / 'a', frames)
  found = compare.compare(place, place, _SPEC)
  claims = table.claims(frames, _SPEC).set_index(['claim', 'model'])
  for model in {m for _, m in frames}:
    for claim in ('aligned', 'sure_and_right', 'surest_fifth'):
      assert _of(found, claim).loc[model, 'first_run'] == pytest.approx(
          claims.loc[(claim, model), 'estimate'], abs=1e-9)
    assert max(_of(found, 'calibrated').loc[model, 'first_run'], 0) == (
        pytest.approx(claims.loc[('calibrated', model), 'estimate'] ** 2))


def test_a_worse_model_is_found_worse_with_a_paired_interval(tmp_path, frames):
  (key, frame), *_ = frames.items()
  found = compare.compare(
      _write(tmp_path / 'a', {key: frame}),
      _write(tmp_path / 'b', {(key[0], 'other'): _noisy(frame)}), _SPEC)
  row = _of(found, 'correct').iloc[0]
  assert _of(found, 'correct').index[0] == f'{key[1]} → other'
  gained = _noisy(frame)['correct'] - frame['correct']
  assert row['difference'] == pytest.approx(gained.mean())
  reach = 1.968 * gained.std(ddof=1) / np.sqrt(len(gained))  # t of 299
  assert row['low'] == pytest.approx(gained.mean() - reach, abs=2e-3)
  assert row['verdict'] == 'lower'
  # The same entropies against the same people: alignment stays.
  assert _of(found, 'aligned').iloc[0]['difference'] == pytest.approx(0)


def test_the_interval_of_an_auroc_is_that_of_its_resamples(tmp_path, frames):
  (key, frame), *_ = frames.items()
  other = frame.sample(frac=1, random_state=1)['correct'].to_numpy()
  changed = frame.assign(correct=np.where(
      np.arange(len(frame)) % 3 == 0, other, frame['correct']))
  found = compare.compare(
      _write(tmp_path / 'a', {key: frame}),
      _write(tmp_path / 'b', {key: changed}), _SPEC)
  row = _of(found, 'sure_and_right').iloc[0]

  def auroc(x, right):
    below = (x[right][:, None] < x[~right]) + 0.5 * (
        x[right][:, None] == x[~right])
    return below.mean()

  rng, x = np.random.default_rng(0), frame['mc_choice_entropy'].to_numpy()
  draws = []
  for _ in range(400):
    i = rng.integers(0, len(x), len(x))
    draws.append(auroc(x[i], changed['correct'].to_numpy()[i] > .5)
                 - auroc(x[i], frame['correct'].to_numpy()[i] > .5))
  assert row['high'] - row['low'] == pytest.approx(
      2 * 1.97 * np.std(draws), rel=0.15)


def test_what_changed_is_named(tmp_path, frames):
  (key, frame), *_ = frames.items()

  def manifest(seed, weights):
    spec = dataclasses.asdict(dataclasses.replace(StudySpec(), seed=seed))
    return {'config': spec, 'packages': {'jax': '1'},
            'models': {key[1]: {
                'source': 's', 'fingerprint': 'f', 'kind': 'base',
                'family': 'llama',
                'identity': {'weights': weights, 'config': 'c'}}}}

  edited = frame.assign(question=frame['question'].mask(
      frame.index < 5, 'another?')).iloc[:-7]
  found = compare.compare(
      _write(tmp_path / 'a', {key: frame}, manifest(0, 'x')),
      _write(tmp_path / 'b', {key: edited}, manifest(3, 'y')), _SPEC)
  said = {tuple(row) for row in found.changes.to_numpy()}
  n = len(frame)
  assert {('config', 'seed', '0', '3'),
          ('model', f'{key[1]}: weights', 'x', 'y'),
          ('data', f'{key[0]}: items', str(n), str(n - 7)),
          ('data', f'{key[0]}: items edited since', '0', '5')} <= said
  assert 'config seed: 0 → 3' in str(found)
  small = dataclasses.replace(
      found, differences=found.differences.assign(p=.5, p_corrected=[
          1e-9, *[.25] * (len(found.differences) - 1)]))
  assert '< 0.001' in str(small) and '0.250' in str(small)
  assert set(found.differences['n_items']) == {n - 12}


def test_by_config_and_from_a_notebook(tmp_path, frames, capsys):
  a = _write(tmp_path / 'a', frames)
  b = _write(tmp_path / 'b', {k: _noisy(f) for k, f in frames.items()})
  spec = dataclasses.replace(_SPEC, mode='compare', results_dir=f'{a},{b}')
  study.run(spec, tmp_path / 'out', ['score', 'probe', 'analyze', 'report'])
  said = capsys.readouterr().out
  assert f'first run:  {a}\nsecond run: {b}\n' in said
  assert 'changed from the first to the second:\n  nothing' in said
  assert 'accuracy, surest less least sure fifth' in said
  assert '95% interval' in said and 'nan' not in said.lower()
  assert f'Tables: {tmp_path}/out/analysis/changes.parquet' in said
  written = pd.read_parquet(tmp_path / 'out/analysis/differences.parquet')
  made = notebook.compare(a, b, **{'analysis.n_bootstrap': 200})
  pd.testing.assert_frame_equal(written, made.differences)


def test_what_cannot_be_compared_is_said(tmp_path, frames):
  a = _write(tmp_path / 'a', frames)
  other = {('elsewhere', m): f for (_, m), f in frames.items()}
  with pytest.raises(UserError, match='no model on a common data set'):
    compare.compare(a, _write(tmp_path / 'b', other), _SPEC)
  others = {key: f.assign(item_id='x' + f['item_id'])
            for key, f in frames.items()}
  with pytest.raises(UserError, match='asked no item alike'):
    compare.compare(a, _write(tmp_path / 'c', others), _SPEC)
  for given in (None, str(a)):
    spec = dataclasses.replace(_SPEC, mode='compare', results_dir=given)
    with pytest.raises(UserError, match='WORKDIR_A,WORKDIR_B'):
      study.run(spec, tmp_path / 'out', ['analyze'])
