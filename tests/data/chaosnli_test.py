"""ChaosNLI: a hundred people's judgements."""

import numpy as np
import pytest

from uncertainty import data, human
from uncertainty.specs import DataSpec


@pytest.mark.shared
def test_has_a_hundred_judgements_an_item(shared, data_dir):
  items = data.load(DataSpec('chaosnli', manual_dir=str(shared / 'data'),
                             data_dir=data_dir))
  parts = {part: [i for i in items if i.group == part]
           for part in ('snli', 'mnli_m', 'alphanli')}
  assert {k: len(v) for k, v in parts.items()} == {
      'snli': 1514, 'mnli_m': 1599, 'alphanli': 1532}
  assert {i.human_count for i in items} == {100}
  assert {len(i.choices) for i in parts['alphanli']} == {2}
  # The README's own sample.
  sample = next(i for i in parts['snli']
                if i.item_id.endswith('193596775.jpg#3r1n'))
  assert sample.human_shares == (0.04, 0.67, 0.29)
  assert sample.choices == ('entailment', 'neutral', 'contradiction')
  assert sample.answer == 1
  assert human.entropy(sample.human_shares) * np.log2(3) == (
      pytest.approx(1.0907619435810212))
