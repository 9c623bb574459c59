"""Sign flips over families, and the naive test over pairs they replace."""

import numpy as np
import scipy.stats

from uncertainty.analysis.claims import families, table
from uncertainty.analysis.statistics import resampling
from uncertainty.worlds import generator


def test_families_needed_for_a_p_value():
  assert [families.units_needed(p) for p in (.05, .05 / 3, .5)] == [
      6, 7, 2]


def test_pairs_reject_where_families_do_not():
  """Wilcoxon over 15 pairs of 6 families, against flips of families."""
  rng = np.random.default_rng(0)
  family = np.repeat(np.arange(6), generator.PUBLISHED_FAMILIES)
  naive, sound = [], []
  for _ in range(400):
    d = rng.normal(size=6)[family] + 0.3 * rng.normal(size=15)
    naive.append(scipy.stats.wilcoxon(d).pvalue < 0.05)
    mean_F = np.bincount(family, d) / np.bincount(family)
    sound.append(resampling.sign_flip_test(
        mean_F[None], 99, seed=0)[0] < 0.05)
  assert np.mean(naive) > 0.18
  assert np.mean(sound) < 0.05 + 3 * np.sqrt(.05 * .95 / 400)


def test_copies_that_lack_items_differ_from_their_bases_by_nothing(spec):
  """Each over its own items, the copies were more accurate, p = .0015."""
  world = generator.World(n_items=200, families=(1,) * 8)
  frames = generator.simulate(world, seed=1, all_measures=False).frames
  bases = {key: frame for key, frame in frames.items()
           if not key[1].endswith('_Ins')}
  copies = {}
  for i, ((dataset, model), frame) in enumerate(bases.items()):
    sure = frame.sort_values('human_entropy').index[:120 + i]
    copies[dataset, f'{model}_Ins'] = frame.loc[sure].assign(
        base=model, kind='instruct')
  found = table.claims({**bases, **copies}, spec, ('instruct',))
  assert len(found) >= 2
  np.testing.assert_allclose(found['estimate'], 0, atol=1e-12)
  assert not found['verdict'].isin(['supported', 'contradicted']).any()
  assert (found['n_items'] == 120).all()
  # Of whole copies the number of families is not to blame.
  whole = {(dataset, f'{model}_Ins'): frame.assign(
      base=model, kind='instruct') for (dataset, model), frame in bases.items()}
  found = table.claims({**bases, **whole}, spec, ('instruct',))
  assert found['verdict'].eq('too little data').all()
  assert found['sentence'].str.contains(
      'all model families (8) change by the same', regex=False).all()
  few = dict(list(bases.items())[:4])
  few |= {(d, f'{m}_Ins'): whole[d, f'{m}_Ins'] for d, m in few}
  found = table.claims(few, spec, ('instruct',))
  assert found['sentence'].str.contains(
      r'families is 4, where .* it takes \d families', regex=True).all()
