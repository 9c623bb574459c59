"""What claims share: people's entropy in draws of raters."""

import numpy as np
import pandas as pd
import pytest

from uncertainty.analysis.claims.study import ClaimStudy
from uncertainty.analysis.scores.stack import stack_results
from uncertainty.analysis.statistics import entropy, spearman_draws
from uncertainty.results import columns


@pytest.mark.parametrize('estimator', ['plain', 'dirichlet'])
def test_many_raters_leave_the_draws_of_items(estimator):
  # Items of 2 and of 6 choices: entropy is a share of each one's own ln K.
  rng = np.random.default_rng(0)
  n_choices_N = np.repeat([2, 6], 40)
  counts = [rng.multinomial(1_000_000, rng.dirichlet(np.ones(k)))
            for k in n_choices_N]
  padded_NC = np.array([np.pad(c, (0, 6 - len(c))) for c in counts])
  human_N = entropy.normalised(padded_NC, n_choices_N, estimator)
  frame = pd.DataFrame({
      columns.ITEM_ID: [f'i{i}' for i in range(80)],
      columns.N_CHOICES: n_choices_N,
      columns.HUMAN_SHARES: [c / c.sum() for c in counts],
      columns.HUMAN_COUNT: 1_000_000.0, columns.HUMAN_ENTROPY: human_N,
      columns.CHOICE_ENTROPY: human_N + rng.normal(scale=0.2, size=80)})
  study = ClaimStudy(
      stack_results({('d', 'm'): frame})[0], level=0.95, n_draws=50,
      n_bins=10, calibrated_below=0.1, seed=0, estimator=estimator)
  assert study.resamples_raters
  expected_MR = spearman_draws.bootstrap_spearman(
      study.uncertainty_MN, human_N[None], study.counts_NR)[:, 0]
  np.testing.assert_allclose(study.rho_MR, expected_MR, atol=0.02)
