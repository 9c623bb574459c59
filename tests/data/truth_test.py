"""Truth: topics, polarities and languages."""

import pytest

from uncertainty import data
from uncertainty.specs import DataSpec


@pytest.mark.shared
def test_has_six_topics_in_two_polarities_and_languages(
    shared, data_dir, truth_topics):
  items = data.load(DataSpec('truth', manual_dir=str(shared / 'data'),
                             data_dir=data_dir))
  cells = {(i.group, i.extra['polarity'], i.extra['language']) for i in items}
  assert cells == {(t, p, l) for t in truth_topics for p in (1, -1)
                   for l in ('en', 'de')}
  by_text = {i.question: i for i in items}
  assert by_text['The city of Krasnodar is in Russia.'].answer == 0
  assert by_text['The city of Krasnodar is in South Africa.'].answer == 1
