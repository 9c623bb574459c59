"""The chapter on items: any of them opens."""

import json

from markupsafe import Markup

from uncertainty.report import blocks
from uncertainty.report import items as every_item
from uncertainty.report.tables import AnalysisTables
from uncertainty.specs import StudySpec


def chapter(
    tables: AnalysisTables, spec: StudySpec) -> blocks.Chapter | None:
  """The item view, over the chunks that it writes beside the page.

  Args:
    tables: the analysis.
    spec: the study's config.

  Returns:
    The catalogue that `items.js` starts from; None without results.

  Raises:
    UserError: results that cannot be read, or no space.
  """
  catalogue = every_item.write(tables, spec)
  if not catalogue:
    return None
  embedded = json.dumps(catalogue, ensure_ascii=False).replace('<', '\\u003c')
  return blocks.Chapter('items', 'Items', (
      blocks.text(
          'Every item with what people and models made of it. The address of '
          'this page names the item that is open; percentiles of doubt are '
          'among all items of the data set, 100 the least sure.'),
      Markup('<div data-items><script type="application/json">'
             f'{embedded}</script></div>'),
      Markup('<noscript><p>Items are drawn by a script, which this browser '
             'does not run.</p></noscript>')))
