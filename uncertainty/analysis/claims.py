"""Every claim of the study: what it says, of what, and how it is tested.

A claim is printed only if it holds its error rate in simulated studies
(docs/validity.md, made by launch/worlds.py). The page's sentences come from
here, and other programs read `analysis/claims.parquet`.
"""

import dataclasses
import math
from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np
import pandas as pd
import scipy.stats

from uncertainty.analysis import claims_families as families
from uncertainty.analysis import claims_items as items
from uncertainty.analysis.claims_study import ClaimStudy, Finding
from uncertainty.analysis.scores.stack import Stack, stack_results
from uncertainty.analysis.statistics import multiplicity
from uncertainty.specs import StudySpec

COLUMNS = (
    'claim', 'data', 'model', 'measure', 'question', 'estimate', 'low', 'high',
    'p', 'p_corrected', 'correction_family', 'n_items', 'n_raters', 'n_models',
    'n_families', 'smallest_effect', 'verdict', 'sentence')
VERDICTS = ('supported', 'contradicted', 'cannot tell', 'too little data')
_POWER = 0.8


@dataclasses.dataclass(frozen=True)
class Claim:
  """One claim.

  Attributes:
    id: its name in tables.
    question: in words.
    estimand: what is estimated, with its formula.
    units: what it generalises over.
    estimator: function of a study → one finding a subject.
    interval: how it is made.
    test: of which null, how.
    null: value at which neither verdict is true; None: the threshold
      `analysis.calibrated_below`.
    direction: +1 if a larger estimate supports the claim, −1 a smaller.
    family: claims that are corrected together (Holm), in each data set.
    about_people: whether raters are among its units.
    sentences: verdict → what the page says. Fields: subject, value, low,
      high, level, smallest, threshold, raters, n_families, least_p, needed.
  """

  id: str
  question: str
  estimand: str
  units: str
  estimator: Callable[[ClaimStudy], list[Finding]]
  interval: str
  test: str
  null: float | None
  direction: int
  family: str
  about_people: bool
  sentences: Mapping[str, str]


def _sentences(
    supported: str, contradicted: str, cannot_tell: str,
    too_little: str = 'Too few items or clusters of items for {subject}: no '
    'claim is made.') -> dict[str, str]:
  return dict(zip(VERDICTS, (
      supported, contradicted, cannot_tell, too_little), strict=True))


def _tuning(what: str, unit: str) -> dict[str, str]:
  shown = (f'({unit} {{value}}, {{level}} interval {{low}} to {{high}}, '
           '{n_families} families)')
  return _sentences(
      f'Instruction tuning raises {what} {shown}.',
      f'Instruction tuning lowers {what} {shown}.',
      f'Whether instruction tuning changes {what} cannot be told {shown}; '
      'a change of {smallest} would have been seen four times in five.',
      f'No claim about instruction tuning and {what} is possible with '
      '{n_families} families: the smallest p-value that sign flips reach is '
      '{least_p}, and with this many corrected claims {needed} families would '
      f'be needed {shown}.')


_T_FAMILIES = (
    'Student t on family means, families − 1 degrees of freedom, plus the '
    'covariance that families share through items')
_FLIPS = (
    'no change; the larger p of exact sign flips over families and of t')
_FAMILY_UNITS = 'model families; items in clusters'

