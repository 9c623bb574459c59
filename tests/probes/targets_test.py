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


def test_what_is_no_number_or_has_no_logarithm_is_missing():
  frame = pd.DataFrame({
      'human_mc_rt_correct': [0.0, np.inf, 3.0, 9.0, 2.0],
      'human_entropy': [0.1, np.nan, 0.3, np.nan, np.nan],
      'human_mc_rt_combined': [1.0, np.nan, 2.0, 4.0, np.nan]},
      index=[3, 1, 4, 0, 5])
  known = targets.values(frame)
  # Two numbers are too few for a target, three are enough.
  assert list(known) == [
      'rt_correct', 'rt_combined', 'log_rt_correct', 'log_rt_combined']
  assert list(known.index) == [3, 1, 4, 0, 5]
  np.testing.assert_array_equal(known['rt_correct'], [0, np.nan, 3, 9, 2])
  np.testing.assert_allclose(
      known['log_rt_correct'], [np.nan, np.nan, *np.log([3, 9, 2])])
  np.testing.assert_allclose(
      known['log_rt_combined'], np.log(known['rt_combined']))
  assert frame['human_mc_rt_correct'].iloc[1] == np.inf  # left as it was
  assert list(targets.values(frame, ('rt_combined',))) == ['rt_combined']
  masks = [mask.tolist() for mask, _ in targets.by_missingness(known)]
  assert masks == [[True, False, True, True, True],
                   [True, False, True, True, False],
                   [False, False, True, True, True]]
