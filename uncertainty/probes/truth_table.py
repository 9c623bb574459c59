"""How well truth probes tell true from false statements of new topics.

The statements of Bürger et al. (2024): six topics, each affirmative and
negated. Training takes as many statements of each source (topic × polarity)
as the smallest has, the same rows of a topic's two sources, as the authors do.
"""

import dataclasses
import functools
import pathlib
from collections.abc import Callable

import jax
import numpy as np
import pandas as pd
from scipy import stats
from sklearn import metrics

from uncertainty.probes.fits import classify, mlp, truth
from uncertainty.probes.fits import folds as folds_lib
from uncertainty.probes.fits.folds import Folds
from uncertainty.types import UserError


@dataclasses.dataclass(frozen=True)
class Statements:
  """What is known of N statements.

  Attributes:
    label_N: 1 true, 0 false.
    topic_N: topic.
    polarity_N: 1 affirmative, -1 negated.
    language_N: 'en' or 'de'.
    row_N: number within the source; a statement and its negation share it.
  """

  label_N: np.ndarray
  topic_N: np.ndarray
  polarity_N: np.ndarray
  language_N: np.ndarray
  row_N: np.ndarray

  @property
  def source_N(self) -> np.ndarray:
    """Number of the source (topic, language, polarity)."""
    names = [f'{t}/{g}/{p}' for t, g, p in zip(
        self.topic_N, self.language_N, self.polarity_N, strict=True)]
    return np.unique(names, return_inverse=True)[1]

  @property
  def partner_N(self) -> np.ndarray:
    """Index of an affirmative statement's negation, else -1."""
    place = {(t, g, r): i for i, (t, g, r, p) in enumerate(zip(
        self.topic_N, self.language_N, self.row_N, self.polarity_N,
        strict=True)) if p < 0}
    return np.array([
        place.get((t, g, r), -1) if p > 0 else -1 for t, g, r, p in zip(
            self.topic_N, self.language_N, self.row_N, self.polarity_N,
            strict=True)])


def parse(frame: pd.DataFrame) -> Statements:
  """Reads the results table of data set `truth`.

  Item ids say what else is needed: truth-[neg_]TOPIC[_de]-ROW.

  Raises:
    UserError: other ids, or no labels.
  """
  parts: pd.DataFrame = frame['item_id'].str.extract(
      r'^truth-(neg_)?(.+?)(_de)?-(\d+)$')
  unknown_N = np.asarray(parts[1].isna())
  if unknown_N.any():
    bad = np.asarray(frame['item_id'])[unknown_N][0]
    raise UserError(
        f'item {bad!r} is not a statement of data set truth; run truth probes '
        'with configs/truth.py')
  answer_N = frame['answer'].to_numpy(np.float64)
  if not np.isin(answer_N, [0, 1]).all():
    raise UserError('a statement of data set truth has no label; run '
                    '--stages=score again')
  return Statements(
      label_N=(answer_N == 0).astype(np.int64),  # choice 0 is "true"
      topic_N=parts[1].to_numpy(str),
      polarity_N=np.where(parts[0].notna(), -1, 1),
      language_N=np.where(parts[2].notna(), 'de', 'en'),
      row_N=parts[3].astype(int).to_numpy())


def splits(
    known: Statements, generator: np.random.Generator,
) -> tuple[list[str], Folds]:
  """Leave-one-topic-out folds in English, and one that is tested in German.

  Returns:
    The fold's test set (a topic, or 'german'), and the folds.

  Raises:
    UserError: fewer than two English topics.
  """
  topics = sorted(set(known.topic_N[known.language_N == 'en']))
  if len(topics) < 2:
    raise UserError(
        'truth probes leave one topic out and need two English topics; do not '
        'narrow config.data.subset or limit')
  english = known.language_N == 'en'
  names, pairs = [], []
  for topic in topics:
    test = np.flatnonzero(english & (known.topic_N == topic))
    names.append(topic)
    pairs.append((_balanced(known, set(topics) - {topic}, generator), test))
  german = np.flatnonzero(known.language_N == 'de')
  if len(german):
    names.append('german')
    pairs.append((_balanced(known, set(topics), generator), german))
  return names, folds_lib.from_splits(pairs, len(known.label_N))


def _balanced(known: Statements, topics: set[str], generator) -> np.ndarray:
  """The same number of rows of every English source of these topics."""
  rows = {}
  for topic in sorted(topics):
    here = (known.topic_N == topic) & (known.language_N == 'en')
    sides = [set(known.row_N[here & (known.polarity_N == p)])
             for p in (1, -1) if (here & (known.polarity_N == p)).any()]
    rows[topic] = sorted(set.intersection(*sides)) if sides else []
  size = min(len(r) for r in rows.values())
  chosen = []
  for topic, candidates in rows.items():
    kept = generator.choice(candidates, size, replace=False)
    chosen.append(np.flatnonzero(
        (known.topic_N == topic) & (known.language_N == 'en')
        & np.isin(known.row_N, kept)))
  return np.concatenate(chosen)


@dataclasses.dataclass(frozen=True)
class _Task:
  acts_NLD: np.ndarray
  known: Statements
  folds: Folds
  seed: int
  checkpoint_dir: pathlib.Path | None = None


def _linear(fit: Callable, task: _Task) -> np.ndarray:
  probe = classify.per_layer_and_fold(
      fit, task.acts_NLD, task.known.label_N, task.folds)
  return classify.score_tests(probe, task.acts_NLD, task.folds)


