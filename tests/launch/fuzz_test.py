"""Each reader on some mutated files; launch/fuzz.py does so for long."""

import importlib.util
import pathlib

import pytest

_PATH = pathlib.Path(__file__).resolve().parents[2] / 'launch' / 'fuzz.py'
_SPEC = importlib.util.spec_from_file_location('fuzz', _PATH)
fuzz = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(fuzz)


# Whole analyses and pages take seconds each: only launch/fuzz.py mutates them.
_READERS = sorted(set(fuzz.FORMATS) - {'study', 'page'})


@pytest.mark.parametrize('name', _READERS)
def test_readers_raise_user_errors_only(name, tmp_path):
  counts = fuzz.fuzz(name, tmp_path, examples=25, seed=0)
  assert counts['refused'] > 0
  # Changes of cells alone get behind the count of questions.
  assert counts['read'] > 0 or name != 'docx_cells'


@pytest.mark.parametrize('name', [
    'safetensors', 'gguf', 'csv', 'parquet', 'activations', 'activations_rows',
    'sums', 'shard', 'results', 'analysis', 'manifest', 'manifest_fields',
    'sheet', 'published_probes', 'study', 'docx', 'docx_document',
    'docx_cells'])
def test_the_honest_file_is_read(name, tmp_path):
  file_name, write, read = fuzz.FORMATS[name]
  write(tmp_path / file_name)
  read(tmp_path / file_name)


def test_past_its_end_nothing_is_tried_but_what_failed(tmp_path, monkeypatch):
  assert fuzz.fuzz('csv', tmp_path, 25, 0, end=0) == {'read': 0, 'refused': 0}

  def read(path):
    raise KeyError(path.read_bytes()[:1])

  name, write, _ = fuzz.FORMATS['csv']
  monkeypatch.setitem(fuzz.FORMATS, 'csv', (name, write, read))
  now = iter([0.0])
  monkeypatch.setattr(fuzz.time, 'monotonic', lambda: next(now, 2.0))
  with pytest.raises(KeyError):
    fuzz.fuzz('csv', tmp_path, 25, 0, end=1)
