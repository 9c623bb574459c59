"""Stated confidence against what models hold and get right."""

import numpy as np
import pytest
import scipy.stats

from uncertainty import specs
from uncertainty.analysis.claims import table
from uncertainty.results import columns
from uncertainty.worlds import generator

SPEC = specs.StudySpec(analysis=specs.AnalysisSpec(n_bootstrap=20))


def _frames(**changes):
  world = generator.World(n_items=200, families=(1,), stated=0.2, **changes)
  return generator.simulate(world, seed=3, all_measures=False).frames


def _claims(frames):
  found = table.claims(frames, SPEC, only={'stated_gap', 'overclaimed'})
  return found.set_index(['claim', 'model'])


def _held(frame):
  logprobs = np.array(frame[columns.CHOICE_LOGPROBS].tolist())
  p = np.exp(logprobs)
  return p.max(1) / p.sum(1)


@pytest.mark.parametrize('claim', ['stated_gap', 'overclaimed'])
def test_mean_interval_and_p_are_scipys(claim):
  frames = _frames()
  found = _claims(frames)
  for (_, model), frame in frames.items():
    against = _held(frame) if claim == 'stated_gap' else frame['verbal_correct']
    gap = (frame['verbal_confidence'] - against).dropna()
    assert 100 < len(gap) < 200
    expected = scipy.stats.ttest_1samp(gap, 0)
    row = found.loc[claim, model]
    assert row['n_items'] == len(gap)
    # Near a half of the answers are right: Wilson's ends are as Student's.
    close = {'rtol': 1e-6} if claim == 'stated_gap' else {'atol': 4e-3}
    np.testing.assert_allclose(
        [row['estimate'], row['low'], row['high']],
        [gap.mean(), *expected.confidence_interval(.95)], **close)
    assert row['p'] == pytest.approx(expected.pvalue, rel=1e-6) or (
        claim == 'overclaimed' and row['p'] > expected.pvalue)


def test_few_wrong_answers_make_no_false_claim():
  """Stated .95 or 1 and right as often: the mean's own t is false at .07."""
  rng = np.random.default_rng(0)
  n_models, n_items = 300, 421
  base = next(iter(generator.simulate(
      generator.World(n_items=n_items, families=(1,), stated=0.2), seed=0,
      all_measures=False).frames.values()))
  frames, plain = {}, []
  for m in range(n_models):
    stated = rng.choice([.95, 1.0], n_items)
    right = (rng.random(n_items) < stated).astype(float)
    frames['d', f'm{m}'] = base.assign(
        verbal_confidence=stated, verbal_correct=right)
    plain.append(scipy.stats.ttest_1samp(stated - right, 0).pvalue)
  found = table.claims(frames, SPEC, only={'overclaimed'})
  told = found['p'].notna().to_numpy()
  assert 0.4 < told.mean() < 0.8  # ten wrong answers or more
  assert (found['p'] < .005).sum() <= 4  # 1.5 expected of an exact test
  assert np.mean(np.array(plain) < .005) > .01
  covered = (found['low'] <= 0) & (found['high'] >= 0)
  assert covered[told].mean() > .95 - 3 * np.sqrt(.05 * .95 / told.sum())


def test_a_few_items_far_off_make_no_false_claim():
  """One in 50 is .49 above the others, which are .01 below: false at .01."""
  rng = np.random.default_rng(0)
  base = next(iter(generator.simulate(
      generator.World(n_items=421, families=(1,), stated=0.2), seed=0,
      all_measures=False).frames.values()))
  held, frames, plain = _held(base), {}, []
  for m in range(300):
    gap = np.where(rng.random(421) < .02, .49, -.01)
    frames['d', f'm{m}'] = base.assign(verbal_confidence=held + gap)
    plain.append(scipy.stats.ttest_1samp(gap, 0).pvalue)
  found = table.claims(frames, SPEC, only={'stated_gap'})
  assert np.mean(np.array(plain) < .005) > .01
  told = found['p'].notna()
  assert (found.loc[~told, 'verdict'] == 'too little data').all()
  assert told.any() and (found['p'] < .005).sum() <= 4


def test_a_cluster_counts_once():
  frames = _frames()
  many = {key: frame.loc[frame.index.repeat(4)].reset_index(drop=True).assign(
      item_id=[f'{i}' for i in range(800)],
      cluster=[f'{i // 4}' for i in range(800)])
          for key, frame in frames.items()}
  once, often = _claims(frames), _claims(many)
  for column in ('estimate', 'low', 'high', 'p'):
    np.testing.assert_allclose(once[column], often[column], rtol=1e-9)


def test_what_was_not_asked_or_not_read_is_no_claim_or_too_little():
  frames = _frames()
  assert not len(_claims({key: frame.drop(columns='verbal_confidence')
                          for key, frame in frames.items()}))
  few = {key: frame.assign(verbal_confidence=frame['verbal_confidence'].where(
      frame.index < 5)) for key, frame in frames.items()}
  assert set(_claims(few)['verdict']) == {'too little data'}


def test_sentences_say_what_the_numbers_do():
  found = _claims(_frames(gap=generator.Effects(0.1)))
  assert (found['estimate'] > 0).all()
  assert set(found['verdict']) == {'supported'}
  assert found['sentence'].str.contains(
      "states more confidence than its choices' probabilities hold|"
      'states more confidence than its answers bear out').all()
