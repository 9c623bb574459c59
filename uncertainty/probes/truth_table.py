"""How well truth probes tell true from false statements of new topics.

Rows say which topic was left out; `all topics` is the mean over them, with an
interval that a reader may take to other topics. The layer (row -1) and the
kind of probe (`chosen`) are picked without the left-out topic: see
`statements.nested_splits`.

`accuracy` is the share of statements on whose truth the sign of the probe's
score is right; on `all topics` it is the mean A = Σ_t A_t / T of the topics'
own accuracies, and likewise `auroc`. Its interval is for topics like these:
A ± t(T − 1) s √(1/T + 1/(T − 1)), where s is the deviation over topics and
the second term is there because any two topics' probes share training topics
(Nadeau & Bengio 2003); `p_value` is that t test of A = ½, two-sided. German
statements are scored by one probe: ± t(T − 1) s / √T over their topics. The
interval of a single topic is Wilson's and about its statements alone.

Layer -1 takes for each left-out topic the layer that does best on average
over the other topics, each scored by probes that have seen neither it nor
the left-out topic; for German, by the probes of the topics left out. Probe
'chosen' takes the kind of probe with its layer in the same way. Probes that
only help to choose stop earlier (logistic regressions, TTPD) or restart less
often (CCS).

`ccs` centres tested statements about the mean of their own source, as Burns
et al. do: it needs a whole source to score one statement, though no label.
`ccs_uncentred` takes both means from training statements.
"""

import dataclasses
import functools
import pathlib
from collections.abc import Callable, Mapping

import jax
import numpy as np
import pandas as pd
from scipy import stats

from uncertainty.probes import statements as statements_lib
from uncertainty.probes.fits import classify, fold_means, mlp, truth
from uncertainty.probes.fits.folds import Folds
from uncertainty.probes.statements import Comparison, Statements
from uncertainty.results import columns, derived

ALL_TOPICS = 'all topics'
CHOSEN = 'chosen'  # the kind of probe picked together with its layer
# Where probes only help to choose, they are fitted less finely.
_CHOICE_RESTARTS = 3  # of CCS
_TOLERANCES = {False: 1e-14, True: 1e-3}  # of logistic regressions
_MLP_FOLDS = 8  # trained at once: their activations lie in memory side by side


@dataclasses.dataclass(frozen=True)
class Task:
  """What a probe is fitted to.

  Attributes:
    acts_NLD: activations.
    known: of the N statements.
    folds: which train and which are tested.
    seed: of restarts and of the MLP's weights.
    checkpoint_dir: of the MLP.
    chooses: whether layers are only compared, so that less finely will do.
  """

  acts_NLD: np.ndarray
  known: Statements
  folds: Folds
  seed: int
  checkpoint_dir: pathlib.Path | None = None
  chooses: bool = False


def _linear(fit: Callable, task: Task) -> np.ndarray:
  probe = classify.per_layer_and_fold(
      fit, task.acts_NLD, task.known.label_N, task.folds)
  return classify.score_tests(probe, task.acts_NLD, task.folds)


def _logistic(task: Task) -> np.ndarray:
  return _linear(classify.logistic(tolerance=_TOLERANCES[task.chooses]), task)


def _ttpd(task: Task) -> np.ndarray:
  known = task.known
  probe = truth.ttpd(task.acts_NLD, known.label_N, known.source_N,
                     known.polarity_N, task.folds,
                     tolerance=_TOLERANCES[task.chooses])
  return classify.score_tests(probe.linear(), task.acts_NLD, task.folds)


def _fit_ccs(task: Task, centred_NLD: np.ndarray, folds: Folds,
             key: jax.Array) -> np.ndarray:
  spec = truth.CCSSpec()
  if task.chooses:
    spec = dataclasses.replace(spec, restarts=_CHOICE_RESTARTS)
  found = truth.ccs(centred_NLD, task.known.label_N, task.known.partner_N,
                    folds, key=key, spec=spec)
  return classify.score_tests(found.probe, centred_NLD, folds)


def _ccs(task: Task) -> np.ndarray:
  """Centred by source, the tested statements about their own mean."""
  centred = task.acts_NLD.astype(np.float32)
  source_N = task.known.source_N
  for source in np.unique(source_N):
    here = source_N == source
    rows = centred[here]
    centred[here] = rows - rows.mean(0, keepdims=True)
  # AdamW's step is absolute: bring every layer to unit scale.
  scale_L = np.sqrt((centred**2).mean((0, 2), keepdims=True))
  centred = centred / np.where(scale_L > 0, scale_L, 1)
  return _fit_ccs(task, centred, task.folds, jax.random.key(task.seed))


