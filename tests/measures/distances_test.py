"""The table of distances is on the page, and names what analysis computes."""

import pathlib

from uncertainty.analysis.questions import summary
from uncertainty.measures import distances, ordinal


def test_the_page_holds_the_table():
  page = pathlib.Path(__file__).parents[2] / 'docs' / 'measures.md'
  assert distances.table() in page.read_text(encoding='utf-8')


def test_every_distance_is_a_function():
  assert set(distances.DISTANCES) == {
      summary.total_variation.__name__, summary.jensen_shannon.__name__,
      ordinal.wasserstein.__name__}
