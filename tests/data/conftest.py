"""Folders that several tests of this directory read."""

import http.server
import itertools
import pathlib
import threading

import pytest


@pytest.fixture(scope='session')
def data_dir(tmp_path_factory) -> str:
  """One folder of prepared data for all tests."""
  return str(tmp_path_factory.mktemp('data'))


@pytest.fixture
def truth_topics() -> tuple[str, ...]:
  """The six topics of the data set `truth`."""
  return ('animal_class', 'cities', 'element_symb', 'facts', 'inventors',
          'sp_en_trans')


@pytest.fixture
def manual_dir(tmp_path, truth_topics) -> pathlib.Path:
  """Source files of the data set `truth`, of two statements each."""
  folder = tmp_path / 'manual' / 'truth'
  folder.mkdir(parents=True)
  for parts in itertools.product(('', 'neg_'), truth_topics, ('', '_de')):
    stem = ''.join(parts)
    (folder / f'{stem}.csv').write_text(
        f'statement,label\n"{stem} is one, ‘quoted’.",1\nIt is not.,0\n',
        encoding='utf-8')
  return tmp_path / 'manual'


class _Pages(http.server.BaseHTTPRequestHandler):
  """Serves what a test gives it."""

  pages: dict[str, bytes]

  def do_GET(self):
    content = self.pages.get(self.path)
    if content is None:
      self.send_error(404)
      return
    self.send_response(200)
    self.send_header('Content-Length', str(len(content)))
    self.end_headers()
    self.wfile.write(content)

  def log_message(self, *args):
    del args


@pytest.fixture
def serve():
  """Path → content, served at the address that it returns."""
  servers = []

  def start(pages: dict[str, bytes]) -> str:
    handler = type('Handler', (_Pages,), {'pages': pages})
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    servers.append((server, thread))
    return f'http://127.0.0.1:{server.server_port}'

  yield start
  for server, thread in servers:
    server.shutdown()
    thread.join()
    server.server_close()
