"""The chapter that draws items by any two of their numbers."""

import importlib.resources

from markupsafe import Markup

from uncertainty import files
from uncertainty.report import blocks
from uncertainty.report.tables import AnalysisTables
from uncertainty.specs import StudySpec


def chapter(tables: AnalysisTables, spec: StudySpec) -> blocks.Chapter | None:
  """The Explore view, over the chunks that the chapter on items wrote.

  What it draws with goes to `report/explore`, where the page loads it from
  once the view is opened.

  Args:
    tables: the analysis.
    spec: the study's config; not read.

  Returns:
    What `explore.js` starts from; None where there are no items.

  Raises:
    UserError: no space, or a folder that may not be written to.
  """
  del spec
  report = tables.workdir / 'report'
  if not (report / 'items').is_dir():
    return None
  folder = report / 'explore'
  with files.writing(folder):
    folder.mkdir(exist_ok=True)
    for vendored in importlib.resources.files('uncertainty.report').joinpath(
        'vendored').iterdir():
      (folder / vendored.name).write_bytes(vendored.read_bytes())
  return blocks.Chapter('explore', 'Explore', (
      blocks.text(
          'Each item is a point: choose what to draw it by, and open it by a '
          'click or Enter. This is to look around in: a pattern found here is '
          'no finding; those stand under Claims.'),
      Markup('<details data-explore><summary>Draw the items</summary>'
             '</details>')))
