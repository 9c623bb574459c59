"""The paper's probe results in our form."""

import pandas as pd
import pytest

from uncertainty.probes import published
from uncertainty.types import UserError


@pytest.mark.shared
def test_reads_the_published_file(shared):
  path = shared / 'published' / 'coane_activations_10fold.parquet'
  table = published.read(path)
  assert table['model'].nunique() == 8
  row = table[(table['model'] == 'Falcon3_1B') & (table['layer'] == 4)
              & (table['target'] == 'human_entropy')].set_index('fold')
  assert row.loc[-1, 'r2'] == pytest.approx(-0.638613)
  assert row.loc[0, 'pearson'] == pytest.approx(0.313361)
  assert row.loc[-1, 'n'] == 420
  assert len(row) == 11
  mean = table[table['fold'] >= 0].groupby(['model', 'layer', 'target'])['r2']
  own = table[table['fold'] == -1].set_index(['model', 'layer', 'target'])
  pd.testing.assert_series_equal(
      mean.mean().sort_index(), own['r2'].sort_index(), rtol=1e-4)


def test_another_file_is_refused(tmp_path):
  pd.DataFrame({'model': ['m']}).to_parquet(tmp_path / 'x.parquet')
  with pytest.raises(UserError, match='lacks the column'):
    published.read(tmp_path / 'x.parquet')
  with pytest.raises(UserError, match='cannot read'):
    published.read(tmp_path / 'none.parquet')
