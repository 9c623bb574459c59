"""The reliability of people, and what it caps."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from uncertainty.analysis.questions import noise_ceiling
from uncertainty.analysis.scores.scores import Score


def test_split_half_reliability_against_the_truth(model_items):
  rng = np.random.default_rng(9)
  q = rng.dirichlet([1.] * 4, size=600)
  shares = [rng.multinomial(40, row) / 40 for row in q]
  table = model_items(
      rng.random((1, 600)), human_shares=shares, human_count=[40.] * 600)
  found = noise_ceiling.ceilings([table], n_splits=20).iloc[0]
  again = np.stack([rng.multinomial(40, row) for row in q])
  first = np.stack([s * 40 for s in shares])
  retest = stats.spearmanr(
      noise_ceiling.entropies(first, np.full(600, 4)),
      noise_ceiling.entropies(again, np.full(600, 4))).statistic
  assert abs(found['reliability'] - retest) < .04
  assert found['count_source'] == 'given' and found['people'] == 40
  assert found['ceiling'] == pytest.approx(np.sqrt(found['reliability']))


@pytest.mark.parametrize('shares, n', [
    ([.02, .061, 0., .92], 49), ([.5, .5], 2), ([.25, .25, .5], 4),
    ([0., 1., 0.], 0), ([.33, .67], 3)])
def test_smallest_count(shares, n):
  assert noise_ceiling.smallest_count(np.array(shares)) == n


def test_correction_divides_by_the_ceiling():
  score = Score('d', 'M', 'alignment:human_entropy', 'mc_x', .4, .01, 9,
                np.linspace(.3, .5, 101))
  top = pd.DataFrame({'dataset': ['d'], 'ceiling': [.8]})
  row = noise_ceiling.corrected([score], top, .9).iloc[0]
  np.testing.assert_allclose(row['corrected_rho'], .5)
  np.testing.assert_allclose([row['ci_low'], row['ci_high']],
                             [.31 / .8, .49 / .8])