CLAIMS: tuple[Claim, ...] = (
    Claim(
        'aligned', 'Is the model uncertain where people disagree?',
        'Spearman ρ, over items, of choice entropy H(c)/ln K with the entropy '
        'of the answers of as many people as were asked',
        'items in clusters; raters where their number is published',
        items.aligned,
        'bootstrap of clusters and raters; t on Fisher z',
        'ρ = 0; t of Fisher z over its bootstrap error', 0.0, 1, 'aligned',
        True, _sentences(
            '{subject} is uncertain where people disagree (ρ = {value}, '
            '{level} interval {low} to {high}; {raters}).',
            '{subject} is uncertain where people agree (ρ = {value}, {level} '
            'interval {low} to {high}; {raters}).',
            'Whether {subject} is uncertain where people disagree cannot be '
            'told (ρ = {value}, {level} interval {low} to {high}; a '
            'correlation of {smallest} would have been seen four times in '
            'five; {raters}).')),
    Claim(
        'calibrated', 'Is the model calibrated?',
        'root of θ = Σ w_b (mean confidence − accuracy)² over bins of equal '
        'mass, less its noise; confidence is the largest choice probability, '
        'renormalised over the choices', 'items in clusters',
        items.calibrated,
        'inverted scaled non-central χ² of the squared error',
        'θ = threshold² (analysis.calibrated_below); the same χ²', None, -1,
        'calibrated', False, _sentences(
            '{subject} is calibrated: its error, {value} ({level} interval '
            '{low} to {high}), is below {threshold}.',
            '{subject} is not calibrated: its error, {value} ({level} '
            'interval {low} to {high}), is above {threshold}.',
            'Whether the calibration error of {subject} is below {threshold} '
            'cannot be told ({value}, {level} interval {low} to {high}; one '
            'that lies {smallest} away would have been told four times in '
            'five).')),
    Claim(
        'calibration_difference',
        'Is the instruct model worse calibrated than its base model?',
        'θ(instruct) − θ(base), θ as for `calibrated`, over the same items',
        'items in clusters', items.calibration_difference,
        't with the error of influences over clusters',
        'no difference; t', 0.0, 1, 'calibration_difference', False,
        _sentences(
            '{subject}: tuning raised the squared calibration error (by '
            '{value}, {level} interval {low} to {high}).',
            '{subject}: tuning lowered the squared calibration error (by '
            '{value}, {level} interval {low} to {high}).',
            '{subject}: which of both is better calibrated cannot be told '
            '(squared errors differ by {value}, {level} interval {low} to '
            '{high}; {smallest} would have been seen four times in five).')),
    Claim(
        'sure_and_right', 'Is the model right where it is sure?',
        'AUROC: P(choice entropy of a right answer < of a wrong one), ties '
        'half', 'items in clusters', items.sure_and_right,
        't on the logit, influences (DeLong) over clusters',
        'AUROC = 1/2; the same t', 0.5, 1, 'sure_and_right', False,
        _sentences(
            '{subject} is right where it is sure (AUROC {value}, {level} '
            'interval {low} to {high}).',
            '{subject} is wrong where it is sure (AUROC {value}, {level} '
            'interval {low} to {high}).',
            'Whether {subject} is right where it is sure cannot be told '
            '(AUROC {value}, {level} interval {low} to {high}; one that lies '
            '{smallest} from 1/2 would have been seen four times in five).')),
    Claim(
        'surest_fifth',
        'Is the model righter on its surest fifth of items than on its least '
        'sure?',
        'accuracy on the fifth of items of lowest choice entropy less that on '
        'the fifth of highest', 'items in clusters', items.surest_fifth,
        't with the error of influences over clusters', 'no difference; t',
        0.0, 1, 'surest_fifth', False, _sentences(
            '{subject} is right more often where it is surest (by {value} '
            'between its surest and least sure fifth, {level} interval {low} '
            'to {high}).',
            '{subject} is right less often where it is surest (by {value} '
            'between its surest and least sure fifth, {level} interval {low} '
            'to {high}).',
            'Whether {subject} is right more often where it is surest cannot '
            'be told ({value}, {level} interval {low} to {high}; {smallest} '
            'would have been seen four times in five).')),
    Claim(
        'instruct_alignment', 'Does instruction tuning raise alignment?',
        'mean over families of ρ(instruct) − ρ(base), ρ as for `aligned`',
        _FAMILY_UNITS + '; raters where published',
        families.instruct_alignment, _T_FAMILIES, _FLIPS, 0.0, 1, 'instruct',
        True, _tuning('alignment with people', 'ρ')),
    Claim(
        'instruct_calibration',
        'Does instruction tuning raise the calibration error?',
        'mean over families of θ(instruct) − θ(base), θ as for `calibrated`',
        _FAMILY_UNITS, families.instruct_calibration, _T_FAMILIES, _FLIPS,
        0.0, 1, 'instruct', False,
        _tuning('the calibration error', 'squared error')),
    Claim(
        'instruct_accuracy', 'Does instruction tuning raise accuracy?',
        'mean over families of accuracy(instruct) − accuracy(base)',
        _FAMILY_UNITS, families.instruct_accuracy, _T_FAMILIES, _FLIPS, 0.0,
        1, 'instruct', False, _tuning('accuracy', 'share right')),
)


