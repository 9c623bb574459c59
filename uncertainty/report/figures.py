"""Pictures: each is drawn once wide and once narrow, and kept as PNG."""

import base64
import dataclasses
import html
import io
import math
import pathlib
from collections.abc import Callable, Sequence

import pandas as pd
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from uncertainty.results import shards

# Okabe & Ito (2008): told apart by colour-blind readers.
PALETTE = ('#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9',
           '#000000', '#F0E442')
INK = '#333333'
WIDE, NARROW = 9.2, 4.0  # inches; the page shows about 100 pixels an inch


@dataclasses.dataclass(frozen=True)
class Picture:
  """A picture on the page: where it is kept, and how it is shown."""

  path: pathlib.Path
  markup: Markup


def save(
    name: str, draw: Callable[[float], Figure], folder: pathlib.Path, alt: str
) -> Picture:
  """Draws at both widths, keeps the wide one as PNG, embeds both.

  The file takes its name once it is whole.

  Args:
    name: file stem.
    draw: width in inches → figure.
    folder: the report's figures folder.
    alt: what the picture shows, for readers who do not see it.

  Returns:
    The picture, to be put on the page.

  Raises:
    UserError: the disk is full, or the folder may not be written to.
  """
  path = folder / f'{name}.png'
  wide = _png(draw(WIDE))
  with shards.replacing(path) as file:
    file.write(wide)
  return Picture(path, Markup(
      '<picture>'
      f'<source media="(max-width: 640px)" srcset="{_uri(_png(draw(NARROW)))}">'
      f'<img src="{_uri(wide)}" alt="{html.escape(alt)}"></picture>'))


def _png(figure: Figure) -> bytes:
  """A picture of 64 colours: a third of the bytes, and no eye tells."""
  drawn, small = io.BytesIO(), io.BytesIO()
  figure.savefig(drawn, format='png', dpi=150, pil_kwargs={'compress_level': 1})
  Image.open(drawn).convert('RGB').quantize(64).save(small, format='png')
  return small.getvalue()


def _uri(png: bytes) -> str:
  return 'data:image/png;base64,' + base64.b64encode(png).decode('ascii')


def panels(
    names: Sequence[str], width: float,
    draw: Callable[[Axes, str], None], *, per_row: int = 3,
    ratio: float = 0.95, share: bool = True,
    title: Callable[[str], str] = str,
) -> Figure:
  """Small multiples, one panel a name, as many in a row as the width takes.

  Args:
    names: of the panels.
    width: of the figure, inches.
    draw: draws the panel of a name.
    per_row: panels in a row, at most; one where the width is 6 or less.
    ratio: height of a panel over its width.
    share: whether all panels have the same scales.
    title: a panel's title.

  Returns:
    The figure.
  """
  columns = max(1, min(len(names), per_row if width > 6 else 1))
  rows = math.ceil(len(names) / columns)
  cell = min(width / columns, 4.2)
  figure = Figure(
      figsize=(cell * columns, cell * ratio * rows), layout='constrained')
  grid = figure.subplots(
      rows, columns, squeeze=False, sharex=share, sharey=share)
  for axes, name in zip(grid.flat, names, strict=False):
    draw(axes, name)
    axes.set_title(title(name), fontsize=9, loc='left', color=INK)
    bare(axes)
    if share:
      axes.label_outer()
  for axes in grid.flat[len(names):]:
    axes.set_visible(False)
  return figure


def bare(axes: Axes) -> None:
  """Takes off what carries no data.

  Args:
    axes: of one panel.
  """
  for side in ('top', 'right'):
    axes.spines[side].set_visible(False)
  axes.tick_params(labelsize=8, colors=INK)


def scatter(
    items: pd.DataFrame, models: Sequence[str], x: str, y: str,
    labels: tuple[str, str], width: float,
) -> Figure:
  """People against model, a point an item, with the medians of ten slices.

  Args:
    items: a row a model and item; both columns lie between 0 and 1.
    models: of the panels.
    x: people's column.
    y: the model's column.
    labels: of both axes.
    width: inches.

  Returns:
    The figure; the line of medians needs 40 items.
  """

  def draw(axes, model):
    rows = items[items['model'] == model][[x, y]].dropna()
    axes.scatter(rows[x], rows[y], s=9, alpha=0.35, lw=0, color=PALETTE[0])
    if len(rows) >= 40:
      # Ranks break ties, so that slices are equal however few values x has.
      tenth = pd.qcut(rows[x].rank(method='first'), 10, labels=False)
      axes.plot(rows.groupby(tenth)[x].mean(), rows.groupby(tenth)[y].median(),
                color=PALETTE[1], lw=1.8, marker='o', ms=3)
    axes.set_xlim(-0.03, 1.03)
    axes.set_ylim(-0.03, 1.03)
    axes.set_xlabel(labels[0], fontsize=8)
    axes.set_ylabel(labels[1], fontsize=8)

  return panels(models, width, draw)


def reliability(
    bins: pd.DataFrame, models: Sequence[str], x_label: str, y_label: str,
    width: float) -> Figure:
  """Accuracy against confidence in bins; a point's area is its items.

  Args:
    bins: a row a model and bin: confidence, accuracy, count, and the interval
      of accuracy (ci_low, ci_high) if there is one.
    models: of the panels.
    x_label: what confidence is a probability of.
    y_label: what accuracy is the share of.
    width: inches.

  Returns:
    The figure.
  """

  def draw(axes, model):
    rows = bins[bins['model'] == model].dropna(
        subset=['confidence', 'accuracy'])
    axes.plot([0, 1], [0, 1], color='#bbbbbb', lw=1, ls='--')
    if {'ci_low', 'ci_high'} <= set(rows):
      axes.vlines(rows['confidence'], rows['ci_low'], rows['ci_high'],
                  color=PALETTE[0], lw=1, alpha=0.6)
    area = 140 * rows['count'] / max(rows['count'].sum(), 1)
    axes.plot(rows['confidence'], rows['accuracy'], color=PALETTE[0], lw=1.2)
    axes.scatter(rows['confidence'], rows['accuracy'], s=8 + area,
                 color=PALETTE[0], zorder=3)
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    axes.set_xlabel(x_label, fontsize=8)
    axes.set_ylabel(y_label, fontsize=8)

  return panels(models, width, draw)
