"""A checkpoint's tensors made of parameters again."""

import numpy as np
import pytest

from launch import make_goldens
from uncertainty.models import families
from uncertainty.tuning import hub_layout


def _params(family, config, made):
  return make_goldens.params(family.mapping(config), config.n_layers, made)


def test_every_tensor_of_every_family_comes_back(case):
  hf_config = make_goldens.cases()[case]
  family = families.for_architecture(hf_config['architectures'][0])
  config = family.config(hf_config)
  made = make_goldens.tensors(family.mapping(config), config.n_layers)
  tensors = hub_layout.HubTensors(family, config, _params(family, config, made))
  assert tensors.shapes == {name: x.shape for name, x in made.items()}
  for name, value in made.items():
    assert tensors.n_bytes(name) == value.nbytes
    # Gemma's norms took 1 on and off, in float32.
    np.testing.assert_allclose(tensors[name], value, rtol=0, atol=1e-7)


def test_a_leaf_is_found_by_its_path():
  params = {'a': {'b': {'c': 1}}, 'd': 2}
  assert hub_layout.leaf(params, 'a/b/c') == 1
  assert hub_layout.leaf(params, 'd') == 2
  with pytest.raises(KeyError):
    hub_layout.leaf(params, 'a/x')


