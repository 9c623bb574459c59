"""Rows of results from what was said of the choices."""

import math

import numpy as np
import pytest

from uncertainty import prompts
from uncertainty.measures import registry


def test_every_mc_column_is_a_known_measure(lettered, worded):
  for rows in (lettered, worded):
    columns = [c for c in rows['q0'] if c.startswith('mc_')]
    assert len(columns) == 20
    assert all(registry.is_measure(c) for c in columns)


def test_correct_and_agrees(lettered):
  row = lettered['q0']
  assert row['correct'] == float(row['prediction'] == 1)
  assert row['agrees'] == float(row['prediction'] == 1)
  assert lettered['q1']['agrees'] == 1  # people are split evenly
  assert math.isnan(lettered['q2']['correct'])
  assert math.isnan(lettered['q2']['agrees'])


def test_orders_are_averaged_in_the_items_own_order(
    choosing, lettered, choices):
  rows = choices.rows(choosing, 'letters', choices.spec(n_orders=3))
  row = rows['q0']
  each = np.array(row['order_choice_logprobs'])
  assert each.shape == (3, 3)
  np.testing.assert_allclose(
      each[0], lettered['q0']['choice_logprobs'], atol=1e-4)
  np.testing.assert_allclose(
      np.exp(row['choice_logprobs']), np.exp(each).mean(0), atol=1e-6)
  agreement = (each.argmax(1) == np.exp(each).mean(0).argmax()).mean()
  assert row['order_agreement'] == pytest.approx(agreement)
  assert len(rows['q1']['order_choice_logprobs']) == 2  # it has no more
  for row in rows.values():
    assert 0 <= row['order_divergence'] <= 1
    assert 0 <= row['order_entropy_sd'] <= 0.5


def test_permuted_choices_are_scored_under_their_own_letters(choosing, choices):
  """An item whose choices are given in another order, asked in that order."""
  spec = choices.spec(n_orders=3)
  row = choices.rows(choosing, 'letters', spec, choices.ITEMS[:1])['q0']
  order = prompts.orders(choices.ITEMS[0], 3, seed=0)[1]
  shown = prompts.permute(choices.ITEMS[0], order)
  alone = choices.rows(choosing, 'letters', choices.spec(), [shown])['q0']
  for place, choice in enumerate(order):
    assert row['order_choice_logprobs'][1][choice] == pytest.approx(
        alone['choice_logprobs'][place], abs=1e-4)
