"""What a probe's number must be held against."""

import collections
import dataclasses
import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from uncertainty.probes.fits import folds as folds_lib
from uncertainty.probes.fits import least_squares
from uncertainty.probes.fits.folds import Folds
from uncertainty.results import columns, derived

CONTROL_DRAWS = 20
# The model's own output measures, as baseline features.
OUTPUT_MEASURES = (columns.CHOICE_ENTROPY, columns.CHOICE_LOGPROB,
                   columns.CHOICE_LOG_MASS, columns.TOTAL_ENTROPY)
# Features that would give a target away: the model's own outputs its entropy,
# and an item's difficulty the shares of people it is made of.
BARRED = {'model_entropy': OUTPUT_MEASURES,
          'mc_prop_correct': ('difficulty',),
          'fr_prop_correct': ('difficulty',)}


def permutations(
    targets_NT: np.ndarray, n_permutations: int,
    generator: np.random.Generator) -> np.ndarray:
  """Targets under the null: [N, T·R], one target's permutations adjacent.

  The r-th permutation is the same for every target, and for every layer: the
  largest statistic over layers keeps their dependence.

  Args:
    targets_NT: targets of N items.
    n_permutations: R.
    generator: of the permutations.

  Returns:
    [N, T·R]; no columns where R is 0.
  """
  if not n_permutations:
    return np.zeros((len(targets_NT), 0))
  orders = np.stack([
      generator.permutation(len(targets_NT)) for _ in range(n_permutations)])
  permuted_RNT = targets_NT[orders]
  return np.moveaxis(permuted_RNT, 0, 2).reshape(len(targets_NT), -1)


