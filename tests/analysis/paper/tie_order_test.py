"""The order of ties on the machine of the paper."""

import numpy as np

from uncertainty.analysis.paper import tie_order


def test_avx2_orders_sort_or_say_that_there_is_no_avx2():
  values = np.round(np.random.default_rng(7).random(300), 1)
  orders = tie_order.avx2_orders([values, -values])
  if orders is not None:
    for given, order in zip((values, -values), orders):
      assert sorted(order) == list(range(300))
      assert np.all(np.diff(given[order]) >= 0)
