"""Steered worlds: what is planted is what the rows hold."""

import numpy as np
import pandas as pd

from uncertainty.results import columns
from uncertainty.results import steering_columns as cols
from uncertainty.worlds import steering


def test_rows_move_by_the_planted_slope_and_controls_around_none():
  n = 4000
  rng = np.random.default_rng(0)
  frame = pd.DataFrame({columns.ITEM_ID: [str(i) for i in range(n)],
                        columns.CHOICE_ENTROPY: rng.random(n)})
  how = steering.Steered(effect=.3, spread=.01, n_controls=40)
  rows = steering.rows(how, frame, rng.normal(size=(41, n)), rng)
  means = rows.groupby([cols.ALONG, cols.DOSE])[columns.CHOICE_ENTROPY].mean()
  slope = (means.xs(1.0, level=1) - means.xs(-1.0, level=1)) / 2
  assert abs(slope[steering.ALONG] - .3) < .03
  controls = slope.drop(steering.ALONG)
  assert len(controls) == 40 and abs(controls.mean()) < .005
  assert .006 < controls.std() < .015
  middle = means.groupby(level=0).mean() - frame[columns.CHOICE_ENTROPY].mean()
  np.testing.assert_allclose(middle, how.curve, atol=1e-9)