def _ccs_uncentred(task: Task) -> np.ndarray:
  """Each side of the pairs is centred about its mean over training items.

  A test statement is scored from itself alone, whatever others are tested.
  """
  acts, folds = task.acts_NLD, task.folds
  key = jax.random.key(task.seed)
  scores = []
  for fold in range(folds.n_folds):
    train, centred = folds.train(fold), acts.astype(np.float32)
    for polarity in np.unique(task.known.polarity_N[train]):
      side = task.known.polarity_N == polarity
      own = train[side[train]]
      centred[side] -= centred[own].mean(0, keepdims=True)
    scale_L = np.sqrt((centred[train]**2).mean((0, 2), keepdims=True))
    centred /= np.where(scale_L > 0, scale_L, 1)
    scores.append(_fit_ccs(
        task, centred, folds.part(slice(fold, fold + 1)),
        jax.random.fold_in(key, fold)))
  return np.concatenate(scores, axis=1)


def _mahalanobis(task: Task) -> np.ndarray:
  distance = classify.mahalanobis(
      task.acts_NLD, task.known.label_N, task.folds)
  return distance[..., 0] - distance[..., 1]


def _mlp(task: Task) -> np.ndarray:
  step = _MLP_FOLDS if task.chooses else task.folds.n_folds
  spec, scores = mlp.MLPSpec(loss='logistic'), []
  for start in range(0, task.folds.n_folds, step):
    folder = task.checkpoint_dir
    if folder and task.chooses:
      folder = folder / f'choice-{start}'
    scores.append(mlp.cross_validate(
        task.acts_NLD, task.known.label_N,
        task.folds.part(slice(start, start + step)), seed=task.seed + start,
        spec=spec, checkpoint_dir=folder))
  return np.concatenate(scores, axis=1)


PROBES: dict[str, Callable[[Task], np.ndarray]] = {
    'mass_mean': functools.partial(_linear, truth.fit_mass_mean),
    'logistic': _logistic,
    'lda': functools.partial(_linear, classify.lda()),
    'ttpd': _ttpd,
    'ccs': _ccs,
    'ccs_uncentred': _ccs_uncentred,
    'mahalanobis': _mahalanobis,
    'mlp': _mlp,
}


def evaluate(
    acts_NLD: np.ndarray, frame: pd.DataFrame, *, seed: int = 0,
    with_mlp: bool = True, checkpoint_dir: pathlib.Path | None = None,
    names: tuple[str, ...] = tuple(PROBES),
) -> pd.DataFrame:
  """Accuracy of every truth probe, layer and left-out topic.

  What the columns mean, and how layer -1 and probe 'chosen' are picked, is said
  at the top of this file.

  Args:
    acts_NLD: activations at the statements' last token.
    frame: the results table of N statements, in the same order.
    seed: of the balanced training sets, restarts and MLP weights.
    with_mlp: train the non-linear probe too.
    checkpoint_dir: of the MLP.
    names: which probes, keys of `PROBES`.

  Returns:
    Rows (layer, test, polarity, accuracy, ci_low, ci_high, p_value, auroc, n,
    n_topics, probe). `test` is the left-out topic, 'german', or 'all topics';
    `polarity` is 'both', 'affirmative' or 'negated'.

  Raises:
    UserError: other items than data set `truth`'s, or of a single topic.

  Source:
    Bürger et al. 2024, Truth is Universal, section 5 (the probes and the
    balanced topics); Nadeau & Bengio 2003, Inference for the generalization
    error, section 3.
  """
  known = statements_lib.parse(frame)
  generator = np.random.default_rng(seed)
  tests, folds = statements_lib.splits(known, generator)
  nested, comparisons = statements_lib.nested_splits(known, generator)
  task = Task(acts_NLD, known, folds, seed, checkpoint_dir)
  choice = dataclasses.replace(task, folds=nested, chooses=True)
  used = [n for n in names if with_mlp or n != 'mlp']
  scores = {name: PROBES[name](task) for name in used}
  compared = {name: _compared(
      PROBES[name](choice), choice, comparisons, tests, scores[name], folds)
      for name in used}
  frames = [_rows(np.concatenate(
      [_picked(scores, {name: compared[name]})[None], scores[name]]),
      known, tests, folds).assign(**{derived.PROBE: name}) for name in used]
  if len(used) > 1:
    frames.append(_rows(_picked(scores, compared)[None], known, tests,
                        folds).assign(**{derived.PROBE: CHOSEN}))
  return pd.concat(frames, ignore_index=True)


def _compared(
    nested_LFB: np.ndarray, choice: Task, comparisons: list[Comparison],
    tests: list[str], scores_LFB: np.ndarray, folds: Folds,
) -> np.ndarray:
  """Mean accuracy [L, F] that each layer is chosen by for each test set."""
  label_N, found = choice.known.label_N, []
  for f, name in enumerate(tests):
    if name == statements_lib.GERMAN:
      pieces = [(scores_LFB[:, t, :len(folds.test(t))], folds.test(t))
                for t in range(len(tests)) if t != f]
    else:
      pieces = []
      for one in comparisons:
        if one.left_out == name:
          test = choice.folds.test(one.fold)
          counts = np.isin(test, one.tested_N)
          pieces.append((nested_LFB[:, one.fold, :len(test)][:, counts],
                         test[counts]))
    found.append(np.mean([((score_LB > 0) == label_N[test]).mean(1)
                          for score_LB, test in pieces], axis=0))
  return np.stack(found, axis=1)


