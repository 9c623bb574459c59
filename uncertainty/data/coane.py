"""Coane & Umanath (2021): general-knowledge questions with people's answers.

421 questions answered by free recall and by multiple choice, with response
times. Behavior Research Methods 53, 999-1015, CC BY 4.0; its supplement is a
Word file with two tables, read here with the standard library.
"""

import math
import pathlib
from collections.abc import Iterator, Sequence
from itertools import permutations
from xml.etree import ElementTree

import tensorflow_datasets as tfds
from typing_extensions import override

from uncertainty import files, human
from uncertainty.data import builder, sources
from uncertainty.results import columns
from uncertainty.types import Item, UserError

SUPPLEMENT = sources.Source(
    path='13428_2020_1493_MOESM1_ESM.docx',
    # Of the copy that shipped with the published results; not yet compared
    # with the publisher's site.
    digest='sha256:'
           'ff1e1d52d44a89a6e3200bf9f684a91185427408f5af404f627e20d668f041b5',
    url='https://static-content.springer.com/esm/'
        'art%3A10.3758%2Fs13428-020-01493-2/MediaObjects/'
        '13428_2020_1493_MOESM1_ESM.docx',
)

_WORD = '{http://schemas.openxmlformats.org/wordprocessingml/2006/main}'
_DOCUMENT_BYTES = 1 << 24  # unpacked; the supplement's has 10.5 million
_BREAKS = {_WORD + 'tab': '\t', _WORD + 'br': '\n',
           _WORD + 'noBreakHyphen': '-'}

# The order in which the published runs showed the choices. It was drawn at
# random with no seed on record, so it is kept here: letter i of a to x is the
# i-th permutation, in lexicographic order, of (foil 1, foil 2, foil 3, answer).
_ORDERS = tuple(permutations(range(4)))
_SHOWN = (
    'aifiheciffbpqlkrxpdxhgntbveuqbdmmkgckpdpxinkbwuiigjuvgpwiapgicpwvmfqfb'
    'qsxerpitorajlnpkiixktvsajniefslrglnxlnhqleigqevamujiwdbfapwkberqovxlng'
    'gljihjxnkuutjfkpdpkdekuxvuwgkkhbujndqxcrelefvgwplrjlfnbtbrtwtxudkllkeh'
    'oedrctbempvuixweqmgdfshjloufaxockgrsrbnxxcdteoosmbddxtxsktpwljkptlvgjq'
    'lpsviprsncckovktomiscuoefastmworotlgbbklxvxlreohnxxfhfsikmibeirihonkpl'
    'nfqkpbljxvoucfkjefnioboxewenxnbjbhcrmukhxuficejtfawktpufsbdiddbdxmsuth'
    'x'
)


class Coane(builder.ItemBuilder):
  """General-knowledge questions with people's answers and response times."""

  VERSION = tfds.core.Version('1.1.0')
  name = 'coane'
  SOURCES = (SUPPLEMENT,)

  @override
  @classmethod
  def read(cls, paths: builder.Paths) -> Iterator[Item]:
    recall, choice = tables(paths[SUPPLEMENT.path])
    for row, (free, multiple) in enumerate(zip(recall, choice, strict=True)):
      yield _item(row, free, multiple)


def tables(path: pathlib.Path) -> tuple[list[list[str]], list[list[str]]]:
  """The supplement's tables A1 (recall) and A2 (choice): rows of cells.

  Args:
    path: the supplement, a Word file.

  Returns:
    Both tables, a list of cells' texts per question.

  Raises:
    UserError: the file is not the supplement.
  """
  with files.malformed(f'{path}, the supplement of Coane & Umanath (2021)',
                       'download it again'):
    text = files.zip_member(
        path, 'word/document.xml', _DOCUMENT_BYTES).decode('utf-8')
    if '<!DOCTYPE' in text:
      raise ValueError('it defines entities, which Word does not')
    body = ElementTree.fromstring(text).find(_WORD + 'body')
    assert body is not None
    recall, choice = (_rows(table, n_cells) for table, n_cells in
                      zip(body.findall(_WORD + 'tbl'), (16, 14), strict=True))
  if len(recall) != len(_SHOWN) or any(
      a[4].strip() != b[5].strip() for a, b in zip(recall, choice)):
    raise UserError(f'{path}: its two tables do not hold the same {len(_SHOWN)}'
                    ' questions; download the supplement again')
  return recall, choice


def _rows(table: ElementTree.Element, n_cells: int) -> list[list[str]]:
  """The table's rows, without its headings, which recur and lack a set."""
  rows = ([_text(cell) for cell in row.findall(_WORD + 'tc')]
          for row in table.findall(_WORD + 'tr'))
  return [row for row in rows
          if len(row) == n_cells and row[0].strip() in ('A', 'B', 'C', 'D')]


