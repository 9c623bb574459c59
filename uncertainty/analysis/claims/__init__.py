"""Every claim of the study: what it says, of what, and how it is tested.

A claim is printed only if it holds its error rate in simulated studies
(docs/validity.md, made by launch/worlds.py). The page's sentences come from
here, and other programs read `analysis/claims.parquet`.
"""

import dataclasses
import math
from collections.abc import Callable, Mapping

from uncertainty.analysis.claims import (
  beyond,
  doubt,
  families,
  items,
  joint,
  stated,
  steered,
  truth,
  tuned,
)
from uncertainty.analysis.claims.study import ClaimStudy, Finding

VERDICTS = ('supported', 'contradicted', 'cannot tell', 'too little data')


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
    about_people: whether answers of people enter it.
    sentences: verdict → what the page says. Fields: subject, value, low,
      high, level, smallest, threshold, raters, topics, by, n_families,
      few_families.
    effect: from a distance on the scale of the standard error to one of the
      estimate.
    of_answers: whether it is about what models answer to items.
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
  effect: Callable[[float], float] = float
  of_answers: bool = True


def _too_few(whether: str, other: str = '') -> str:
  return (f'Too few items or clusters of items{other} to tell whether '
          f'{whether}: no claim is made.')


def _sentences(supported: str, contradicted: str, cannot_tell: str,
               too_little: str) -> dict[str, str]:
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
      f'No claim about instruction tuning and {what} is possible: '
      '{few_families}.')


def _doubt(name: str, question: str,
           estimator: Callable[[ClaimStudy], list[Finding]], fitted: str,
           reads: str) -> Claim:
  shown = 'AUROC {value}, {level} interval {low} to {high}'
  return Claim(
      name, question,
      'mean over blocks of new items of the AUROC of the block\'s probe, '
      f'{fitted}; a share counts as so many parts of its item',
      'items in clusters', estimator,
      't on the logit with the error of influences over clusters',
      'AUROC ½; the same t', 0.5, 1, name, False, _sentences(
          f'{{subject}} {reads} ({shown}; the choice of the layer is part of '
          'it).',
          f'{{subject}} orders items the wrong way round ({shown}).',
          f'Whether {{subject}} {reads} cannot be told ({shown}; one '
          '{smallest} away from ½ would have been seen four times in five).',
          _too_few(f'{{subject}} {reads}')))


def _stated(name: str, question: str, against: str,
            estimator: Callable[[ClaimStudy], list[Finding]], what: str
            ) -> Claim:
  shown = '(by {value} on average, {level} interval {low} to {high}'
  return Claim(
      name, question,
      f'mean over items of stated confidence (the first wording) less '
      f'{against}, where a reply could be read', 'items in clusters',
      estimator, 't over clusters', 'no difference; the same t', 0.0, 1, name,
      False, _sentences(
          f'{{subject}} states more confidence than {what} {shown}).',
          f'{{subject}} states less confidence than {what} {shown}).',
          f'Whether {{subject}} states more confidence than {what} cannot be '
          f'told {shown}; {{smallest}} would have been seen four times in '
          'five).',
          _too_few(f'{{subject}} states more confidence than {what}')))


_T_FAMILIES = (
    'Student t on family means, families − 1 degrees of freedom, plus the '
    'covariance that families share through items')
_FLIPS = (
    'no change, families spread evenly about it; the larger p of exact sign '
    'flips over families and of t')
_TRUTH = 'tell true statements from false ones on new topics'
_TOPICS = ('accuracy {value}, {level} interval {low} to {high}, {topics} '
           'topics')
_GRADED = ', or too few right or wrong,'
_FAMILY_UNITS = 'model families; items in clusters'

