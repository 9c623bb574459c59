"""Sets of choices of stacked results: labels, coverage, groups, people."""

import numpy as np
import pandas as pd
import pytest

from uncertainty.analysis.questions import prediction_sets
from uncertainty.analysis.scores import stack
from uncertainty.results import page


def _frame(n, seed=0, k=3, sharp=1.0, groups=2):
  rng = np.random.default_rng(seed)
  shares_NC = rng.dirichlet(np.full(k, .5), n)
  logits_NC = sharp * np.log(shares_NC + .05) + rng.normal(0, .3, (n, k))
  answer_N = (shares_NC.cumsum(1) < rng.uniform(size=(n, 1))).sum(1)
  return pd.DataFrame({
      'item_id': [f'q{i}' for i in range(n)],
      'choice_logprobs': logits_NC.tolist(),
      'human_shares': shares_NC.tolist(), 'answer': answer_N.astype(float),
      'group': [f'g{i % groups}' for i in range(n)]})


def _tables(frame, coverage=.9):
  stacks = stack.stack_results({('coane', 'M'): frame})
  return prediction_sets.tables(
      prediction_sets.of_models(stacks), coverage, seed=0)


def _of(table, **values):
  for column, value in values.items():
    table = table[table[column] == value]
  return table


def test_every_label_score_and_condition_covers():
  made = _tables(_frame(300))
  found = made['sets']
  assert list(found) == list(prediction_sets.SETS)
  # Three conditions for answers, two for people, three scores each.
  assert len(found) == 3 * (3 + 2)
  # A split of 150 promises .9; two groups of 75 and three classes a bit more.
  # Half the splits' own spread, √(.9 · .1 / 150), is chance of the items.
  assert (found['coverage'] > .87).all()
  exact = found[found['nonconformity'] != 'aps']  # which ties at 1
  assert (_of(exact, condition='marginal')['coverage'] < .93).all()
  assert (found['coverage_low'] < found['coverage']).all()
  assert (found['n'] == 300).all() and (found['n_calibration'] == 150).all()
  assert found['set_size'].between(1, 3).all()


def test_one_split_by_hand():
  """Everything of a row again, with loops, from the same splits."""
  frame = _frame(40, k=3)
  row = _of(_tables(frame, .7)['sets'], labels='people',
            nonconformity='lac', condition='marginal').iloc[0]
  p_NC = np.exp(np.array(frame['choice_logprobs'].tolist()))
  p_NC /= p_NC.sum(1, keepdims=True)
  shares_NC = np.array(frame['human_shares'].tolist())
  splits_RN = prediction_sets.conformal.split_items(
      40, prediction_sets.N_SPLITS, np.random.default_rng(0))
  coverage, sizes = [], np.zeros(40)
  for used_N in splits_RN:
    scores = sorted((1 - p_NC[i, c], shares_NC[i, c])
                    for i in np.flatnonzero(used_N) for c in range(3))
    total, q = 0.0, np.inf
    for score, share in scores:
      total += share
      if total >= 21 * .7 - 1e-9:
        q = score
        break
    inside_NC = 1 - p_NC <= q
    coverage.append(np.mean([
        shares_NC[i][inside_NC[i]].sum() for i in np.flatnonzero(~used_N)]))
    sizes[~used_N] += inside_NC[~used_N].sum(1)
  assert row['coverage'] == pytest.approx(np.mean(coverage))
  assert row['coverage_low'] == pytest.approx(np.quantile(coverage, .025))
  tested = (~splits_RN).sum()
  assert row['set_size'] == pytest.approx(sizes.sum() / tested)
  accuracy = shares_NC[np.arange(40), p_NC.argmax(1)].mean()
  assert row['accuracy'] == pytest.approx(accuracy)
  assert row['uacc'] == pytest.approx(
      accuracy / row['set_size'] * np.sqrt(3))


def test_sets_grow_where_people_are_divided_if_the_model_follows_them():
  def rho(frame):
    return _of(_tables(frame)['sets'], labels='people', nonconformity='lac',
               condition='marginal').iloc[0][['rho', 'p_value']]

  follows = rho(_frame(200))
  assert follows['rho'] > .3 and follows['p_value'] < .001
  blind = _frame(200)
  blind['choice_logprobs'] = _frame(200, seed=1)['choice_logprobs']
  assert abs(rho(blind)['rho']) < .25


def test_a_group_that_the_model_knows_less_of_gets_its_own_threshold():
  easy, hard = _frame(200, groups=1), _frame(200, 1, groups=1)
  # Of the hard ones the model takes the least likely for the likeliest.
  hard['choice_logprobs'] = [
      [-x for x in row] for row in hard['choice_logprobs']]
  hard['group'] = 'hard'
  hard['item_id'] = [f'h{i}' for i in range(200)]
  by_group = _of(_tables(pd.concat([easy, hard], ignore_index=True))[
      'sets_by_group'], labels='answers', nonconformity='lac',
                 stratum_kind='group')
  value = {(r['condition'], r['stratum']): r['coverage']
           for r in by_group.to_dict('records')}
  # One threshold for both fails the hard ones; their own does not.
  assert value['marginal', 'hard'] < .86 < .94 < value['marginal', 'g0']
  assert value['group', 'hard'] == pytest.approx(.9, abs=.03)
  assert value['group', 'g0'] == pytest.approx(.9, abs=.03)


def test_items_have_as_many_choices_as_they_have():
  wide, narrow = _frame(30, k=4), _frame(30, 1, k=2)
  narrow['item_id'] = [f'n{i}' for i in range(30)]
  both = pd.concat([wide, narrow], ignore_index=True)
  data, _ = prediction_sets.labelled(both.set_index('item_id'))
  assert np.isnan(data.p_NC[30:, 2:]).all() and (
      data.weights_NC[30:, 2:] == 0).all()
  # Thirty calibration items promise .99 by every choice alone.
  found = _tables(both, .99)['sets']
  assert (found['coverage'] == 1).all()
  assert found['set_size'].to_numpy() == pytest.approx(3, abs=.05)


def test_too_few_items_and_no_labels_have_no_sets():
  few = _tables(_frame(prediction_sets.LEAST_ITEMS - 1))
  assert not len(few['sets']) and not len(few['sets_by_group'])
  unlabelled = _frame(50).drop(columns=['answer', 'human_shares'])
  assert not len(_tables(unlabelled)['sets'])
  opinions = _frame(50)
  opinions['answer'] = np.nan
  assert set(_tables(opinions)['sets']['labels']) == {'people'}


def test_the_columns_are_described():
  for name, table in _tables(_frame(60)).items():
    for column in table:
      assert page.TABLES[name].find(column), column


def test_people_who_agree_count_as_one():
  frame = _frame(30)
  frame['human_shares'] = [[1., 0, 0]] * 29 + [[1 / 3] * 3]
  data = prediction_sets.labelled(frame.set_index('item_id'))[1]
  assert data.effective_N[0] == 1
  assert data.effective_N[-1] == pytest.approx(3)
