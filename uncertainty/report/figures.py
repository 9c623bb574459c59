"""Figures: on the page, and one click away as SVG, PDF, PNG and CSV."""

from collections.abc import Callable

import pandas as pd
from markupsafe import Markup

from uncertainty import files
from uncertainty.report import (
  blocks,
  drawing,
  heatmap,
  heatmap_scene,
  names,
  plot_scene,
  plots,
  table_files,
)
from uncertainty.report.tables import AnalysisTables


def plot(content: plots.Plot, name: str, title: str, caption: str,
         tables: AnalysisTables) -> Markup:
  """A plot on the page; its files are left to `tables.write_files`.

  Args:
    content: the plot.
    name: of its files, which may hold names out of data.
    title: above the picture of the files, and what the page calls it.
    caption: what is drawn and how to read it.
    tables: says where files go.

  Returns:
    The block.
  """
  stem = _kept(lambda: plot_scene.drawn(content, title),
               lambda: plots.frame(content), name, tables)
  body = Markup('<div data-plot><script type="application/json">{}</script>'
                '</div>').format(Markup(plots.content(content)))
  return blocks.figure(body, title, caption, stem)


def heat(panel: heatmap.Heatmap, name: str, title: str, caption: str,
         tables: AnalysisTables,
         called: Callable[[str], str] = names.measure) -> Markup:
  """A heatmap on the page; its files are left to `tables.write_files`.

  Args:
    panel: the heatmap.
    name: as in `plot`, like what follows.
    title: as in `plot`; may have several lines.
    caption: as in `plot`.
    tables: as in `plot`.
    called: what a row is called.

  Returns:
    The block.
  """
  stem = _kept(lambda: heatmap_scene.drawn(panel, title, called),
               lambda: heatmap.frame(panel), name, tables)
  return blocks.figure(heatmap.to_html(panel, called),
                       ', '.join(title.splitlines()), caption, stem)


def _kept(draw: Callable[[], drawing.Scene], table: Callable[[], pd.DataFrame],
          name: str, tables: AnalysisTables) -> str:
  """The stem of the files that a figure will have."""
  folder, stem = tables.figures(), files.stem(name)

  def write() -> None:
    drawing.save(draw(), name, folder)
    table_files.to_csv(table(), folder / f'{stem}.csv')

  tables.unwritten[f'figures/{stem}'] = write
  return stem
