"""Mixed models against statsmodels and the plain difference."""

import numpy as np
import pandas as pd
import statsmodels.formula.api as smf

from uncertainty.analysis.questions import hierarchical


def test_mixed_model_equals_statsmodels_and_the_plain_difference(
    study_tables, families):
  table = study_tables['mixed'].set_index(['claim', 'term'])
  row = table.loc[
      'tuning changes alignment:human_entropy', 'instruct']
  np.testing.assert_allclose(row['estimate'], row['plain'], atol=1e-6)
  scores = study_tables['scores']
  value = scores[(scores['outcome'] == 'alignment:human_entropy')
                 & (scores['measure'] == 'mc_choice_entropy')]
  value = value.set_index('model')['value']
  d = np.mean([value[m + '_Ins'] - value[m] for m in families])
  np.testing.assert_allclose(row['plain'], d)
  follow = table.loc['base models follow people', 'h']
  assert follow['ci_low'] < follow['plain'] < follow['ci_high']


def test_mixed_model_falls_back_where_a_variance_is_zero():
  rng = np.random.default_rng(1)
  long = pd.DataFrame({
      'y': rng.normal(size=40), 'x': np.tile([0., 1.], 20),
      'g': np.repeat([str(i) for i in range(20)], 2)})
  structures = (('g', 'g', None),)
  fit, random = hierarchical.fit_mixed(long, 'y ~ x', structures)
  assert random in ('g', 'none')
  plain = smf.ols('y ~ x', long).fit()
  np.testing.assert_allclose(fit.params['x'], plain.params['x'], atol=1e-6)
