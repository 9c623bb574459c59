"""Tests of hub downloads against a local server that speaks as the hub.

The client reads HF_HUB_CACHE and HF_HUB_OFFLINE once, when imported; so the
test of offline mode sets them in a child process, as a user's shell would.
"""

import hashlib
import http.server
import json
import os
import subprocess
import sys
import threading
import urllib.parse

import huggingface_hub
import numpy as np
import pytest

from uncertainty import models
from uncertainty.models import hub
from uncertainty.types import UserError

COMMIT = '0123456789abcdef0123456789abcdef01234567'
NEWER = 'fedcba9876543210fedcba9876543210fedcba98'


class _Hub(http.server.BaseHTTPRequestHandler):
  """Answers what the client asks: repository, tree, and files."""

  protocol_version = 'HTTP/1.1'

  def do_HEAD(self):
    self._answer(with_body=False)

  def do_GET(self):
    self._answer(with_body=True)

  def log_message(self, *args):
    pass

  def _answer(self, with_body):
    path = urllib.parse.unquote(urllib.parse.urlparse(self.path).path)
    self.server.asked.append(path)
    status, headers, body = self._page(path)
    self.send_response(status)
    for name, value in headers.items():
      self.send_header(name, value)
    self.send_header('Content-Length', str(len(body)))
    self.end_headers()
    if with_body:
      self.wfile.write(body)

  def _page(self, path):
    parts = path.strip('/').split('/')
    if parts[:2] == ['api', 'models']:
      return self._api('/'.join(parts[2:4]), parts[4:])
    if len(parts) >= 5 and parts[2] == 'resolve':
      return self._file('/'.join(parts[4:]), parts[3])
    return 404, {}, b''

  def _api(self, repository, rest):
    if repository == 'org/gated':
      return 403, {'X-Error-Code': 'GatedRepo'}, b''
    if repository != 'org/tiny':
      return 401, {'X-Error-Code': 'RepoNotFound'}, b''
    revision = rest[1] if len(rest) > 1 else 'main'
    commit = self.server.commits.get(revision)
    if commit is None:
      return 404, {'X-Error-Code': 'RevisionNotFound'}, b''
    files = self.server.files
    if rest[0] == 'tree':
      return _json([{
          'type': 'file', 'path': name, 'size': len(data),
          'oid': hashlib.sha1(data).hexdigest()}
          for name, data in files.items()])
    return _json({
        'id': repository, 'modelId': repository, 'sha': commit,
        'siblings': [{'rfilename': name} for name in files]})

  def _file(self, name, commit):
    data = self.server.files.get(name)
    if data is None or commit not in self.server.commits.values():
      return 404, {'X-Error-Code': 'EntryNotFound'}, b''
    return 200, {'X-Repo-Commit': commit,
                 'ETag': f'"{hashlib.sha1(data).hexdigest()}"'}, data


def _json(value):
  return 200, {'Content-Type': 'application/json'}, json.dumps(value).encode()


@pytest.fixture
def server(write_tiny):
  """A hub with one repository, which also holds what must not be fetched."""
  path = write_tiny()
  files = {p.name: p.read_bytes() for p in path.iterdir()}
  files |= {'pytorch_model.bin': b'pickle', 'consolidated.safetensors': b'x',
            'modeling_tiny.py': b'print(1)', 'README.md': b'# tiny'}
  with http.server.ThreadingHTTPServer(('127.0.0.1', 0), _Hub) as running:
    running.files, running.asked = files, []
    running.commits = {'main': COMMIT, COMMIT: COMMIT}
    thread = threading.Thread(target=running.serve_forever, args=(0.02,))
    thread.start()
    yield running
    running.shutdown()
    thread.join()


@pytest.fixture
def client(server, tmp_path, monkeypatch):
  """The hub client, pointed at the server, with an empty cache."""
  constants = huggingface_hub.constants
  monkeypatch.setenv('HF_ENDPOINT', f'http://127.0.0.1:{server.server_port}')
  monkeypatch.setattr(constants, 'HF_HUB_CACHE', str(tmp_path / 'hub'))
  monkeypatch.setattr(constants, 'HF_HUB_OFFLINE', False)
  return server


