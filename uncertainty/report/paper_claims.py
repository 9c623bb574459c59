"""The paper's claims: as it makes them, as they stand now, and why.

A section of REPRODUCTION.md (`launch/reproduction.py`). What is said to stand
comes from `claims` of the analysis, not from here.
"""

import dataclasses

from uncertainty.report.tables import AnalysisTables
from uncertainty.results import columns, derived


@dataclasses.dataclass(frozen=True)
class PaperClaim:
  """A conclusion of the paper (abstract, sections on each figure).

  Attributes:
    says: the conclusion.
    made: the statistic behind it, by the recipe that reproduces its figure.
    claims: ids of the study's claims about the same.
    why: what the sound way does otherwise.
    otherwise: what stands where the files allow no claim.
  """

  says: str
  made: str
  claims: tuple[str, ...]
  why: str
  otherwise: str = ''


PAPER_CLAIMS = (
    PaperClaim(
        "Models' overt uncertainty is like people's.",
        "Spearman's ρ of 17 measures with people's entropy in every model; "
        'cells with p < .05/2040 are shown, and the strongest stand out.',
        ('aligned',),
        'One measure is fixed beforehand, since the best of 17 excludes zero '
        'in a fifth of studies without any alignment. Items are resampled, '
        'each with the people who were asked about it; Holm over the models.'),
    PaperClaim(
        'Some measures of some models are well calibrated.',
        'Root mean squared gap over 15 bins or the sweep binning, as it comes; '
        'free responses are held against the multiple-choice answer.',
        ('calibrated', 'sure_and_right'),
        'The plain error of a perfectly calibrated model is about .15 with 100 '
        'items, so the noise is taken off and the interval is held against a '
        'threshold stated beforehand. Confidence is the probability among the '
        'choices. Ranking (right where sure) is another question.'),
    PaperClaim(
        'Alignment and calibration are present together.',
        'Cells that are both, counted over models and measures.',
        ('joint_presence',),
        'Cells of one family of models or one kind of measure are not '
        'independent: chance is what cells of another family and another kind '
        'have together, families and kinds are the units, and whole families '
        'and whole kinds are permuted.'),
    PaperClaim(
        'Instruction tuning changes alignment and calibration.',
        'Wilcoxon signed-rank over 15 pairs, p < .05/17.',
        ('instruct_alignment', 'instruct_calibration', 'instruct_accuracy'),
        'The pairs come from six families, which are the unit: fifteen pairs '
        'taken as independent reject a true null in .24 of studies. Chat '
        'template and stray brace change with tuning in these files and cannot '
        'be told from it.'),
    PaperClaim(
        "Activations hold people's uncertainty.",
        'Mean R² of ten folds by layer, the best layers standing out.',
        ('probe_beyond_output',),
        'A claim needs the layer chosen away from the cell it is shown in, '
        'and what activations add to output confidence and difficulty on items '
        "that no choice has seen; the paper's files hold R² alone. "
        "`configs/coane_probe.py` makes the claim from a model's weights.",
        'No claim can be made from these files.'),
)


def section(tables: AnalysisTables) -> list[str]:
  """Markdown paragraphs, one a claim of the paper.

  Args:
    tables: of a run of `configs/published.py`.

  Returns:
    The section; empty without `claims`.
  """
  if not tables.has('claims'):
    return []
  parts = [
      '## What changes in the conclusions',
      ('Each claim of the paper as it was made, as it stands on the same '
       'files, and why. Verdicts are of `analysis/claims.parquet`; what they '
       'are worth is measured in docs/validity.md.')]
  for claim in PAPER_CLAIMS:
    stands = [line for name in claim.claims
              for line in _stands(tables, name)] or [
                  claim.otherwise or 'No claim is made of it.']
    parts.append(
        f'**{claim.says}**\n\n- As made: {claim.made}\n'
        + ''.join(f'- Now: {line}\n' for line in stands)
        + f'- Why: {claim.why}')
  return parts


def _stands(tables: AnalysisTables, name: str) -> list[str]:
  """Verdicts of one claim: sentences about many models, counts of the rest."""
  rows = tables.get('claims')
  rows = rows[rows[derived.CLAIM] == name]
  lines = []
  for dataset, part in rows.groupby(derived.DATA, sort=False):
    if (part[columns.MODEL] == '').all():
      lines += [f'{dataset}: {sentence}' for sentence in part[derived.SENTENCE]]
      continue
    counts = part[derived.VERDICT].value_counts()
    said = ', '.join(f'{n} {verdict}' for verdict, n in counts.items())
    lines.append(f'{dataset}, `{name}`: of {len(part)} models {said}.')
  return lines
