"""A bucket on this machine, whose requests can be made to fail."""

import pytest

from launch import bucket_server
from uncertainty.buckets import lease, mirror, store


@pytest.fixture(scope='package')
def _served():
  with bucket_server.serving() as server:
    yield server


@pytest.fixture
def server(_served, monkeypatch, tmp_path, request):
  """The server, without faults; its bucket's folder is `server.folder`."""
  for name, value in _served.environment.items():
    monkeypatch.setenv(name, value)
  monkeypatch.setenv('UNCERTAINTY_CACHE', str(tmp_path / 'cache'))
  monkeypatch.setattr(store, 'PAUSES', (.01, .02, .04))
  monkeypatch.setattr(store, 'ATTEMPTS', 1)
  monkeypatch.setattr(lease, 'EVERY', .2)
  monkeypatch.setattr(lease, 'PATIENCE', 1.5)
  monkeypatch.setattr(mirror, 'EVERY', .1)
  _served.folder = f's3://{bucket_server.BUCKET}/{tmp_path.name}'
  yield _served
  _served.fault = lambda method, path: ''
  _served.hidden = lambda name: False
