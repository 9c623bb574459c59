"""Compressed data that a page opened from disk can load.

A page at `file://` may not fetch its neighbours, but it may run them: a chunk
is a script that hands its name and its content to `uncertaintyItems`. The
content is JSON, deflated, in base64.
"""

import base64
import json
import pathlib
import zlib
from typing import Any

from uncertainty import files

_LEVEL = 4  # 6 saves 6 % and takes two and a half times as long
RAW_BYTES = 400_000  # of one chunk's JSON: read and unpacked in milliseconds


def packed(name: str, content: Any) -> bytes:
  """One chunk as the script that hands it over.

  Args:
    name: which chunk the page asked for.
    content: JSON values; no NaN.

  Returns:
    ASCII: `uncertaintyItems("NAME","BASE64");`, where the base64 is of zlib's
    format.
  """
  raw = _json(content).encode('utf-8', 'surrogatepass')
  text = base64.b64encode(zlib.compress(raw, _LEVEL)).decode('ascii')
  return f'uncertaintyItems({json.dumps(name)},"{text}");\n'.encode('ascii')


def _json(content: Any) -> str:
  return json.dumps(
      content, ensure_ascii=False, separators=(',', ':'), allow_nan=False)


def write(folder: pathlib.Path, name: str, content: Any) -> None:
  """Writes one chunk.

  Args:
    folder: which the name is a path in.
    name: of the chunk, `FOLDER/CHUNK`; the file adds `.js`.
    content: as `packed` takes it.

  Raises:
    UserError: the disk is full, or the folder may not be written to.
  """
  path = folder / f'{name}.js'
  with files.writing(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(packed(name, content))


def rows_a_chunk(rows: list[Any], beside: int = 1) -> int:
  """How many rows fill a chunk.

  Args:
    rows: of which the first are weighed.
    beside: tables of such rows that share each chunk.

  Returns:
    A number of rows, 1 or more, whose JSON is about `RAW_BYTES`.
  """
  sample = rows[:64]
  if not sample:
    return 1
  each = len(_json(sample)) / len(sample) * beside
  return max(1, int(RAW_BYTES / each))