def _text(cell: ElementTree.Element) -> str:
  paragraphs = (''.join(
      node.text or '' if node.tag == _WORD + 't' else _BREAKS.get(node.tag, '')
      for node in paragraph.iter()) for paragraph in cell.findall(_WORD + 'p'))
  # Without non-breaking spaces, like the published table (so that row 233
  # reads "youcall" there and here).
  return '\n'.join(paragraphs).replace('\xa0', '').strip()


def _item(row: int, free: Sequence[str], multiple: Sequence[str]) -> Item:
  """One question; cells as in the supplement's tables A1 and A2."""
  foils, answer = multiple[10:13], multiple[6]
  words = [foil.rpartition('(')[0].strip() for foil in foils] + [answer]
  shares = [float(foil.rpartition('(')[2].rstrip('%) ')) / 100
            for foil in foils] + [float(multiple[7])]
  order = _ORDERS[ord(_SHOWN[row]) - ord('a')]
  signals = {**_recall_signals(free), **choice_signals(multiple)}
  other_error, other_error_time = _number(free[10]), _number(free[15])
  return Item(
      item_id=f'coane-{row:03d}',
      question=free[4],
      choices=tuple(words[i] for i in order),
      answer=order.index(3),
      answer_text=answer,
      human_shares=tuple(shares[i] for i in order),
      human=signals,
      cluster=human.question_cluster(free[4]),
      extra={
          'row': row,
          'set': free[0],
          'printed_shares': [shares[i] for i in order],
          # Errors that the authors could not place; the published table
          # leaves them out of every proportion, and so do the columns above.
          'fr_prop_other_error': other_error,
          'fr_rt_other_error': other_error_time,
      },
  )


def _recall_signals(row: Sequence[str]) -> dict[str, float]:
  """Free recall: correct, did not remember, did not know, and wrong."""
  correct, dr, dk, wrong = (_number(cell) for cell in row[6:10])
  rt_correct, rt_dr, rt_dk, rt_wrong = (_number(cell) for cell in row[11:15])
  total = correct + dr + dk + wrong
  return {
      columns.HUMAN_FR_PROP_CORRECT: correct / total,
      columns.HUMAN_FR_PROP_WRONG: wrong / total,
      columns.HUMAN_FR_PROP_DK: dk / total,
      columns.HUMAN_FR_PROP_DR: dr / total,
      columns.HUMAN_FR_RT_CORRECT: rt_correct,
      columns.HUMAN_FR_RT_WRONG: rt_wrong,
      columns.HUMAN_FR_RT_DK: rt_dk,
      columns.HUMAN_FR_RT_DR: rt_dr,
      columns.HUMAN_FR_PROP_ANSWERED: (correct + wrong) / total,
      columns.HUMAN_FR_PROP_NOT_ANSWERED: (dk + dr) / total,
      columns.HUMAN_FR_RT_ANSWERED: mean_time(
          (correct, wrong), (rt_correct, rt_wrong)),
      columns.HUMAN_FR_RT_NOT_ANSWERED: mean_time((dk, dr), (rt_dk, rt_dr)),
  }


def choice_signals(row: Sequence[str]) -> dict[str, float]:
  """Multiple choice: proportions and response times of one row of table A2.

  Args:
    row: its cells' texts.

  Returns:
    Results column → value; times in ms, NaN where missing. One row of the table
    prints the time of right answers in the column of errors.
  """
  correct, rt_wrong, rt_correct = (_number(cell) for cell in row[7:10])
  combined = mean_time((correct, 1 - correct), (rt_correct, rt_wrong))
  if correct == 1 and math.isnan(rt_correct):
    # One row prints the time in the column of errors, though nobody erred.
    rt_correct, rt_wrong = rt_wrong, rt_correct
  return {
      columns.HUMAN_MC_PROP_CORRECT: correct,
      columns.HUMAN_MC_PROP_WRONG: 1 - correct,
      columns.HUMAN_MC_RT_CORRECT: rt_correct,
      columns.HUMAN_MC_RT_WRONG: rt_wrong,
      columns.HUMAN_MC_RT_COMBINED: combined,
  }


def mean_time(shares: Sequence[float], times: Sequence[float]) -> float:
  """Mean response time, Σ share · time / Σ share over kinds that have a time.

  Args:
    shares: of each kind of answer.
    times: in ms, NaN where missing.

  Returns:
    The mean in ms; NaN if none has a time.
  """
  known = [(p, t) for p, t in zip(shares, times) if p > 0 and not math.isnan(t)]
  if not known:
    return math.nan
  return sum(p * t for p, t in known) / sum(p for p, _ in known)


def _number(cell: str) -> float:
  return float(cell) if cell else math.nan
