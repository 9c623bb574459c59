"""The loop within the process, run here on lines of its own."""

import io
import json
import resource
import signal

from uncertainty import limited_process


def test_each_line_is_answered_within_its_seconds(monkeypatch, capsys):
  set_to = []
  monkeypatch.setattr(resource, 'setrlimit', lambda kind, to: set_to.append(to))
  monkeypatch.setattr(signal, 'setitimer', lambda _, s: set_to.append(s))
  monkeypatch.setattr('sys.argv', ['script', '1024', 'a', 'b'])
  monkeypatch.setattr('sys.stdin', io.StringIO(
      '{"x": 1, "seconds": 2}\n{"x": 3, "seconds": 4.5}\n'))
  limited_process.serve(lambda *settings: lambda request: {
      'of': settings, 'x': request['x']})
  lines = capsys.readouterr().out.splitlines()
  assert [json.loads(line) for line in lines] == [
      {'of': ['a', 'b'], 'x': 1}, {'of': ['a', 'b'], 'x': 3}]
  assert set_to == [(1024, 1024), (0, 0), 2, 0, 4.5, 0]
