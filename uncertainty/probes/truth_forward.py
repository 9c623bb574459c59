"""How well truth probes do on each next topic, judged forward.

Topics come in a random order. The probe of a topic was fitted to the topics
before it, and its kind and layer are those that did best on average on the
topics tested so far, by probes that were fitted to the ones before those. So,
given the past, a topic's accuracy is by chance above or below what this very
probe is worth on new topics: the errors are martingale differences, and no
correction for the choice is left to make. Topics that are left out in turn
train each other's probes, and what their accuracies have in common hangs on
what activations hold: no one correction of their mean's error fits. Nadeau &
Bengio's rejects 9 % of nulls whose topics lie far apart (method.md, section 7).

The first topic only trains, and on the second kinds and layers are only
compared.

Source: Dawid 1984, The prequential approach; Bengio & Grandvalet 2004, No
unbiased estimator of the variance of k-fold cross-validation.
"""

import pathlib

import numpy as np
import pandas as pd

from uncertainty.probes import statements as statements_lib
from uncertainty.probes import truth_table
from uncertainty.probes.fits.folds import Folds
from uncertainty.probes.statements import Statements
from uncertainty.results import columns, derived


def table(
    acts_NLD: np.ndarray, frame: pd.DataFrame, *, seed: int = 0,
    with_mlp: bool = True, checkpoint_dir: pathlib.Path | None = None,
    names: tuple[str, ...] = tuple(truth_table.PROBES),
) -> pd.DataFrame:
  """Accuracy on each topic of the probe that the topics before it gave.

  Args:
    acts_NLD: activations at the statements' last token.
    frame: the results table of N statements, in the same order.
    seed: of the order of topics, balanced training sets, restarts and MLP.
    with_mlp: train the non-linear probe too.
    checkpoint_dir: of the MLP.
    names: which probes, keys of `truth_table.PROBES`.

  Returns:
    A row a tested topic: test (the topic), n_topics (that trained), probe and
    layer (as chosen), accuracy (`balanced_accuracy`) and n (statements). No
    rows of fewer than three topics.

  Raises:
    UserError: other items than data set `truth`'s, or of a single topic.
  """
  known = statements_lib.parse(frame)
  tests, folds = splits(known, seed)
  scores = read(acts_NLD, known, folds, seed=seed,
                checkpoint_dir=checkpoint_dir,
                names=tuple(n for n in names if with_mlp or n != 'mlp'))
  accuracy_FKL = np.array([[
      balanced_accuracy(of_kind[:, f, :len(test)], known.label_N[test])
      for of_kind in scores.values()]
      for f in range(folds.n_folds) if len(test := folds.test(f))])
  rows = []
  for f in range(1, folds.n_folds):
    # A topic of statements that are all true tells nothing.
    past_KL = np.nan_to_num(accuracy_FKL[:f]).mean(0)
    kind, layer = np.unravel_index(past_KL.argmax(), past_KL.shape)
    rows.append((tests[f], f + 1, list(scores)[kind], int(layer),
                 accuracy_FKL[f, kind, layer], len(folds.test(f))))
  return pd.DataFrame(rows, columns=[
      derived.TEST, derived.N_TOPICS, derived.PROBE, derived.LAYER,
      columns.ACCURACY, columns.N])


def splits(known: Statements, seed: int) -> tuple[list[str], Folds]:
  """The folds of `table`.

  Args:
    known: of N statements.
    seed: as there.

  Returns:
    See `statements.forward_splits`.
  """
  return statements_lib.forward_splits(known, np.random.default_rng(seed))


def read(
    acts_NLD: np.ndarray, known: Statements, folds: Folds, *, seed: int,
    names: tuple[str, ...], checkpoint_dir: pathlib.Path | None = None,
) -> dict[str, np.ndarray]:
  """What probes of each kind say of the tested statements.

  Args:
    acts_NLD: activations.
    known: of N statements.
    folds: over them.
    seed: of restarts and MLP.
    names: of the kinds.
    checkpoint_dir: of the MLP.

  Returns:
    Kind → scores [L, F, B], above 0 where a statement reads as true.
  """
  task = truth_table.Task(acts_NLD, known, folds, seed, checkpoint_dir)
  return {name: truth_table.PROBES[name](task) for name in names}


def balanced_accuracy(score_LB: np.ndarray, label_B: np.ndarray) -> np.ndarray:
  """Mean of the shares of true and of false statements that are told right.

  ½ for whatever does not hang on the truth, however many are true.

  Args:
    score_LB: above 0 where a statement reads as true.
    label_B: 1 true, 0 false.

  Returns:
    [L]; NaN where all labels are one.
  """
  if label_B.min() == label_B.max():
    return np.full(len(score_LB), np.nan)
  right_LB = (score_LB > 0) == label_B
  return (right_LB[:, label_B == 1].mean(1)
          + right_LB[:, label_B == 0].mean(1)) / 2