CLAIMS: tuple[Claim, ...] = (
    Claim(
        'aligned', 'Is the model uncertain where people disagree?',
        'Spearman ρ, over items, of choice entropy H(c)/ln K (without choices: '
        'of the primary measure of what was asked) with people\'s '
        'entropy (`analysis.human_entropy`) of as many people as were asked',
        'items in clusters, each with as many people as were asked about it',
        items.aligned,
        'bootstrap of clusters of items with their raters; t on Fisher z',
        'ρ = 0; t of Fisher z over its bootstrap error', 0.0, 1, 'aligned',
        True, _sentences(
            '{subject} is uncertain where people disagree ({by}ρ = {value}, '
            '{level} interval {low} to {high}; {raters}).',
            '{subject} is uncertain where people agree ({by}ρ = {value}, '
            '{level} interval {low} to {high}; {raters}).',
            'Whether {subject} is uncertain where people disagree cannot be '
            'told ({by}ρ = {value}, {level} interval {low} to {high}; a '
            'correlation of {smallest} would have been seen four times in '
            'five; {raters}).',
            _too_few('{subject} is uncertain where people disagree')),
        math.tanh),
    Claim(
        'calibrated', 'Is the model calibrated?',
        'root of θ = Σ w_b (mean confidence − accuracy)² over bins of equal '
        'mass, less its noise; confidence is the largest choice probability, '
        'renormalised over the choices', 'items in clusters',
        items.calibrated,
        'inverted scaled non-central χ² of the squared error, averaged '
        'over what its scale may be (clusters − 1 degrees of freedom)',
        'θ = threshold² (analysis.calibrated_below); the same χ²', None, -1,
        'calibrated', False, _sentences(
            '{subject} is calibrated: its error, {value} ({level} interval '
            '{low} to {high}), is below {threshold}.',
            '{subject} is not calibrated: its error, {value} ({level} '
            'interval {low} to {high}), is above {threshold}.',
            'Whether the calibration error of {subject} is below {threshold} '
            'cannot be told ({value}, {level} interval {low} to {high}; one '
            'that lies {smallest} above it would have been told four times '
            'in five).',
            '{subject}: too few items or clusters of items a bin, or too few '
            'right or wrong; no claim about its calibration is made.')),
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
            '{high}; {smallest} would have been seen four times in five).',
            '{subject}: too few items or clusters of items a bin, or too few '
            'right or wrong; no claim about their calibration is made.')),
    Claim(
        'sure_and_right', 'Is the model right where it is sure?',
        'AUROC: P(uncertainty of a right answer < of a wrong one), ties '
        'half', 'items in clusters', items.sure_and_right,
        't on the logit, influences (DeLong) over clusters',
        'AUROC = 1/2; the same t', 0.5, 1, 'sure_and_right', False,
        _sentences(
            '{subject} is right where it is sure ({by}AUROC {value}, {level} '
            'interval {low} to {high}).',
            '{subject} is wrong where it is sure ({by}AUROC {value}, {level} '
            'interval {low} to {high}).',
            'Whether {subject} is right where it is sure cannot be told '
            '({by}AUROC {value}, {level} interval {low} to {high}; one that '
            'lies {smallest} from 1/2 would have been seen four times in '
            'five).',
            _too_few('{subject} is right where it is sure', _GRADED))),
    Claim(
        'surest_fifth',
        'Is the model righter on its surest fifth of items than on its least '
        'sure?',
        'accuracy on the fifth of items of least uncertainty less that on '
        'the fifth of most', 'items in clusters', items.surest_fifth,
        't with the error of influences over clusters',
        'no difference; t with the error that equal accuracies would have',
        0.0, 1, 'surest_fifth', False, _sentences(
            '{subject} is right more often where it is surest ({by}by {value} '
            'between its surest and least sure fifth, {level} interval {low} '
            'to {high}).',
            '{subject} is right less often where it is surest ({by}by {value} '
            'between its surest and least sure fifth, {level} interval {low} '
            'to {high}).',
            'Whether {subject} is right more often where it is surest cannot '
            'be told ({by}{value}, {level} interval {low} to {high}; '
            '{smallest} would have been seen four times in five).',
            _too_few('{subject} is right more often where it is surest'))),
    Claim(
        'instruct_alignment', 'Does instruction tuning raise alignment?',
        'mean over families of ρ(instruct) − ρ(base), ρ as for `aligned`',
        _FAMILY_UNITS + ', each with its raters',
        families.instruct_alignment, _T_FAMILIES, _FLIPS, 0.0, 1, 'instruct',
        True, _tuning('alignment with people', '{by}ρ')),
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
    Claim(
        'tuned', 'What does a tuning of the study raise, and what lower?',
        'mean over seeds of tuned less base over the same items, of: ρ as for '
        '`aligned`; Jensen-Shannon divergence from people\'s shares (bits); '
        'agreement with people; accuracy; θ as for `calibrated`',
        'items in clusters; of ρ, each with its raters; seeds where there are '
        'several', tuned.tuned,
        't over the variances of items and of seeds, Satterthwaite\'s degrees '
        'of freedom', 'no change; the same t', 0.0, 1, 'tuned', True,
        _sentences(
            '{subject} rose ({value}, {level} interval {low} to {high}).',
            '{subject} fell ({value}, {level} interval {low} to {high}).',
            'Whether {subject} changed cannot be told ({value}, {level} '
            'interval {low} to {high}; a change of {smallest} would have been '
            'seen four times in five).',
            _too_few('{subject} changed', ', or two seeds'))),
    Claim(
        'joint_presence',
        'Are the measures that are aligned with people the calibrated ones?',
        'P(aligned and calibrated) − P(aligned) P(calibrated) of a (model, '
        'measure) cell of a new family and a new kind of measure; aligned: ρ '
        'has its lower end above 0; calibrated: the debiased error of the '
        'paper\'s confidence has its upper end below '
        '`analysis.calibrated_below`',
        'model families; kinds of measures; items in clusters',
        joint.joint_presence,
        'Student t, two-way variance over families and kinds',
        'no excess; the larger p of permuting whole families and whole kinds '
        '(QAP) and of t', 0.0, 1, 'joint_presence', True, _sentences(
            'Alignment and calibration go together over models and measures: '
            'cells are both more often than chance (by {value}, {level} '
            'interval {low} to {high}, {n_families} families).',
            'Alignment and calibration exclude each other over models and '
            'measures: cells are both less often than chance (by {value}, '
            '{level} interval {low} to {high}, {n_families} families).',
            'Whether alignment and calibration go together over models and '
            'measures cannot be told (cells are both {value} more often than '
            'chance, {level} interval {low} to {high}, {n_families} '
            'families; {smallest} would have been seen four times in five).',
            'No claim whether alignment and calibration go together is '
            'possible: it takes 5 families and 5 kinds of measures, and cells '
            'that are and are not aligned, and calibrated.')),
    Claim(
        'probe_beyond_output',
        'Do activations tell of people\'s uncertainty beyond the output?',
        'mean over blocks of items of the partial correlation, on new items, '
        'of people\'s entropy with what the layer that was chosen beforehand '
        'adds to output confidence, difficulty, prompt length, answer '
        'frequency, and their squares', 'items in clusters',
        beyond.probe_beyond_output,
        'forward validation: a block\'s layer, penalty and probe come from '
        'the blocks before it; t with the error of influences over clusters',
        'partial correlation 0; the same t', 0.0, 1, 'probe_beyond_output',
        True, _sentences(
            'Activations of {subject} tell of people\'s uncertainty beyond '
            'its output and the items\' difficulty (partial correlation '
            '{value}, {level} interval {low} to {high}; the choice of the '
            'layer is part of it).',
            'What activations of {subject} add to its output and the items\' '
            'difficulty goes against people\'s uncertainty (partial '
            'correlation {value}, {level} interval {low} to {high}).',
            'Whether activations of {subject} tell of people\'s uncertainty '
            'beyond its output and the items\' difficulty cannot be told '
            '(partial correlation {value}, {level} interval {low} to {high}; '
            '{smallest} would have been seen four times in five).',
            _too_few('activations of {subject} tell of people\'s uncertainty '
                     'beyond its output and the items\' difficulty'))),
    _doubt(
        'doubt_in_domain', 'Do probes of doubt read it on new items?',
        doubt.in_domain,
        'fitted to the blocks before, where its layer was chosen, too',
        'tells for which new items its target is high'),
    _doubt(
        'doubt_out_of_domain', 'Do they read it on other data sets?',
        doubt.out_of_domain,
        'fitted to another data set, where its layer was chosen, too',
        'tells for which items of this data set its target is high'),
    Claim(
        'doubt_beyond_output',
        'Do probes of doubt read what the output does not show?',
        'as for `probe_beyond_output`, of the probe\'s own target (semantic '
        'entropy, share of sampled answers that are right, …); where an answer '
        'was written, its perplexity and entropies are part of the output',
        'items in clusters', doubt.beyond_output,
        'forward validation, as for `probe_beyond_output`',
        'partial correlation 0; the same t', 0.0, 1, 'doubt_beyond_output',
        False, _sentences(
            'Activations behind {subject} tell of its target beyond output '
            'and difficulty (partial correlation {value}, {level} interval '
            '{low} to {high}; the choice of the layer is part of it).',
            'What activations behind {subject} add to output and difficulty '
            'goes against its target (partial correlation {value}, {level} '
            'interval {low} to {high}).',
            'Whether activations behind {subject} tell of its target beyond '
            'output and difficulty cannot be told (partial correlation '
            '{value}, {level} interval {low} to {high}; {smallest} would have '
            'been seen four times in five).',
            _too_few('activations behind {subject} tell of its target beyond '
                     'output and difficulty'))),
    Claim(
        'truth_readable',
        'Do activations tell true statements from false ones, on new topics?',
        'mean over topics of the mean of the shares of true and of false '
        'statements that the topic\'s probe tells right; fitted to the topics '
        'before, where its kind and layer were chosen, too', 'topics',
        truth.truth_readable, 't over topics', 'accuracy ½; the same t', 0.5,
        1, 'truth_readable', False, _sentences(
            f'Activations of {{subject}} {_TRUTH} ({_TOPICS}; the choice of '
            'probe and layer is part of it).',
            'Probes of {subject} take true statements of new topics for false '
            f'ones ({_TOPICS}; chance is ½).',
            f'Whether activations of {{subject}} {_TRUTH} cannot be told '
            f'({_TOPICS}; one {{smallest}} away from ½ would have been seen '
            'four times in five).',
            'Too few topics, or all read alike, to say whether activations '
            f'of {{subject}} {_TRUTH}: no claim is made.'), of_answers=False),
    _stated(
        'stated_gap',
        'Does the model state more confidence than it holds?',
        'the largest choice probability, renormalised over the choices',
        stated.stated_gap, 'its choices\' probabilities hold'),
    _stated(
        'overclaimed',
        'Does the model state more confidence than it is right?',
        'whether the answer stated with it is right (0 or 1)',
        stated.overclaimed, 'its answers bear out'),
    Claim(
        'steered', 'Is the direction that reads doubt the one that causes it?',
        'choice entropy per unit of dose along a direction, from −d to +d, '
        'less the mean of the same along directions of shuffled labels, as '
        'long and fitted alike', 'items in clusters; directions of labels',
        steered.steered,
        't over the variances of directions and of items, Satterthwaite\'s '
        'degrees of freedom', 'no difference; the same t', 0.0, 1, 'steered',
        False, _sentences(
            '{subject}: choice entropy rises more than along directions of '
            'shuffled labels (by {value} a unit of dose, {level} interval '
            '{low} to {high}).',
            '{subject}: choice entropy falls more than along directions of '
            'shuffled labels (by {value} a unit of dose, {level} interval '
            '{low} to {high}).',
            '{subject}: whether choice entropy moves more than along '
            'directions of shuffled labels cannot be told (by {value} a unit '
            'of dose, {level} interval {low} to {high}; {smallest} would have '
            'been seen four times in five).',
            '{subject}: too few items, or fewer than two directions of '
            'shuffled labels, to tell whether it does more than any other '
            'direction: no claim is made.')),
)
