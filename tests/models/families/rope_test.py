"""Rotary tables out of config.json, by hand."""

import numpy as np
import pytest

from uncertainty.models.families import rope
from uncertainty.types import UserError


def test_both_spellings_of_rotary_agree(llama_config):
  scaling = {'rope_type': 'llama3', 'factor': 8.0, 'low_freq_factor': 1.0,
             'high_freq_factor': 4.0,
             'original_max_position_embeddings': 8192}
  hub = llama_config(rope_theta=5e5, rope_scaling=scaling)
  new = llama_config(rope_parameters={**scaling, 'rope_theta': 5e5})
  old = llama_config(rope_theta=5e5, rope_scaling={
      **{k: v for k, v in scaling.items() if k != 'rope_type'},
      'type': 'llama3'})
  assert hub == new == old
  assert hub.rotaries != llama_config(rope_theta=5e5).rotaries


def test_frequencies_by_hand():
  table = rope.rotary({'rope_type': 'default', 'rope_theta': 10000.0}, 4)
  np.testing.assert_allclose(table.frequencies, [1.0, 0.01], rtol=1e-6)
  table = rope.rotary({'rope_type': 'linear', 'rope_theta': 10000.0,
                       'factor': 4.0}, 4)
  np.testing.assert_allclose(table.frequencies, [0.25, 0.0025], rtol=1e-6)
  table = rope.rotary({'rope_type': 'default'}, 8, base=16.0, fraction=0.5)
  np.testing.assert_allclose(table.frequencies, [1.0, 0.25], rtol=1e-6)


def test_llama3_keeps_fast_pairs_and_divides_slow_ones():
  values = {'rope_type': 'llama3', 'rope_theta': 1e8, 'factor': 8.0,
            'low_freq_factor': 1.0, 'high_freq_factor': 4.0,
            'original_max_position_embeddings': 64}
  scaled = np.asarray(rope.rotary(values, 16).frequencies)
  plain = np.asarray(rope.rotary(
      {'rope_type': 'default', 'rope_theta': 1e8}, 16).frequencies)
  np.testing.assert_allclose(scaled[0], plain[0])
  np.testing.assert_allclose(scaled[-1], plain[-1] / 8, rtol=1e-6)


def test_longrope_scale_by_hand():
  values = {'rope_type': 'longrope', 'short_factor': [1.0, 2.0],
            'long_factor': [4.0, 8.0]}
  table = rope.rotary(values, 4, context_length=131072, original_length=4096)
  np.testing.assert_allclose(table.scale, np.sqrt(1 + 5 / 12))
  np.testing.assert_allclose(table.frequencies, [1, 0.005], rtol=1e-6)
  np.testing.assert_allclose(table.long_frequencies, [0.25, 0.00125],
                             rtol=1e-6)
  assert table.switch_length == 4096


def test_rotary_types_and_fields_are_named(llama_config):
  with pytest.raises(UserError, match='yarn'):
    llama_config(rope_scaling={'rope_type': 'yarn', 'factor': 2.0})
  with pytest.raises(UserError, match='mscale'):
    llama_config(rope_scaling={'rope_type': 'linear', 'factor': 2.0,
                          'mscale': 1.0})
  with pytest.raises(UserError, match='factor'):
    llama_config(rope_scaling={'rope_type': 'linear'})