def claims(
    results: Sequence[Stack] | Mapping[tuple[str, str], pd.DataFrame],
    spec: StudySpec, only: Collection[str] = ()) -> pd.DataFrame:
  """Every claim on every data set and subject, one row each.

  Args:
    results: (dataset, model) → one row per item, or stacks of them.
    spec: `analysis` and `seed` are read.
    only: correction families to make; () makes all.

  Returns:
    `COLUMNS`. p is that of the one claim, p_corrected is Holm's over the
    claims of its correction family in its data set; verdicts go by the
    latter. n_raters is NaN where it is not published or no part of the
    claim; smallest_effect is what this design sees with 80 % power at the
    corrected level, in the estimate's unit.
  """
  stacks = (stack_results(results) if isinstance(results, Mapping)
            else results)
  rows = []
  for stack in stacks:
    study = ClaimStudy(
        stack, spec.analysis.confidence_level, spec.analysis.n_bootstrap,
        spec.analysis.n_bins, spec.analysis.calibrated_below, spec.seed)
    if not study.models:
      continue
    for family in dict.fromkeys(c.family for c in CLAIMS):
      if not only or family in only:
        rows += _family_rows(family, study, spec.analysis.alpha)
  return pd.DataFrame(rows, columns=list(COLUMNS))


def verdict(
    claim: Claim, finding: Finding, p_corrected: float, alpha: float,
    n_tests: int, null: float) -> str:
  """What may be said of one subject."""
  if math.isnan(p_corrected) or finding.least_p * n_tests > alpha:
    return 'too little data'
  if p_corrected >= alpha:
    return 'cannot tell'
  side = np.sign(finding.estimate - null) * claim.direction
  return 'supported' if side > 0 else 'contradicted'


def null_value(claim: Claim, calibrated_below: float) -> float:
  """The estimate at which neither verdict is true."""
  return calibrated_below if claim.null is None else claim.null


def _family_rows(
    family: str, study: ClaimStudy, alpha: float) -> list[tuple]:
  found = [(claim, finding) for claim in CLAIMS if claim.family == family
           for finding in claim.estimator(study)]
  p_X = np.array([finding.p for _, finding in found], float)
  corrected_X = multiplicity.holm(p_X)
  n_tests = int(np.sum(~np.isnan(p_X)))
  rows = []
  for (claim, finding), corrected in zip(found, corrected_X, strict=True):
    null = null_value(claim, study.calibrated_below)
    said = verdict(claim, finding, corrected, alpha, n_tests, null)
    smallest = _smallest_effect(finding, alpha / max(n_tests, 1))
    sentence = claim.sentences[said].format(**_fields(
        claim, finding, study, smallest, alpha / max(n_tests, 1)))
    rows.append((
        claim.id, study.stack.dataset, finding.model, finding.measure,
        claim.question, finding.estimate, finding.low, finding.high,
        finding.p, corrected, family, finding.n_items,
        study.n_raters if claim.about_people else np.nan, finding.n_models,
        finding.n_families, smallest, said, sentence))
  return rows


def _smallest_effect(finding: Finding, alpha: float) -> float:
  """(q_{1−α/2} + q_{0.8}) · se, with t quantiles where families are units."""
  if finding.n_families == 1 or np.isnan(finding.se):
    return np.nan
  freedom = finding.n_families - 1 if finding.n_families else np.inf
  return float(finding.se * (
      scipy.stats.t.ppf(1 - alpha / 2, freedom)
      + scipy.stats.t.ppf(_POWER, freedom)))


def _fields(
    claim: Claim, finding: Finding, study: ClaimStudy, smallest: float,
    alpha: float) -> dict[str, str]:
  if not claim.about_people:
    raters = ''
  elif study.resamples_raters:
    raters = f'items and {study.n_raters:.0f} raters each resampled'
  else:
    raters = ('items resampled, raters not: their number is not published')
  shown = {name: f'{x:.3f}'.replace('-', '−') for name, x in (
      ('value', finding.estimate), ('low', finding.low),
      ('high', finding.high), ('smallest', smallest),
      ('least_p', finding.least_p))}
  return shown | {
      'subject': finding.model, 'level': f'{study.level:.0%}',
      'threshold': f'{study.calibrated_below:g}', 'raters': raters,
      'n_families': str(finding.n_families),
      'needed': str(families.units_needed(alpha))}
