"""Tests of the study's model table."""

import pathlib

import pytest

from uncertainty.models import registry


def _pairs():
  return [(model, registry.MODELS[model.pair])
          for model in registry.MODELS.values()
          if model.kind == 'base' and model.pair]


def test_thirty_eight_models_in_fifteen_pairs():
  assert len(registry.MODELS) == 38
  assert len({m.hub_id for m in registry.MODELS.values()}) == 38
  pairs = _pairs()
  assert len(pairs) == 15
  for base, instruct in pairs:
    assert (base.kind, instruct.kind) == ('base', 'instruct')
    assert (base.family, base.size) == (instruct.family, instruct.size)
    assert (base.pair, instruct.pair) == (instruct.name, base.name)
  unpaired = [m for m in registry.MODELS.values() if not m.pair]
  assert {m.family for m in unpaired} == {'gpt_neox'} and len(unpaired) == 8


@pytest.mark.shared
def test_names_are_those_of_the_published_files(shared):
  folder: pathlib.Path = shared / 'published' / 'coane_mcqa'
  published = {p.stem.removeprefix('coane_') for p in folder.iterdir()}
  paired = {m.name for m in registry.MODELS.values() if m.pair}
  assert paired == published


def test_a_model_is_found_by_its_hub_id():
  model = registry.MODELS['Llama_3.2_1B']
  assert model.hub_id == 'meta-llama/Llama-3.2-1B'
  assert registry.by_hub_id('meta-llama/Llama-3.2-1B') is model
  assert registry.by_hub_id('meta-llama/unknown') is None


def test_a_model_descends_from_what_the_tables_say():
  assert registry.lineage('Llama_3.2_1B_Ins', 'llama') == registry.Lineage(
      'Llama 3', 'Llama_3.2_1B')
  assert registry.lineage('Falcon3_7B', 'llama') == registry.Lineage(
      'Falcon 3')
  assert registry.lineage('SmolLM2-135M-Instruct.Q4_1', 'llama') == (
      registry.Lineage('SmolLM 2', 'SmolLM2-135M'))
  # A name that looks like a Gemma is not parsed.
  assert registry.lineage('my-gemma-2-instruct', 'qwen2') == registry.Lineage(
      'qwen2')
  for base, instruct in _pairs():
    assert registry.lineage(instruct.name, '').base == base.name
    assert registry.lineage(base.name, '').base == ''
    assert base.series == instruct.series
