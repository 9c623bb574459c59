"""Probes of doubt against scikit-learn, on a run's own activations.

    python launch/doubt_parity.py --workdir=runs/doubt_probe

The AUROC of every logistic probe of `analysis/doubt_probes.parquet`, layer by
layer, beside scikit-learn's tree (which splits entropies), grouped folds,
logistic regression and ROC; and the AUROC of SAPLMA's scores, and all others',
on items that come after those fitted. Prints the largest differences.
"""

import argparse
import collections
import pathlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn import linear_model, metrics, model_selection, tree

from uncertainty.analysis.statistics import separation
from uncertainty.probes import doubt
from uncertainty.results import activations, columns, derived, schema


class Pair(NamedTuple):
  """One AUROC, twice."""

  dataset: str
  model: str
  probe: str
  site: str
  here: float
  scikit_learn: float


def compare(workdir: pathlib.Path, n_folds: int, every: int = 1,
            ) -> list[Pair]:
  """Both AUROCs of each layer.

  Args:
    workdir: of a run with protocol `doubt`.
    n_folds: its config.probe.n_folds.
    every: compares one layer in so many.

  Returns:
    A pair a layer; none of probes that are no logistic regression.
  """
  results = schema.read_results(workdir)
  curves = pd.read_parquet(workdir / 'analysis' / 'doubt_probes.parquet')
  curves = curves[curves[derived.LAYER] % every == 0]
  pairs = []
  for (dataset, model, site, name), part in curves.groupby(
      [columns.DATASET, columns.MODEL, derived.SITE, derived.PROBE],
      sort=False):
    probe, frame = doubt.PROBES[str(name)], results[str(dataset), str(model)]
    if probe.fit != 'logistic':
      continue
    frame = frame[np.isfinite(frame[probe.column].to_numpy(float))]
    acts_NLD = activations.read(
        workdir / 'activations' / str(dataset) / str(model) / str(site),
        frame[columns.ITEM_ID].tolist()).values_NLD
    target_N = frame[probe.column].to_numpy(float)
    splits = list(model_selection.GroupKFold(
        min(n_folds, len(set(_groups(frame)))), shuffle=True, random_state=42,
        ).split(target_N, groups=_groups(frame)))
    for layer, auroc in zip(part[derived.LAYER], part[derived.AUROC],
                            strict=True):
      pairs.append(Pair(
          str(dataset), str(model), str(name), str(site), auroc, _auroc(
              acts_NLD[:, layer].astype(np.float64), target_N, splits,
              probe.split)))
  return pairs


def _groups(frame: pd.DataFrame) -> list[str]:
  """Clusters where items have them, else questions in the same words."""
  return [cluster if isinstance(cluster, str) and cluster else
          question.strip().lower().rstrip('?') for cluster, question in zip(
              frame.get(columns.CLUSTER, [''] * len(frame)),
              frame[columns.QUESTION], strict=True)]


def _auroc(acts_ND: np.ndarray, target_N: np.ndarray,
           splits: Sequence[tuple[np.ndarray, np.ndarray]], cut: bool,
           ) -> float:
  """Mean over the folds that train and test both labels."""
  found = []
  for train, test in splits:
    label_N = target_N
    if cut:
      stump = tree.DecisionTreeRegressor(max_depth=1).fit(
          target_N[train, None], target_N[train])
      label_N = (target_N > stump.tree_.threshold[0]).astype(float)
    if not (np.ptp(label_N[train]) and np.ptp(label_N[test])):
      continue
    fitted = linear_model.LogisticRegression(tol=1e-10, max_iter=10_000).fit(
        *_twice(acts_ND[train], label_N[train]))
    score_n = fitted.decision_function(acts_ND[test])
    x, y, weights = _twice(score_n, label_N[test])
    found.append(metrics.roc_auc_score(y, x, sample_weight=weights))
  return float(np.mean(found))


def _twice(x: np.ndarray, share_N: np.ndarray,
           ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
  """Every row as a 1 that weighs its share, and as a 0 of the rest."""
  return (np.concatenate([x, x]), np.repeat([1, 0], len(x)),
          np.concatenate([share_N, 1 - share_N]))


def compare_forward(workdir: pathlib.Path) -> list[Pair]:
  """Both AUROCs of the scores that claims are made of.

  Args:
    workdir: of a run with protocol `doubt`.

  Returns:
    A pair a probe and data set that it was fitted to.
  """
  scores = pd.read_parquet(workdir / 'analysis' / 'doubt_forward.parquet')
  pairs = []
  for key, part in scores[scores[derived.SCORE].notna()].groupby(
      [columns.DATASET, columns.MODEL, derived.PROBE, derived.SITE,
       derived.TRAIN], sort=False):
    score_N, label_N = (part[name].to_numpy(float) for name in (
        derived.SCORE, derived.HIGH_SHARE))
    if np.ptp(label_N):
      x, y, weights = _twice(score_N, label_N)
      pairs.append(Pair(
          *map(str, key[:4]), separation.auroc(score_N, label_N).value,
          metrics.roc_auc_score(y, x, sample_weight=weights)))
  return pairs


def main() -> None:
  """Prints how far the run's AUROCs and scikit-learn's are apart."""
  parser = argparse.ArgumentParser(description=__doc__)
  parser.add_argument('--workdir', required=True, type=pathlib.Path)
  parser.add_argument(
      '--n_folds', default=10, type=int, help="the run's config.probe.n_folds")
  parser.add_argument(
      '--every', default=1, type=int, help='compares one layer in so many')
  options = parser.parse_args()
  for title, pairs in (
      ('layers', compare(options.workdir, options.n_folds, options.every)),
      ('scores', compare_forward(options.workdir))):
    print(f'\n{title}: {len(pairs)} AUROCs; number and largest difference')
    apart = collections.defaultdict(list)
    for pair in pairs:
      apart[pair[:4]].append(abs(pair.here - pair.scikit_learn))
    for key, some in apart.items():
      print(f'{" ".join(key):70} {len(some):4d} {max(some):8.1e}')


if __name__ == '__main__':
  main()