def test_only_weights_tokenizer_and_config_come(client):
  path, commit = hub.download('org/tiny')
  assert commit == COMMIT
  assert {p.name for p in path.iterdir()} == {
      'config.json', 'model.safetensors', 'tokenizer.json',
      'tokenizer_config.json'}
  assert not [p for p in client.asked if p.endswith(('.bin', '.py'))]


def test_a_model_loads_and_records_its_commit(client, tmp_path):
  model = models.load('org/tiny', dtype='float32')
  local = models.load(str(tmp_path / 'tiny'), dtype='float32')
  assert (model.name, model.revision) == ('org--tiny', COMMIT)
  np.testing.assert_array_equal(
      model.params['token_embedding'], local.params['token_embedding'])
  assert model.fingerprint == local.fingerprint


def test_a_pinned_commit_stays_when_the_branch_moves(client):
  hub.download('org/tiny')
  client.commits['main'] = NEWER
  client.commits[NEWER] = NEWER
  client.files['config.json'] += b' '
  pinned, commit = hub.download('org/tiny', COMMIT)
  assert commit == COMMIT and pinned.name == COMMIT
  assert not (pinned / 'config.json').read_bytes().endswith(b' ')
  assert hub.download('org/tiny')[1] == NEWER


@pytest.mark.parametrize('hub_id, revision, message', [
    ('org/gated', None, 'org/gated: is gated; accept its licence'),
    ('org/absent', None, 'org/absent: no such repository'),
    ('org/tiny', 'v9', "org/tiny: has no revision 'v9'"),
    ('org//tiny', None, 'org//tiny: is no valid hub id'),
])
def test_what_cannot_be_had_says_why(client, hub_id, revision, message):
  for act in (hub.download, hub.check):
    with pytest.raises(UserError, match=message):
      act(hub_id, revision)


def test_a_check_fetches_nothing_and_passes_where_no_hub_answers(
    client, monkeypatch):
  hub.check('org/tiny')
  assert not [p for p in client.asked if 'resolve' in p or 'tree' in p]
  hub.download('org/tiny')
  client.asked.clear()
  hub.check('org/tiny')  # which is in the cache
  assert not client.asked
  monkeypatch.setattr(_Hub, '_page', lambda self, path: (500, {}, b''))
  hub.check('org/absent')
  monkeypatch.setenv('HF_ENDPOINT', 'http://127.0.0.1:9')
  hub.check('org/absent')


def test_a_repository_without_safetensors_says_what_to_do(client):
  del client.files['model.safetensors']
  with pytest.raises(UserError, match='has neither model.safetensors'):
    models.load('org/tiny')


def test_a_server_that_fails_is_reported(client, monkeypatch):
  monkeypatch.setattr(_Hub, '_page', lambda self, path: (500, {}, b''))
  with pytest.raises(UserError, match='org/tiny: is not in the cache'):
    hub.download('org/tiny')


_CHILD = """
import sys
from uncertainty.models import hub
from uncertainty.types import UserError
for hub_id in sys.argv[1:]:
  try:
    print(hub.download(hub_id)[1])
  except UserError as error:
    print(error)
"""


def test_offline_uses_the_cache_and_asks_nobody(client, tmp_path):
  hub.download('org/tiny')
  n_asked = len(client.asked)
  environment = {**os.environ, 'HF_HUB_OFFLINE': '1',
                 'HF_HUB_CACHE': str(tmp_path / 'hub')}
  found, missing = subprocess.run(
      [sys.executable, '-c', _CHILD, 'org/tiny', 'org/other'],
      env=environment, check=True, capture_output=True, text=True,
  ).stdout.splitlines()
  assert found == COMMIT
  assert missing.startswith('org/other: is not in the cache')
  assert len(client.asked) == n_asked
