"""Finding, downloading and checking source files, against a local server."""

import hashlib
import http.server
import io
import pathlib
import tarfile
import threading
import zipfile

import pytest

from uncertainty.data import sources
from uncertainty.types import UserError

CONTENT = b'some data\n' * 1000


def _sha(content: bytes) -> str:
  return 'sha256:' + hashlib.sha256(content).hexdigest()


def _zip(**members: bytes) -> bytes:
  buffer = io.BytesIO()
  with zipfile.ZipFile(buffer, 'w') as file:
    for name, content in members.items():
      file.writestr(f'top/{name}', content)
  return buffer.getvalue()


def _tar(**members: bytes) -> bytes:
  buffer = io.BytesIO()
  with tarfile.open(fileobj=buffer, mode='w') as file:
    for name, content in members.items():
      info = tarfile.TarInfo(f'top/{name}')
      info.size = len(content)
      file.addfile(info, io.BytesIO(content))
  return buffer.getvalue()


ARCHIVE = _zip(a=b'alpha', b=b'beta')
PAGES = {'/data.txt': CONTENT, '/all.zip': ARCHIVE,
         '/all.tar': _tar(a=b'alpha', b=b'beta'), '/short.txt': CONTENT}


class _Handler(http.server.BaseHTTPRequestHandler):
  """Serves PAGES; says that short.txt is longer than what it sends."""

  requests: list[str] = []

  def do_GET(self):
    path = self.path.partition('?')[0]
    self.requests.append(path)
    if path not in PAGES:
      self.send_error(404)
      return
    content = PAGES[path]
    extra = 50 if path == '/short.txt' else 0
    self.send_response(200)
    self.send_header('Content-Length', str(len(content) + extra))
    self.end_headers()
    self.wfile.write(content)

  def log_message(self, *args):
    del args


@pytest.fixture(scope='module')
def server():
  with http.server.ThreadingHTTPServer(('127.0.0.1', 0), _Handler) as made:
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    yield f'http://127.0.0.1:{made.server_port}'
    made.shutdown()
    thread.join()


def _locate(source: sources.Source, tmp_path: pathlib.Path, manual=None):
  return sources.locate('set', [source], manual_dir=manual,
                        download_dir=tmp_path / 'downloads')


def _left(tmp_path: pathlib.Path) -> list[str]:
  return [p.name for p in (tmp_path / 'downloads').rglob('*') if p.is_file()]


def test_a_download_is_checked_kept_and_not_repeated(server, tmp_path):
  source = sources.Source('data.txt', _sha(CONTENT), f'{server}/data.txt')
  before = _Handler.requests.count('/data.txt')
  for _ in range(2):
    assert _locate(source, tmp_path)['data.txt'].read_bytes() == CONTENT
  assert _Handler.requests.count('/data.txt') == before + 1


def test_a_git_blob_id_is_what_git_computes(tmp_path):
  # `printf hello | git hash-object --stdin`
  (tmp_path / 'x').write_bytes(b'hello')
  assert sources.digest_of(tmp_path / 'x', 'git:') == (
      'git:b6fc4c620b67d95f953a5c1c1230aaab5db5a1b0')


def test_a_wrong_checksum_is_refused_and_leaves_nothing(server, tmp_path):
  source = sources.Source('data.txt', _sha(b'other'), f'{server}/data.txt')
  with pytest.raises(UserError, match='checksum.*manual_dir'):
    _locate(source, tmp_path)
  assert _left(tmp_path) == []


def test_a_missing_page_says_so(server, tmp_path):
  source = sources.Source('gone.txt', '', f'{server}/gone.txt')
  with pytest.raises(UserError, match=r'gone.txt answered 404.*manual_dir'):
    _locate(source, tmp_path)
  assert _left(tmp_path) == []


def test_a_truncated_download_is_refused(server, tmp_path):
  source = sources.Source('short.txt', '', f'{server}/short.txt')
  with pytest.raises(UserError, match='broke off after 10000 of 10050 bytes'):
    _locate(source, tmp_path)
  assert _left(tmp_path) == []


def test_no_server_says_so(tmp_path):
  source = sources.Source('x', '', 'http://127.0.0.1:9/x')
  with pytest.raises(UserError, match='cannot download .*manual_dir'):
    _locate(source, tmp_path)


@pytest.mark.parametrize('name', ['all.zip', 'all.tar'])
def test_members_come_out_of_one_download(server, tmp_path, name):
  made = [sources.Source(m, _sha(c), f'{server}/{name}?dl=1', f'top/{m}',
                         _sha(PAGES[f'/{name}']))
          for m, c in (('a', b'alpha'), ('b', b'beta'))]
  before = _Handler.requests.count(f'/{name}')
  paths = sources.locate('set', made, manual_dir=None,
                         download_dir=tmp_path / 'downloads')
  assert paths['a'].read_bytes() == b'alpha'
  assert paths['b'].read_bytes() == b'beta'
  assert _Handler.requests.count(f'/{name}') == before + 1


def test_an_archive_without_the_member_is_refused(server, tmp_path):
  source = sources.Source('c', '', f'{server}/all.zip', 'top/c', _sha(ARCHIVE))
  with pytest.raises(UserError, match='no readable top/c'):
    _locate(source, tmp_path)


def test_the_manual_folder_comes_first(tmp_path):
  source = sources.Source('sub/x.txt', url='http://127.0.0.1:9/x')
  manual = tmp_path / 'manual'
  for place in ('x.txt', 'set/x.txt', 'set/sub/x.txt'):  # ever more specific
    path = manual / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(place)
    found = _locate(source, tmp_path, manual)['sub/x.txt']
    assert found == path


def test_files_that_only_come_by_hand_say_where_to_put_them(tmp_path):
  with pytest.raises(UserError, match='set/ and name its parent'):
    _locate(sources.Source('x.jsonl'), tmp_path)
  with pytest.raises(UserError, match='no such folder'):
    _locate(sources.Source('x.jsonl'), tmp_path, tmp_path / 'absent')


def test_optional_files_are_not_missed(tmp_path):
  source = sources.Source('x', url='http://127.0.0.1:9/x', optional=True)
  assert _locate(source, tmp_path) == {}
