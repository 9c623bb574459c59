"""Configs: all of them parse, and what is wrong is named."""

import importlib
import pathlib
import re

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


def test_unknown_argument_names_the_near_one():
  with pytest.raises(UserError, match="'qicktest'; did you mean quicktest"):
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
    ({'data': {'limit': 0}}, r'data\.limit=0 must be a number from 1'),
    ({'prompt': {'profile': 'papr'}}, r"profile='papr' is none of paper"),
    ({'model': {'dtype': 'float16'}}, r'float32, bfloat16'),
])
def test_a_bad_config_says_what_and_where(config, message):
  with pytest.raises(UserError, match=message):
    specs.parse(config)


@pytest.mark.parametrize('field, value', [
    ('free.temperature', float('nan')), ('free.temperature', -0.1),
    ('free.temperature', float('inf')), ('free.top_p', 0.0),
    ('free.top_p', 1.5), ('free.top_p', float('nan')), ('free.top_k', -1),
    ('free.max_tokens', -5), ('free.max_tokens', 0), ('free.batch_size', 0),
    ('free.batch_size', 99_999_999), ('free.n_samples', 0),
    ('free.grader', 'me'), ('free.semantic_correction', 'bayes'),
    ('free.judge', 'jury'), ('free.judge', 'nli:'), ('free.judge', 'words:x'),
    ('analysis.alpha', 7.0), ('analysis.alpha', 0.0),
    ('analysis.alpha', float('nan')), ('analysis.confidence_level', 95.0),
    ('analysis.confidence_level', 1.0), ('analysis.n_bootstrap', 0),
    ('analysis.n_bins', 0), ('analysis.calibrated_below', -1.0),
    ('model.source', ''), ('model.source', ' , '), ('model.model_axis', 0),
    ('data.name', ''), ('data.limit', -1), ('prompt.answer', ','),
    ('prompt.n_orders', 0), ('score.batch_tokens', 99_999_999),
    ('score.batch_tokens', -1), ('score.row_tokens', -256),
    ('score.top_k', 0), ('probe.n_folds', 1), ('probe.n_permutations', -1),
    ('probe.protocol', 'silent'), ('probe.protocol', ''),
    ('probe.protocol', 'sound,paper,sound'), ('probe.sites', 'mlp,mlp'),
    ('probe.positions', 'answer_end,answer_end'), ('seed', -1),
    ('seed', 2**40),
])
def test_a_value_that_means_nothing_is_refused(field, value):
  section, _, name = field.rpartition('.')
  config = {section: {name: value}} if section else {name: value}
  with pytest.raises(UserError, match=re.escape(f'config.{field}')):
    specs.parse(config)


def test_an_int_stands_for_a_float():
  spec = specs.parse({'free': {'temperature': 1}})
  assert spec.free.temperature == 1.0
  assert isinstance(spec.free.temperature, float)


@pytest.mark.parametrize('name, text, value', [
    ('data.limit', '3', 3), ('analysis.alpha', '1', 1.0),
    ('prompt.few_shot', 'False', False), ('data.path', '3', '3'),
    ('seed', '7', 7)])
def test_a_flags_text_is_read_in_the_fields_type(name, text, value):
  found = specs.from_text(name, text)
  assert found == value and type(found) is type(value)


@pytest.mark.parametrize('name, text, message', [
    ('data.limit', '1.5', 'not a whole number'), ('seed.x', '1', 'seed'),
    ('data', '1', 'is a section'), ('data.limt', '1', 'mean data.limit')])
def test_a_flag_that_no_config_takes_is_named(name, text, message):
  with pytest.raises(UserError, match=message):
    specs.from_text(name, text)
