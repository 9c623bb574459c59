"""What a probe is asked to read out."""

import numpy as np
import pandas as pd

from uncertainty.probes import targets


def test_targets_are_grouped_by_the_items_that_know_them():
  frame = pd.DataFrame({
      'human_entropy': [0.1, 0.2, 0.3, 0.4],
      'human_mc_rt_correct': [1.0, np.nan, 3.0, 9.0],
      'correct': [1.0, 1.0, 1.0, 1.0]})
  known = targets.values(frame)
  assert list(known) == ['human_entropy', 'rt_correct', 'log_rt_correct']
  np.testing.assert_allclose(known['log_rt_correct'].iloc[2], np.log(3))
  assert [names for _, names in targets.by_missingness(known)] == [
      ['human_entropy'], ['rt_correct', 'log_rt_correct']]
