"""Figures: on the page, and one click away as SVG, PDF, PNG and CSV."""

from collections.abc import Callable

from markupsafe import Markup

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
  """A plot on the page, and its files.

  Args:
    content: the plot.
    name: of its files, which may hold names out of data.
    title: above the picture of the files, and what the page calls it.
    caption: what is drawn and how to read it.
    tables: says where files go.

  Returns:
    The block.

  Raises:
    UserError: the disk is full, or the folder may not be written to.
  """
  folder = tables.figures()
  stem = drawing.save(plot_scene.drawn(content, title), name, folder)
  table_files.to_csv(plots.frame(content), folder / f'{stem}.csv')
  body = Markup('<div data-plot><script type="application/json">{}</script>'
                '</div>').format(Markup(plots.content(content)))
  return blocks.figure(body, title, caption, stem)


def heat(panel: heatmap.Heatmap, name: str, title: str, caption: str,
         tables: AnalysisTables,
         called: Callable[[str], str] = names.measure) -> Markup:
  """A heatmap on the page, and its files.

  Args:
    panel: the heatmap.
    name: as in `plot`, like what follows.
    title: as in `plot`; may have several lines.
    caption: as in `plot`.
    tables: as in `plot`.
    called: what a row is called.

  Returns:
    The block.

  Raises:
    UserError: the disk is full, or the folder may not be written to.
  """
  folder = tables.figures()
  stem = drawing.save(heatmap_scene.drawn(panel, title, called), name, folder)
  table_files.to_csv(heatmap.frame(panel), folder / f'{stem}.csv')
  return blocks.figure(heatmap.to_html(panel, called),
                       ', '.join(title.splitlines()), caption, stem)
