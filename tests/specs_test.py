"""Configs: all of them parse, and what is wrong is named."""

import importlib
import pathlib

import pytest

from configs import common
from uncertainty import specs
from uncertainty.types import UserError

_CONFIGS = sorted(
    p.stem for p in (pathlib.Path(__file__).parents[1] / 'configs').glob('*.py')
    if p.stem not in ('common', '__init__'))


@pytest.mark.parametrize('name', _CONFIGS)
def test_every_config_parses_and_has_a_fast_variant(name):
  module = importlib.import_module(f'configs.{name}')
  full = specs.parse(module.get_config().to_dict())
  fast = specs.parse(module.get_config('quicktest').to_dict())
  assert fast.analysis.n_bootstrap < full.analysis.n_bootstrap
  first = module.__doc__.strip().splitlines()[0]
  assert first and f'configs/{name}.py' in module.__doc__


def test_unknown_argument_names_those_known():
  with pytest.raises(ValueError, match="'qicktest'.*knows quicktest"):
    common.parse_arg('qicktest', quicktest=False)


def test_arguments_are_read_in_their_default_type():
  arg = common.parse_arg('limit=20,fast', limit=5, fast=False)
  assert (arg.limit, arg.fast) == (20, True)


@pytest.mark.parametrize('config,message', [
    ({'modell': {}}, 'unknown config field modell; did you mean model'),
    ({'data': {'nam': 'x'}}, r'data\.nam; did you mean data\.name'),
    ({'data': 'coane'}, r'config\.data is a section'),
    ({'data': {'limit': 'ten'}}, r'data\.limit=.ten. is of type str'),
    ({'data': {'limit': True}}, r'data\.limit=True is of type bool'),
    ({'data': {'limit': 0}}, r'data\.limit=0 must be positive'),
    ({'prompt': {'profile': 'papr'}}, r"profile='papr' is none of paper"),
    ({'model': {'dtype': 'float16'}}, r'float32, bfloat16'),
])
def test_a_bad_config_says_what_and_where(config, message):
  with pytest.raises(UserError, match=message):
    specs.parse(config)


def test_an_int_stands_for_a_float():
  spec = specs.parse({'free': {'temperature': 1}})
  assert spec.free.temperature == 1.0
  assert isinstance(spec.free.temperature, float)
