"""Words whose mean distance from what a model holds is known."""

import numpy as np
import pytest

from uncertainty.worlds import stated


@pytest.mark.parametrize('shift', [-0.3, 0.0, 0.2])
def test_words_are_tenths_and_lie_above_by_what_they_should(shift):
  rng = np.random.default_rng(1)
  held = rng.uniform(.25, .98, 200_000)
  found = stated.of_model(
      shift, held, held > .5, rng.normal(size=len(held)), rng)
  said = found['verbal_confidence']
  read = ~np.isnan(said)
  assert abs(read.mean() - .9) < .005
  np.testing.assert_allclose(10 * said[read], np.round(10 * said[read]))
  assert said[read].min() >= 0 and said[read].max() <= 1
  room = 1 - held if shift > 0 else held
  error = (said - held - shift * room)[read]
  assert abs(error.mean()) < 4 * error.std() / np.sqrt(len(error))
  assert error.std() > .1
  np.testing.assert_array_equal(found['verbal_correct'], held > .5)
