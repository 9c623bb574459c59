"""A bucket on this machine whose requests can be made to fail: moto, a proxy.

    python launch/bucket_server.py [--faults=0.1] [--seed=0]

Serves S3 until it is stopped, and prints what to export for it. With `--faults`
that share of requests gets a 503, loses its connection in the middle of what it
sends, or loses the answer. Needs the extra `test-buckets`.
"""

import argparse
import contextlib
import http.client
import http.server
import logging
import random
import re
import socket
import threading
import urllib.parse
from collections.abc import Callable, Iterator, Sequence

BUCKET = 'bucket'
UNAVAILABLE, CUT, DEAF = '503', 'cut', 'deaf'
_ENVIRONMENT = {
    'AWS_ACCESS_KEY_ID': 'nobody', 'AWS_SECRET_ACCESS_KEY': 'nothing',
    'AWS_DEFAULT_REGION': 'us-east-1', 'NO_PROXY': '127.0.0.1'}
_SLOW = (b'<?xml version="1.0"?><Error><Code>ServiceUnavailable</Code>'
         b'<Message>Reduce your request rate.</Message></Error>')


class Server:
  """Moto behind a proxy.

  Attributes:
    fault: (method, path) → '' or which fault befalls the request: UNAVAILABLE;
      CUT: half of what it sends arrives, and nothing comes back; DEAF: it is
      done, and nothing comes back.
    hidden: name of an object → whether listings lack it, as old ones would.
    requests: (method, path) of all that came.
    url: where it serves.
  """

  def __init__(self) -> None:
    from moto.server import ThreadedMotoServer

    self.fault: Callable[[str, str], str] = lambda method, path: ''
    self.hidden: Callable[[str], bool] = lambda name: False
    self.requests: list[tuple[str, str]] = []
    logging.getLogger('werkzeug').setLevel(logging.WARNING)
    self._moto = ThreadedMotoServer('127.0.0.1', 0, verbose=False)
    self._moto.start()
    self.moto_host = '{}:{}'.format(*self._moto.get_host_and_port())
    self._proxy = http.server.ThreadingHTTPServer(
        ('127.0.0.1', 0), _handler(self))
    self._proxy.daemon_threads = True
    threading.Thread(target=self._proxy.serve_forever, daemon=True).start()
    self.url = f'http://127.0.0.1:{self._proxy.server_port}'
    request = http.client.HTTPConnection(self.moto_host)
    request.request('PUT', f'/{BUCKET}')
    request.getresponse().read()
    request.close()

  @property
  def environment(self) -> dict[str, str]:
    """What a client must be told."""
    return _ENVIRONMENT | {'AWS_ENDPOINT_URL': self.url}

  def close(self) -> None:
    """Ends it; all objects are gone."""
    self._proxy.shutdown()
    self._proxy.server_close()
    self._moto.stop()


@contextlib.contextmanager
def serving() -> Iterator[Server]:
  """A server while the block runs."""
  server = Server()
  try:
    yield server
  finally:
    server.close()


def sometimes(share: float, seed: int) -> Callable[[str, str], str]:
  """Faults at random.

  Args:
    share: of requests that meet one.
    seed: of the chance.

  Returns:
    A `Server.fault`.
  """
  chance = random.Random(seed)

  def fault(method: str, path: str) -> str:
    if chance.random() >= share:
      return ''
    return chance.choice((UNAVAILABLE, CUT, DEAF))

  return fault


def _handler(server: Server) -> type[http.server.BaseHTTPRequestHandler]:
  class Handler(http.server.BaseHTTPRequestHandler):
    """Passes a request on, or spoils it."""

    protocol_version = 'HTTP/1.1'

    def _pass_on(self) -> None:
      body = self._body()
      server.requests.append((self.command, self.path))
      fault = server.fault(self.command, self.path)
      if fault == UNAVAILABLE:
        self._answer(503, [('Content-Type', 'application/xml')], _SLOW)
        return
      headers = {k: v for k, v in self.headers.items()
                 if k.lower() not in ('expect', 'transfer-encoding')}
      headers['Content-Length'] = str(len(body))
      upstream = http.client.HTTPConnection(server.moto_host, timeout=60)
      upstream.putrequest(self.command, self.path, skip_host=True,
                          skip_accept_encoding=True)
      for name, value in headers.items():
        upstream.putheader(name, value)
      upstream.endheaders()
      if fault == CUT:
        upstream.send(body[:len(body) // 2])
        upstream.close()
        self._hang_up()
        return
      upstream.send(body)
      answer = upstream.getresponse()
      content = answer.read()
      upstream.close()
      if fault == DEAF:
        self._hang_up()
        return
      if 'list-type' in self.path:
        content = _without(content, server.hidden)
      kept = [(k, v) for k, v in answer.getheaders() if k.lower() not in (
          'transfer-encoding', 'connection', 'content-length')]
      length = answer.getheader('Content-Length')
      self._answer(answer.status, kept, content,
                   length if self.command == 'HEAD' else None)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass_on

    def _body(self) -> bytes:
      if self.headers.get('Transfer-Encoding', '').lower() != 'chunked':
        return self.rfile.read(int(self.headers.get('Content-Length', 0)))
      parts = []
      while size := int(self.rfile.readline().split(b';')[0], 16):
        parts.append(self.rfile.read(size))
        self.rfile.readline()
      while self.rfile.readline().strip():
        pass
      return b''.join(parts)

    def _answer(self, status: int, headers: Sequence[tuple[str, str]],
                content: bytes, length: str | None = None) -> None:
      self.send_response_only(status)
      for name, value in headers:
        self.send_header(name, value)
      self.send_header('Content-Length', length or str(len(content)))
      self.end_headers()
      if self.command != 'HEAD':
        self.wfile.write(content)

    def _hang_up(self) -> None:
      self.close_connection = True
      self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *arguments: object) -> None:
      pass

    def handle(self) -> None:
      with contextlib.suppress(OSError, ValueError):
        super().handle()

    def finish(self) -> None:
      with contextlib.suppress(OSError, ValueError):
        super().finish()

  return Handler


def _without(listing: bytes, hidden: Callable[[str], bool]) -> bytes:
  def kept(found: re.Match) -> bytes:
    key = urllib.parse.unquote(found[1].decode())
    return b'' if hidden(key.partition('/')[2]) else found[0]

  return re.sub(rb'<Contents>\s*<Key>(.*?)</Key>.*?</Contents>', kept, listing,
                flags=re.DOTALL)


def main(argv: Sequence[str] | None = None) -> None:
  parser = argparse.ArgumentParser(description=(__doc__ or '').split('\n')[0])
  parser.add_argument('--faults', type=float, default=0)
  parser.add_argument('--seed', type=int, default=0)
  options = parser.parse_args(argv)
  with serving() as server:
    server.fault = sometimes(options.faults, options.seed)
    for name, value in server.environment.items():
      print(f'export {name}={value}')
    print(f'# --workdir=s3://{BUCKET}/run', flush=True)
    with contextlib.suppress(KeyboardInterrupt):
      threading.Event().wait()


if __name__ == '__main__':
  main()