def _picked(scores: Mapping[str, np.ndarray],
            compared: Mapping[str, np.ndarray]) -> np.ndarray:
  """Scores [F, B] of the best kind and layer of each test set."""
  every_KLF = np.stack(list(compared.values()))
  _, n_layers, n_folds = every_KLF.shape
  best_F = every_KLF.reshape(-1, n_folds).argmax(0)
  names = list(compared)
  return np.stack([scores[names[best // n_layers]][best % n_layers, f]
                   for f, best in enumerate(best_F)])


def _rows(scores_LFB: np.ndarray, known: Statements, tests: list[str],
          folds: Folds) -> pd.DataFrame:
  """Accuracies of scores, whose first layer is -1."""
  frames = []
  for name in _POLARITIES:
    each = {}
    for f, test in enumerate(tests):
      index = folds.test(f)
      mask = _POLARITIES[name](known.polarity_N[index])
      score_LB = scores_LFB[:, f, :len(index)][:, mask]
      index = index[mask]
      if not len(index):
        continue
      if test == statements_lib.GERMAN:
        topic_B = known.topic_N[index]
        parts = [_one_topic(score_LB[:, topic_B == t],
                            known.label_N[index[topic_B == t]])
                 for t in np.unique(topic_B)]
        frames.append(_over_topics(parts, shared=False).assign(
            **{derived.TEST: test, derived.POLARITY: name}))
      else:
        each[test] = _one_topic(score_LB, known.label_N[index])
    frames += [part.assign(**{derived.TEST: test, derived.POLARITY: name})
               for test, part in each.items()]
    if each:
      frames.append(_over_topics(list(each.values()), shared=True).assign(
          **{derived.TEST: ALL_TOPICS, derived.POLARITY: name}))
  rows = pd.concat(frames).rename_axis(derived.LAYER).reset_index()
  rows[derived.LAYER] -= 1
  return rows.sort_values(derived.LAYER, kind='stable').reindex(columns=[
      derived.LAYER, derived.TEST, derived.POLARITY, columns.ACCURACY,
      columns.CI_LOW, columns.CI_HIGH, columns.P_VALUE, derived.AUROC,
      columns.N, derived.N_TOPICS])


_POLARITIES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    'both': lambda polarity: polarity != 0,
    'affirmative': lambda polarity: polarity > 0,
    'negated': lambda polarity: polarity < 0,
}


def _one_topic(score_LB: np.ndarray, label_B: np.ndarray) -> pd.DataFrame:
  """One row a layer, with Wilson's interval over statements."""
  n, n_true = len(label_B), int(label_B.sum())
  accuracy_L = ((score_LB > 0) == label_B).mean(1)
  z = stats.norm.ppf(.975)
  middle_L = (accuracy_L + z**2 / (2 * n)) / (1 + z**2 / n)
  reach_L = z / (1 + z**2 / n) * np.sqrt(
      accuracy_L * (1 - accuracy_L) / n + z**2 / (4 * n**2))
  auroc_L = np.full(len(score_LB), np.nan)
  if 0 < n_true < n:
    ranks_L = stats.rankdata(score_LB, axis=1)[:, label_B == 1].sum(1)
    auroc_L = (ranks_L - n_true * (n_true + 1) / 2) / (n_true * (n - n_true))
  return pd.DataFrame({
      columns.ACCURACY: accuracy_L, columns.CI_LOW: middle_L - reach_L,
      columns.CI_HIGH: middle_L + reach_L, columns.P_VALUE: np.nan,
      derived.AUROC: auroc_L, columns.N: float(n), derived.N_TOPICS: 1})


def _over_topics(parts: list[pd.DataFrame], shared: bool) -> pd.DataFrame:
  """The mean over topics; `shared` where topics train each other's probes."""
  accuracy_LT = np.stack([part[columns.ACCURACY] for part in parts], axis=1)
  found = fold_means.mean_test(accuracy_LT, null=.5, shared=shared)
  return pd.DataFrame({
      columns.ACCURACY: accuracy_LT.mean(1), columns.CI_LOW: found.low,
      columns.CI_HIGH: found.high, columns.P_VALUE: found.p_value,
      derived.AUROC: np.mean([part[derived.AUROC] for part in parts], axis=0),
      columns.N: np.sum([part[columns.N] for part in parts], axis=0),
      derived.N_TOPICS: len(parts)})
