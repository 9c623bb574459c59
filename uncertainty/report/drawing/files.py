"""Keeps a scene as PNG, SVG and PDF."""

import pathlib

from uncertainty import files
from uncertainty.report.drawing import pdf, scene, svg
from uncertainty.results import shards


def _png(picture: scene.Scene) -> bytes:
  from uncertainty.report.drawing import png  # which imports matplotlib

  return png.written(picture)


_WRITERS = {'svg': svg.written, 'pdf': pdf.written, 'png': _png}
FORMATS = tuple(_WRITERS)


def save(picture: scene.Scene, name: str, folder: pathlib.Path) -> str:
  """Writes a picture in every format, each file whole or not at all.

  Where the SVG is there already, letter for letter, all files stay.

  Args:
    picture: the scene.
    name: of the picture, which may hold names out of data.
    folder: is made.

  Returns:
    The files' stem.

  Raises:
    UserError: the disk is full, or the folder may not be written to.
  """
  stem = files.stem(name)
  paths = {suffix: folder / f'{stem}.{suffix}' for suffix in _WRITERS}
  drawn = svg.written(picture)
  if all(path.exists() for path in paths.values()) and (
      paths['svg'].read_bytes() == drawn):
    return stem
  # The SVG comes last: where it is, the others are.
  for suffix in reversed(FORMATS):
    with shards.replacing(paths[suffix]) as file:
      file.write(drawn if suffix == 'svg' else _WRITERS[suffix](picture))
  return stem
