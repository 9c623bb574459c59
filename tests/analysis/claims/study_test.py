"""What claims share: draws of items with the people asked about them."""

import numpy as np
import pandas as pd
import pytest

from uncertainty.analysis.claims import table
from uncertainty.analysis.claims.study import ClaimStudy
from uncertainty.analysis.scores.stack import stack_results
from uncertainty.analysis.statistics import entropy
from uncertainty.results import columns

_ITEMS, _RATERS = 120, 5


def _study(rng: np.random.Generator, seed: int) -> ClaimStudy:
  """Few people's answers, and a model that knows how people are divided."""
  p_NC = rng.dirichlet(np.full(4, .5), _ITEMS)
  counts_NC = rng.multinomial(_RATERS, p_NC)
  k_N = np.full(_ITEMS, 4)
  frame = pd.DataFrame({
      columns.ITEM_ID: [f'i{i}' for i in range(_ITEMS)],
      columns.N_CHOICES: k_N,
      columns.HUMAN_SHARES: list(counts_NC / _RATERS),
      columns.HUMAN_COUNT: float(_RATERS),
      columns.HUMAN_ENTROPY: entropy.normalised(counts_NC, k_N, 'plain'),
      columns.CHOICE_ENTROPY: entropy.normalised(
          1e6 * p_NC, k_N, 'plain') + rng.normal(scale=.3, size=_ITEMS)})
  return ClaimStudy(
      stack_results({('d', 'm'): frame})[0], level=.95, n_draws=60, n_bins=10,
      calibrated_below=.1, seed=seed)


def test_draws_hold_the_noise_of_people_once():
  """People come with their items; drawn again, they would count twice."""
  rng = np.random.default_rng(0)
  studies = [_study(rng, seed) for seed in range(300)]
  seen = np.std([s.aligned_M.rho_X[0] for s in studies], ddof=1)
  told = np.sqrt(np.mean([
      s.aligned_M.draws_XR[0].var(ddof=1) for s in studies]))
  # The error of `seen` is 4 %; people drawn twice give .107 for .086.
  np.testing.assert_allclose(told, seen, rtol=.08)


@pytest.mark.parametrize('all_choices', [True, False])
def test_mass_outside_the_choices_changes_no_calibration(
    small_frames, spec, all_choices):
  """Confidence is over the choices, not the mass that their letters have."""
  rng = np.random.default_rng(0)

  def with_mass(frame, log_mass_N):
    choices = [logs + log_mass for logs, log_mass in zip(
        frame[columns.CHOICE_LOGPROBS], log_mass_N, strict=True)]
    changed = frame.assign(**{
        columns.CHOICE_LOGPROBS: choices,
        columns.CHOICE_LOGPROB: [logs.max() for logs in choices],
        columns.CHOICE_LOG_MASS: log_mass_N})
    return (changed if all_choices
            else changed.drop(columns=columns.CHOICE_LOGPROBS))

  whole, little = (
      table.claims({
          key: with_mass(frame, np.log(rng.uniform(least, 1, len(frame))))
          for key, frame in small_frames.items()},
          spec, ('calibrated', 'calibration_difference'))
      for least in (1, .1))
  assert whole['estimate'].notna().all()
  assert set(whole['claim']) == {'calibrated', 'calibration_difference'}
  pd.testing.assert_frame_equal(little, whole)