def _ttpd(task: _Task) -> np.ndarray:
  known = task.known
  probe = truth.ttpd(task.acts_NLD, known.label_N, known.source_N,
                     known.polarity_N, task.folds)
  return classify.score_tests(probe.linear(), task.acts_NLD, task.folds)


def _ccs(task: _Task) -> np.ndarray:
  """Both sides are centred by source, test statements by their own."""
  known, centred = task.known, task.acts_NLD.astype(np.float32)
  for source in np.unique(known.source_N):
    here = known.source_N == source
    rows = centred[here]
    centred[here] = rows - rows.mean(0, keepdims=True)
  # AdamW's step is absolute: bring every layer to unit scale.
  scale_L = np.sqrt((centred**2).mean((0, 2), keepdims=True))
  centred = centred / np.where(scale_L > 0, scale_L, 1)
  found = truth.ccs(centred, known.label_N, known.partner_N, task.folds,
                    key=jax.random.key(task.seed))
  return classify.score_tests(found.probe, centred, task.folds)


def _mahalanobis(task: _Task) -> np.ndarray:
  distance = classify.mahalanobis(
      task.acts_NLD, task.known.label_N, task.folds)
  return distance[..., 0] - distance[..., 1]


def _mlp(task: _Task) -> np.ndarray:
  return mlp.cross_validate(
      task.acts_NLD, task.known.label_N, task.folds, seed=task.seed,
      spec=mlp.MLPSpec(loss='logistic'), checkpoint_dir=task.checkpoint_dir)


PROBES: dict[str, Callable[[_Task], np.ndarray]] = {
    'mass_mean': functools.partial(_linear, truth.fit_mass_mean),
    'logistic': functools.partial(_linear, classify.logistic()),
    'lda': functools.partial(_linear, classify.lda()),
    'ttpd': _ttpd,
    'ccs': _ccs,
    'mahalanobis': _mahalanobis,
    'mlp': _mlp,
}


def evaluate(
    acts_NLD: np.ndarray, frame: pd.DataFrame, *, seed: int = 0,
    with_mlp: bool = True, checkpoint_dir: pathlib.Path | None = None,
    names: tuple[str, ...] = tuple(PROBES),
) -> pd.DataFrame:
  """Accuracy of every truth probe, layer and left-out topic.

  Args:
    acts_NLD: activations at the statements' last token.
    frame: the results table, in the same order.
    seed: of the balanced training sets, restarts and MLP weights.
    with_mlp: train the non-linear probe too.
    checkpoint_dir: of the MLP.
    names: which probes.

  Returns:
    Rows (probe, layer, test, polarity, accuracy, ci_low, ci_high, auroc, n).
    `test` is the left-out topic, 'german', or 'all topics' (pooled over
    topics); `polarity` is 'both', 'affirmative' or 'negated'. Intervals are
    Wilson's at 95 %. Layer -1 takes for each left-out topic the layer that is
    best on average over the other topics when they are left out. (Probes of
    those folds have seen the left-out topic in training, though no score on
    it: a choice free of that would need a fit per pair of topics.)
  """
  known = parse(frame)
  tests, folds = splits(known, np.random.default_rng(seed))
  task = _Task(acts_NLD, known, folds, seed, checkpoint_dir)
  frames = []
  for name in names:
    if name == 'mlp' and not with_mlp:
      continue
    scores_LFB = PROBES[name](task)
    frames.append(_rows(scores_LFB, known, tests, folds).assign(probe=name))
  return pd.concat(frames, ignore_index=True)


def _rows(scores_LFB, known: Statements, tests, folds: Folds) -> pd.DataFrame:
  """Scores → accuracies, with the chosen layer as layer -1."""
  topics = [f for f, name in enumerate(tests) if name != 'german']
  right_LF = np.stack([
      ((scores_LFB[:, f, :len(test)] > 0) == known.label_N[test]).mean(1)
      for f in range(folds.n_folds) if len(test := folds.test(f))], axis=1)
  best_F = [int(np.argmax(right_LF[:, [t for t in topics if t != f]].mean(1)))
            for f in range(folds.n_folds)]
  chosen_FB = np.stack([scores_LFB[b, f] for f, b in enumerate(best_F)])
  rows = []
  for layer, scores_FB in enumerate((chosen_FB, *scores_LFB), start=-1):
    pieces = {name: (folds.test(f), scores_FB[f, :len(folds.test(f))])
              for f, name in enumerate(tests)}
    pieces['all topics'] = (
        np.concatenate([pieces[tests[t]][0] for t in topics]),
        np.concatenate([pieces[tests[t]][1] for t in topics]))
    for test, (index, score) in pieces.items():
      for polarity, mask in _polarities(known.polarity_N[index]).items():
        rows.append({'layer': layer, 'test': test, 'polarity': polarity}
                    | _accuracy(score[mask], known.label_N[index][mask]))
  return pd.DataFrame(rows)


def _polarities(polarity: np.ndarray) -> dict[str, np.ndarray]:
  masks = {'both': np.ones(len(polarity), bool), 'affirmative': polarity > 0,
           'negated': polarity < 0}
  return {name: mask for name, mask in masks.items() if mask.any()}


def _accuracy(score: np.ndarray, label: np.ndarray) -> dict[str, float]:
  right = int(((score > 0) == label).sum())
  interval = stats.binomtest(right, len(label)).proportion_ci(method='wilson')
  both = 0 < label.sum() < len(label)
  return {'accuracy': right / len(label), 'ci_low': float(interval.low),
          'ci_high': float(interval.high),
          'auroc': float(metrics.roc_auc_score(label, score)) if both
                   else np.nan, 'n': float(len(label))}