def permutation_p(
    observed_L: np.ndarray, null_LR: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
  """Permutation p of each layer, alone and corrected for choosing among layers.

  One-sided, (1 + #{null ≥ observed}) / (1 + R). The second controls the
  family-wise error over layers in a single step: a layer is compared with the
  best layer of each permutation.

  Args:
    observed_L: a statistic of each layer, larger where more is read.
    null_LR: the same of R permutations.

  Returns:
    (alone [L], corrected [L]).

  Source:
    Phipson & Smyth 2010, Permutation p-values should never be zero; Westfall &
    Young 1993, Resampling-based multiple testing.
  """
  count = 1 + null_LR.shape[1]
  alone = 1 + (null_LR >= observed_L[:, None]).sum(1)
  best_R = null_LR.max(0)
  corrected = 1 + (best_R[None, :] >= observed_L[:, None]).sum(1)
  return alone / count, corrected / count


def baseline_features(
    frame: pd.DataFrame, more: Sequence[str] = ()) -> pd.DataFrame:
  """What is known of an item without its activations.

  Prompt length; number of choices; mean log frequency of the answer's words
  within the data set's own questions and choices (no outside corpus is
  needed); difficulty, the share of people who choose wrongly; the model's
  output measures. Infinite values become the column's extreme, missing ones
  its mean; constant columns are left out.

  Args:
    frame: a results table of N items.
    more: further output measures, where the table has them.

  Returns:
    N rows of finite columns.
  """
  features = {}
  if columns.N_TOKENS in frame:
    features['prompt_length'] = frame[columns.N_TOKENS]
  if columns.N_CHOICES in frame:
    features[columns.N_CHOICES] = frame[columns.N_CHOICES]
  if columns.ANSWER_TEXT in frame:
    features['answer_log_frequency'] = _log_frequency(frame)
  if columns.HUMAN_MC_PROP_CORRECT in frame:
    features['difficulty'] = 1 - frame[columns.HUMAN_MC_PROP_CORRECT]
  features |= {m: frame[m] for m in (*OUTPUT_MEASURES, *more) if m in frame}
  return pd.DataFrame(
      {name: filled for name, column in features.items()
       if np.ptp(filled := _filled(np.asarray(column, np.float64)))},
      index=frame.index)


def _filled(column: np.ndarray) -> np.ndarray:
  known = column[np.isfinite(column)]
  if not len(known):
    return np.zeros_like(column)
  column = np.clip(column, known.min(), known.max())  # NaN stays
  return np.where(np.isnan(column), known.mean(), column)


def _lower_words(text: str) -> list[str]:
  """Runs of letters and digits in lower case, to compare and count."""
  return re.findall(r'\w+', str(text).casefold())


def _log_frequency(frame: pd.DataFrame) -> np.ndarray:
  texts = [*frame[columns.QUESTION]]
  if columns.CHOICES in frame:
    texts += [choice for row in frame[columns.CHOICES] for choice in row]
  counts = collections.Counter(w for t in texts for w in _lower_words(t))
  return np.array([
      np.mean([np.log1p(counts.get(w, 0.0))
               for w in _lower_words(answer)] or [0.0])
      for answer in frame[columns.ANSWER_TEXT]])


def control_targets(
    types: Sequence[str], targets_NT: np.ndarray,
    generator: np.random.Generator) -> np.ndarray:
  """A control task (Hewitt & Liang 2019): each type's own random value.

  Items of one type get the same value, drawn from the target's values; a
  probe that scores well here memorises types.

  Args:
    types: of each of N items.
    targets_NT: whose values are drawn from.
    generator: of the draws.

  Returns:
    [N, T].

  Source:
    Hewitt & Liang 2019, Designing and interpreting probes with control tasks,
    section 2.
  """
  names, type_N = np.unique(np.asarray(types), return_inverse=True)
  drawn = generator.integers(0, len(targets_NT), len(names))
  return targets_NT[drawn][type_N]


def control_draws(
    types: Sequence[str], targets_NT: np.ndarray,
    generator: np.random.Generator, seed: int, n_draws: int = CONTROL_DRAWS,
) -> np.ndarray:
  """Several control tasks: [N, T·C], one target's draws adjacent.

  One draw's score depends on which values its few types happened to get.

  Args:
    types: see `control_targets`.
    targets_NT: see `control_targets`.
    generator: of the first draw.
    seed: of the others.
    n_draws: C.

  Returns:
    Control targets; the first of each is `control_targets(generator)`.
  """
  others = np.random.default_rng([seed, len(targets_NT)])
  draws_CNT = np.stack([control_targets(types, targets_NT, generator)] + [
      control_targets(types, targets_NT, others) for _ in range(n_draws - 1)])
  return np.moveaxis(draws_CNT, 0, 2).reshape(len(targets_NT), -1)


def selectivity(
    observed_LT: np.ndarray, control_LR: np.ndarray) -> dict[str, np.ndarray]:
  """How much better the target is read than control tasks are.

  selectivity = R² − mean over draws of R² of the control task.

  Args:
    observed_LT: R² of the targets.
    control_LR: R² of C draws of each, one target's adjacent.

  Returns:
    Arrays [L, T]: r2_control_task (the mean), r2_control_task_95 (the 95th
    percentile over draws), selectivity, and n_control_draws.

  Source:
    Hewitt & Liang 2019, Designing and interpreting probes with control tasks,
    section 2.
  """
  control_LTC = control_LR.reshape(*observed_LT.shape, -1)
  mean_LT = control_LTC.mean(2)
  return {derived.R2_CONTROL_TASK: mean_LT,
          derived.R2_CONTROL_TASK_95: np.quantile(control_LTC, .95, axis=2),
          derived.SELECTIVITY: observed_LT - mean_LT,
          derived.N_CONTROL_DRAWS: np.full(
              observed_LT.shape, control_LTC.shape[2])}


def residual_permutations(
    target_N: np.ndarray, base_NQ: np.ndarray, n_permutations: int,
    generator: np.random.Generator) -> np.ndarray:
  """A target under the null that only the baseline columns tell of it.

  y* = ŷ + π(y − ŷ), where ŷ is the least squares of y on the columns and an
  intercept, and π a permutation: what the columns tell stays, and what else
  there is goes to other items.

  Args:
    target_N: y.
    base_NQ: baseline columns.
    n_permutations: R.
    generator: of the permutations.

  Returns:
    [N, R].

  Source:
    Freedman & Lane 1983, A nonstochastic interpretation of reported
    significance levels; Winkler et al. 2014, Permutation inference for the
    general linear model, table 2.
  """
  design_NQ = np.column_stack([np.ones(len(target_N)), base_NQ])
  fitted_N = design_NQ @ np.linalg.lstsq(design_NQ, target_N, rcond=None)[0]
  residual_N1 = (target_N - fitted_N)[:, None]
  return fitted_N[:, None] + permutations(
      residual_N1, n_permutations, generator)


def first_words(questions: Sequence[str]) -> list[str]:
  """The type of a question: its first word (Which, Who, …).

  Args:
    questions: N texts.

  Returns:
    N lower-case words.
  """
  return [(_lower_words(q) or [''])[0] for q in questions]


def random_directions(
    acts_NLD: np.ndarray, targets_NT: np.ndarray, folds: Folds,
    generator: np.random.Generator, n_directions: int = 20) -> np.ndarray:
  """Held-out R² of random directions, mean over directions.

  Least squares on one projection: what the activations' geometry gives away
  without any search for a direction.

  Args:
    acts_NLD: activations.
    targets_NT: targets, none missing.
    folds: over the N items.
    generator: of the directions.
    n_directions: of each layer, the same for all.

  Returns:
    [L, T].
  """
  n_items, n_layers, width = acts_NLD.shape
  directions_DK = generator.standard_normal((width, n_directions))
  projected = acts_NLD.astype(np.float64) @ directions_DK
  # Centred here too: what rounding leaves of a constant is no regressor.
  projected = projected - projected.mean(0, keepdims=True)
  found = least_squares.cross_validate(
      projected.reshape(n_items, -1, 1), targets_NT, folds)
  mean_LT = np.asarray(found.r2).mean(1)
  return mean_LT.reshape(n_layers, n_directions, -1).mean(1)


def duplicate_groups(frame: pd.DataFrame) -> list[str]:
  """A group per item; items whose question has the same words share one.

  Args:
    frame: a results table of N items.

  Returns:
    N names of groups.
  """
  return [' '.join(_lower_words(q)) for q in frame[columns.QUESTION]]


@dataclasses.dataclass(frozen=True)
class QuestionFolds:
  """Folds that keep repeated questions together.

  Attributes:
    folds: over the items.
    groups: of each item, where questions repeat; else None.
    leakage: what folds that ignore it would leak.
  """

  folds: folds_lib.Folds
  groups: list[str] | None
  leakage: dict[str, float]


def question_folds(frame: pd.DataFrame, n_folds: int) -> QuestionFolds:
  """Shuffled folds, grouped by question where one occurs more than once.

  Args:
    frame: a results table of N items.
    n_folds: F.

  Returns:
    The folds, and what plain ones would leak.

  Raises:
    UserError: too few items or groups for as many folds.
  """
  questions = duplicate_groups(frame)
  plain = folds_lib.k_fold(len(frame), n_folds)
  leak = leakage(questions, plain)
  if not leak[derived.N_DUPLICATES]:
    return QuestionFolds(plain, None, leak)
  return QuestionFolds(
      folds_lib.group_k_fold(questions, n_folds), questions, leak)


def leakage(groups: Sequence[str], folds: Folds) -> dict[str, float]:
  """How many items repeat another's question, and across folds.

  Args:
    groups: of each of N items.
    folds: over them.

  Returns:
    n_items, n_duplicates (items whose question occurs more than once), and
    leaked_share: share of test items with a duplicate in their training fold.
  """
  labels = np.asarray(groups)
  _, index, counts = np.unique(
      labels, return_inverse=True, return_counts=True)
  leaked = sum(
      int(np.isin(labels[folds.test(f)], labels[folds.train(f)]).sum())
      for f in range(folds.n_folds))
  return {derived.N_ITEMS: len(labels),
          derived.N_DUPLICATES: int((counts[index] > 1).sum()),
          derived.LEAKED_SHARE: leaked / len(labels)}


def noise_ceiling(
    shares: Sequence[np.ndarray], counts: np.ndarray, statistic,
    generator: np.random.Generator, n_samples: int = 200) -> float:
  """The R² that knowledge of the population's answers could reach.

  People's shares are a sample: answers are drawn anew from them, with each
  item's number of people, and the statistic's variance over draws counts as
  noise: 1 − mean noise variance / variance over items, at least 0.

  Args:
    shares: N arrays of answer shares.
    counts: N numbers of people.
    statistic: shares → float, such as `human.entropy`.
    generator: of the draws.
    n_samples: draws per item.

  Returns:
    A share in [0, 1].
  """
  observed = np.array([statistic(s) for s in shares])
  noise = []
  for share, count in zip(shares, counts, strict=True):
    draws = generator.multinomial(
        int(count), np.asarray(share) / np.sum(share), n_samples)
    noise.append(np.var([statistic(d) for d in draws]))
  total = observed.var()
  return float(max(0.0, 1 - np.mean(noise) / total)) if total > 0 else 0.0
