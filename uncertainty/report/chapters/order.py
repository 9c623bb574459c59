"""The chapters of the page, in their order."""

from collections.abc import Callable

from uncertainty.report import blocks
from uncertainty.report.chapters import (
  activations,
  alignment,
  answer,
  calibration,
  claims,
  doubt,
  explore,
  flaws,
  instruct,
  items,
  joint,
  methods,
  people,
  rater_groups,
  sets,
  steering,
  summary,
  tuned,
)
from uncertainty.report.tables import AnalysisTables
from uncertainty.specs import StudySpec

# A chapter that has nothing to say is None and left out.
CHAPTERS: dict[
    str, Callable[[AnalysisTables, StudySpec], blocks.Chapter | None]] = {
    'answer': answer.chapter,
    'claims': claims.chapter,
    'items': items.chapter,
    'explore': explore.chapter,  # of the items written just before
    'summary': summary.chapter,
    'alignment': alignment.chapter,
    'calibration': calibration.chapter,
    'sets': sets.chapter,
    'joint': joint.chapter,
    'instruct': instruct.chapter,
    'tuned': tuned.chapter,
    'people': people.chapter,
    'rater_groups': rater_groups.chapter,
    'activations': activations.chapter,
    'doubt': doubt.chapter,
    'steering': steering.chapter,
    'reproduction': flaws.reproduction,
    'flaws': flaws.flaws,
    'cells': methods.cells,
    'methods': methods.methods,
}
