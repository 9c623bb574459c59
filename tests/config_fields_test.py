"""Fields of a config, read from a source."""

import dataclasses

from uncertainty import config_fields, specs

_SOURCE = '''
class ModelSpec:
  """Which model."""
  source: str = 'a|b'  # where from
  # Two lines
  # above it.
  dtype: str = 'x'
class StudySpec:
  model: ModelSpec = ModelSpec()
  seed: int = 0  # of draws
'''


def test_comments_are_meanings_and_choices_are_added():
  model, whole = config_fields.sections(
      _SOURCE, {'model.dtype': ('x', 'y')})
  assert (model.name, model.meaning) == ('model', 'Which model.')
  assert model.fields == (
      config_fields.Field('model.source', 'str', "'a|b'", 'where from'),
      config_fields.Field('model.dtype', 'str', "'x'",
                          'Two lines above it.; one of x, y'))
  assert whole.name == '' and whole.fields == (
      config_fields.Field('seed', 'int', '0', 'of draws'),)


def test_every_field_of_a_study_is_there_with_its_default():
  found = {f.name: f.default
           for s in config_fields.sections(config_fields.source())
           for f in s.fields}
  defaults = specs.flatten(dataclasses.asdict(specs.StudySpec()))
  assert found == {name: repr(value) for name, value in defaults.items()}
