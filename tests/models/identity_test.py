"""Fingerprints: all that decides a number changes them, places do not."""

import json
import shutil

import pytest

from uncertainty import models

_CLEANS = (
    'clean_up_tokenization_spaces',
    'clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output')


def _edit(path, **changes):
  content = json.loads(path.read_text()) if path.exists() else {}
  path.write_text(json.dumps({**content, **changes}))


def _flip(path, place):
  content = bytearray(path.read_bytes())
  content[place] ^= 1
  path.write_bytes(content)


@pytest.mark.parametrize('part, edit', [
    ('weights', lambda p: _flip(p / 'model.safetensors', -1)),
    ('weights', lambda p: _flip(p / 'model.safetensors', -30001)),
    ('config', lambda p: _edit(p / 'config.json', rope_theta=5e5)),
    ('tokenizer', lambda p: _edit(p / 'tokenizer.json', normalizer={
        'type': 'Lowercase'})),
    ('tokenizer', lambda p: _edit(
        p / 'tokenizer_config.json', split_special_tokens=True)),
    ('tokenizer', lambda p: _edit(
        p / 'tokenizer_config.json', **dict.fromkeys(_CLEANS, True))),
    ('chat_template', lambda p: (p / 'chat_template.jinja').write_text('a')),
    ('generation', lambda p: _edit(
        p / 'generation_config.json', temperature=.7)),
])
def test_each_part_changes_the_fingerprint_and_is_named(
    write_tiny, part, edit):
  path = write_tiny()
  _edit(path / 'generation_config.json', eos_token_id=257)
  before = models.open_source(str(path))
  edit(path)
  after = models.open_source(str(path))
  assert before.fingerprint != after.fingerprint
  changed = [name for name, value in vars(before.identity).items()
             if value != getattr(after.identity, name)]
  assert changed == [part]


def test_a_copy_under_another_name_is_the_same_model(write_tiny):
  path = write_tiny()
  copy = shutil.copytree(path, path.with_name('copy'))
  first, second = (models.open_source(str(p)) for p in (path, copy))
  assert first.fingerprint == second.fingerprint
  assert (first.name, second.name) == ('tiny', 'copy')


def test_what_is_known_before_loading_is_what_is_loaded(write_tiny):
  opened = models.open_source(str(write_tiny()))
  model = models.load(opened, dtype='float32')
  for name in ('name', 'kind', 'source', 'revision', 'fingerprint', 'config',
               'n_parameters'):
    assert getattr(opened, name) == getattr(model, name), name


def test_settings_that_move_no_token_do_not_count(write_tiny):
  path = write_tiny()
  before = models.open_source(str(path))
  # Text of BPE is not cleaned, whatever this says.
  _edit(path / 'tokenizer_config.json', clean_up_tokenization_spaces=True,
        model_max_length=7, padding_side='left')
  assert models.open_source(str(path)).identity == before.identity
