"""The table of claims: one row a claim and subject, with its sentence."""

import math
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd
import scipy.special

from uncertainty.analysis.claims import CLAIMS, Claim, families, from_spec
from uncertainty.analysis.claims.study import (
  POWER,
  PRIMARY,
  ClaimStudy,
  Finding,
)
from uncertainty.analysis.scores import people
from uncertainty.analysis.scores.aligned import Drawn
from uncertainty.analysis.scores.stack import Stack, stack_results
from uncertainty.analysis.statistics import families as family_means
from uncertainty.analysis.statistics import multiplicity
from uncertainty.measures import registry
from uncertainty.results import columns, derived
from uncertainty.specs import StudySpec

COLUMNS = (
    derived.CLAIM, derived.DATA, columns.MODEL, columns.MEASURE,
    columns.QUESTION, derived.ESTIMATE, derived.LOW, derived.HIGH, derived.P,
    derived.P_CORRECTED, derived.CORRECTION_FAMILY, derived.N_ITEMS,
    derived.N_RATERS, derived.N_MODELS, columns.N_FAMILIES,
    derived.SMALLEST_EFFECT, derived.VERDICT, derived.SENTENCE)


def claims(
    results: Sequence[Stack] | Mapping[tuple[str, str], pd.DataFrame],
    spec: StudySpec, only: Collection[str] = (),
    forward: pd.DataFrame | None = None,
    doubt: pd.DataFrame | None = None,
    truth: pd.DataFrame | None = None,
    steered: Mapping[tuple[str, str], pd.DataFrame] | None = None,
    drawn: Mapping[str, Drawn] | None = None,
) -> pd.DataFrame:
  """Every claim on every data set and subject, one row each.

  Args:
    results: (dataset, model) → one row per item, or stacks of them with
      people's entropy as `spec` estimates it.
    spec: `analysis` and `seed` are read.
    only: correction families to make; () makes all.
    forward: of `probe_readout.forward`, if probes ran.
    doubt: of `probe_readout.doubt`, if probes of doubt ran.
    truth: of `probe_readout.truth`, if truth probes ran.
    steered: (dataset, model) → rows of how it was steered, if it was.
    drawn: data set → what this run's scores have drawn.

  Returns:
    `COLUMNS`. p is that of the one claim, p_corrected is Holm's over the
    claims of its correction family in its data set; verdicts go by the
    latter. n_raters is NaN where it is not published or no part of the
    claim; smallest_effect is what this design sees with 80 % power at the
    corrected level, in the estimate's unit.
  """
  stacks = (stack_results(people.estimated(results, spec))
            if isinstance(results, Mapping) else results)
  rows = []
  for stack in stacks:
    study = from_spec.study(
        stack, spec, drawn=(drawn or {}).get(stack.dataset),
        forward=_own(forward, stack), doubt=_own(doubt, stack),
        truth=_own(truth, stack), steered=steered_models(stack, steered))
    for family in dict.fromkeys(
        c.family for c in CLAIMS if study.models or not c.of_answers):
      if not only or family in only:
        rows += _family_rows(family, study, spec.analysis.alpha)
  return pd.DataFrame(rows, columns=list(COLUMNS))


def _own(table: pd.DataFrame | None, stack: Stack) -> pd.DataFrame | None:
  return None if table is None else table[
      table[columns.DATASET] == stack.dataset]


def steered_models(
    stack: Stack, steered: Mapping[tuple[str, str], pd.DataFrame] | None,
) -> dict[str, pd.DataFrame]:
  """A data set's steered rows.

  Args:
    stack: its results.
    steered: (dataset, model) → rows; None for none.

  Returns:
    Model → rows, of those that have results.
  """
  return {model: rows for (dataset, model), rows in (steered or {}).items()
          if dataset == stack.dataset and model in stack.models}


def verdict(
    claim: Claim, finding: Finding, p_corrected: float, alpha: float,
    n_tests: int, null: float) -> str:
  """What may be said of one subject.

  Args:
    claim: the claim.
    finding: what was found.
    p_corrected: after Holm.
    alpha: nominal level.
    n_tests: claims that are corrected together.
    null: of `null_value`.

  Returns:
    One of `claims.VERDICTS`.
  """
  if math.isnan(p_corrected) or finding.least_p * n_tests > alpha:
    return 'too little data'
  if p_corrected >= alpha:
    return 'cannot tell'
  side = np.sign(finding.estimate - null) * claim.direction
  return 'supported' if side > 0 else 'contradicted'


def null_value(claim: Claim, calibrated_below: float) -> float:
  """The estimate at which neither verdict is true.

  Args:
    claim: the claim.
    calibrated_below: the threshold of claims that have no null of their own.

  Returns:
    The null value.
  """
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
    smallest = claim.effect(
        _smallest_effect(finding, alpha / max(n_tests, 1)))
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
  """(q_{1−α/2} + q_{0.8}) · se, with t quantiles where units are few.

  Where sign flips test too, what both see. On the scale of the standard error.
  """
  if finding.told is not None:
    return finding.told(alpha)
  if finding.n_families == 1 or np.isnan(finding.se):
    return np.nan
  if finding.least_p:
    return finding.se * family_means.least_shift(
        finding.n_families, alpha, n_draws=families.PATTERNS, power=POWER)
  freedom = finding.n_families - 1 if finding.n_families else finding.freedom
  return float(finding.se * (
      scipy.special.stdtrit(freedom, 1 - alpha / 2)
      + scipy.special.stdtrit(freedom, POWER)))


def _fields(
    claim: Claim, finding: Finding, study: ClaimStudy, smallest: float,
    alpha: float) -> dict[str, str]:
  if not claim.about_people:
    raters = ''
  elif np.isnan(study.n_raters):
    raters = 'items resampled with their raters, whose number is not published'
  else:
    raters = f'items resampled, each with its {study.n_raters:.0f} raters'
  shown = {name: f'{x:.3f}'.replace('-', '−') for name, x in (
      ('value', finding.estimate), ('low', finding.low),
      ('high', finding.high), ('smallest', smallest))}
  return shown | {
      'by': '' if study.primary == PRIMARY else (
          registry.PRIMARY_WORDS.get(study.primary, study.primary) + '; '),
      'subject': finding.model, 'level': f'{study.level:.0%}',
      'threshold': f'{study.calibrated_below:g}', 'raters': raters,
      columns.N_FAMILIES: str(finding.n_families),
      'topics': f'{finding.freedom + 1:.0f}',
      'few_families': _few_families(finding, alpha)}


def _few_families(finding: Finding, alpha: float) -> str:
  """Why families say nothing."""
  if finding.least_p <= alpha:
    return (f'all model families ({finding.n_families}) change by the same, '
            'which leaves no error to test against')
  return (
      f'the number of model families is {finding.n_families}, where sign flips '
      f'reach no p-value below {finding.least_p:.3f}; with this many corrected '
      f'claims it takes {families.units_needed(alpha)} families')
