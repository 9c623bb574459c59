"""What values of the columns `outcome` and `metric` mean.

Their names are in `derived`. docs/results.md lists them.
"""

from collections.abc import Mapping

from uncertainty.results import columns, derived

# Of `scores`, `effects`, `size` and `design`; further ones of what tuning and
# steering change, in words.
OUTCOMES: Mapping[str, str] = {
    derived.alignment_with('NAME'):
        'Spearman of the measure, turned so that high is unsure, with the '
        'human signal NAME.',
    derived.AUROC: 'P(confidence of a right answer > of a wrong one), ties '
                   'half.',
    derived.CALIBRATION_ERROR:
        'Squared error of the confidence over bins of equal mass, debiased.',
    derived.BRIER: 'Mean of (confidence − grade)².',
    columns.ACCURACY: 'Share of choices that are right.',
    derived.FR_ACCURACY: 'Share of free answers that are right.',
    derived.AGREEMENT: "Share of choices that are people's commonest one.",
    derived.PROBE_R2: 'R² of the probe of the target that `measure` names.',
    derived.ALIGNMENT: "Of `tuned` and `steering`: Spearman of choice entropy "
                       "with people's entropy.",
    derived.DIVERGENCE:
        "Of the same: mean Jensen-Shannon divergence of the model's shares "
        "from people's, bits.",
    derived.SQUARED_ERROR: 'Of the same: as `calibration_error`.',
    derived.MEAN_ENTROPY: 'Of `steering`: mean choice entropy, of ln K.',
    derived.MEAN_CONFIDENCE: 'Of `steering`: mean stated confidence.',
}


def _binned() -> dict[str, str]:
  binnings = {'width': 'bins of equal width', 'mass': 'bins of equal mass',
              'sweep': 'as many bins of equal mass as leave accuracy '
                       'monotonic'}
  norms = {'l1': 'mean absolute gap', 'l2': 'root mean squared gap'}
  return {derived.binned_error(b, n): f'Calibration error, {norm} over {bins}.'
          for b, bins in binnings.items() for n, norm in norms.items()}


_PARTS: Mapping[str, str] = {
    derived.BRIER_RELIABILITY:
        'Part of the Brier score: Σ w_b (mean confidence − accuracy)² over '
        'bins of equal width.',
    derived.BRIER_RESOLUTION:
        'Part of it, subtracted: Σ w_b (accuracy − overall accuracy)².',
    derived.BRIER_UNCERTAINTY: 'Part of it: variance of the grades.',
}

# Of `calibration`: errors, the order alone, tests.
METRICS: Mapping[str, str] = {
    **_binned(),
    derived.ECE_DEBIASED:
        'As `ece_mass_l2`, less what noise adds to its square.',
    derived.ECE_SPLIT: 'As `ece_sweep_l2`, with ties split between bins.',
    derived.ECE_SMOOTH:
        'Smooth calibration error, L1 (Błasiok & Nakkiran 2024).',
    derived.BRIER: 'Mean of (confidence − grade)².',
    **_PARTS,
    derived.BRIER_VARIANCE: 'Part of it: variance of confidence within bins.',
    derived.BRIER_COVARIANCE:
        'Part of it, subtracted: twice the covariance of confidence and grade '
        'within bins.',
    **{derived.unbiased(part):
       f'`{part}` without the bias of few items (Ferro & Fricker 2012).'
       for part in _PARTS},
    derived.AUROC: OUTCOMES[derived.AUROC],
    derived.AURC: 'Area under the risk-coverage curve.',
    derived.AUGRC: 'The same, of errors counted against all items.',
    derived.PRR: 'Prediction-rejection ratio: 0 is chance, 1 the oracle.',
    derived.SELECTIVE_RISK_80: 'Error rate of the surest 80 %.',
    derived.SUREST_FIFTH:
        'Accuracy on the surest fifth less that on the least sure fifth.',
    derived.SPIEGELHALTER_Z: "Spiegelhalter's test of calibration, z.",
    derived.KERNEL_ERROR: 'Squared kernel calibration error (SKCE), a test.',
}


def meaning(outcome: str) -> str | None:
  """What an outcome is.

  Args:
    outcome: a value of `columns.OUTCOME`.

  Returns:
    Its line in `OUTCOMES`; None of one that has none.
  """
  if derived.aligned_signal(outcome):
    outcome = derived.alignment_with('NAME')
  return OUTCOMES.get(outcome)
