"""The paper's probe results in our form."""

import pandas as pd
import pytest

from uncertainty.results import published_probes
from uncertainty.types import UserError


@pytest.mark.shared
def test_reads_the_published_file(shared):
  path = shared / 'published' / 'coane_activations_10fold.parquet'
  table = published_probes.read(path)
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
    published_probes.read(tmp_path / 'x.parquet')
  with pytest.raises(UserError, match='none.parquet: cannot be read'):
    published_probes.read(tmp_path / 'none.parquet')


def _table(**changes):
  row = {'model': 'm', 'layer': 'layer_0', 'n_samples': 9, 'n_features': 2}
  for target in ('human_ent', 'rt_correct', 'rt_combined'):
    for metric in ('r2', 'correlation', 'mse'):
      row[f'{target}_mean_{metric}'] = .5
      row[f'{target}_fold_{metric}s'] = [.4, .6]
  return pd.DataFrame([row | changes])


def test_a_table_of_the_papers_form_is_read(tmp_path):
  _table().to_parquet(tmp_path / 'x.parquet')
  table = published_probes.read(tmp_path / 'x.parquet')
  assert table['fold'].tolist() == [-1, 0, 1] * 3
  assert table['r2'].tolist() == [.5, .4, .6] * 3


@pytest.mark.parametrize('changes', [
    {'layer': 'layer_x'}, {'layer': 7}, {'human_ent_fold_r2s': 'text'},
    {'rt_correct_fold_mses': [.1]}, {'rt_correct_mean_mse': [[.1]]}])
def test_values_of_other_types_are_refused(tmp_path, changes):
  _table(**changes).to_parquet(tmp_path / 'x.parquet')
  with pytest.raises(UserError, match='x.parquet: cannot be read .*10fold'):
    published_probes.read(tmp_path / 'x.parquet')
