"""The paper's figures, cell by cell, from results tables.

`cells` speaks the paper's language: `figure` is the figure's file stem,
`measure` and `model` are its names. Recipes: method.md, section 5, each
checked against the printed numbers.
"""

import dataclasses
import re
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from uncertainty.analysis.paper import ece as paper_ece
from uncertainty.analysis.paper import tie_order
from uncertainty.analysis.scores import pairs as model_pairs
from uncertainty.analysis.scores import stack as stacking
from uncertainty.analysis.statistics import ranking
from uncertainty.analysis.statistics.signed_rank import signed_rank
from uncertainty.measures import registry
from uncertainty.results import columns as cols
from uncertainty.results import derived
from uncertainty.results import published_columns as names

INSTRUCT = 'Wilcoxon r (IFT Pairs)'
COLUMNS = [derived.FIGURE, cols.MEASURE, cols.MODEL, cols.VALUE, cols.P_VALUE,
           cols.N, derived.SHOWN, derived.PRINTED, cols.TIE_FREE]
_CELL = [derived.FIGURE, cols.MEASURE, cols.MODEL, cols.VALUE, cols.P_VALUE,
         cols.N, cols.TIE_FREE]
# Bonferroni over 30 models, 17 measures and 4 signals; the paper's constant,
# kept for any subset so that a cell's fate does not depend on its company.
SPEARMAN_ALPHA = .05 / 2040
INSTRUCT_ALPHA = .05 / 17
_TITLES = {'coane': 'Coane', 'protoqa': 'ProtoQA', 'camchoice': 'CamChoice',
           'mmlu': 'MMLU'}


@dataclasses.dataclass(frozen=True)
class _Panel:
  """Measures that share figures, and the human signals they meet."""

  title: str  # in Spearman figures
  ece: str  # in ECE figures
  prefixes: tuple[str, ...]
  signals: tuple[str, ...]
  correctness: str  # the right one for these measures


_PANELS = (
    _Panel('MCQA', 'mcqa', (registry.MC,), (
        cols.HUMAN_ENTROPY, cols.HUMAN_MC_PROP_CORRECT,
        cols.HUMAN_MC_RT_COMBINED, cols.HUMAN_MC_RT_CORRECT), cols.CORRECT),
    _Panel('FR', 'fr', (registry.FR_FIRST, registry.FR), (
        cols.HUMAN_ENTROPY, cols.HUMAN_FR_PROP_CORRECT,
        cols.HUMAN_FR_RT_ANSWERED, cols.HUMAN_FR_RT_CORRECT), cols.FR_CORRECT),
    _Panel('BFR', 'fr', (registry.BRACKET_FIRST, registry.BRACKET), (
        cols.HUMAN_ENTROPY, cols.HUMAN_FR_PROP_CORRECT,
        cols.HUMAN_FR_RT_ANSWERED, cols.HUMAN_FR_RT_CORRECT), cols.FR_CORRECT),
)


def cells(
    stacks: Sequence[stacking.Stack], mode: str = 'reproduction',
    ties: str = 'avx2') -> pd.DataFrame:
  """Every cell of the paper's behavioural figures.

  Args:
    stacks: the data sets, our columns.
    mode: 'reproduction': the paper's recipes, flaws included; 'sound': the
      same figures with free-response calibration against graded
      free-response correctness, tied confidences never split, and no blanks.
    ties: order of tied confidences in the reproduced sweep: 'avx2', the
      paper's machine where this one can imitate it, or 'stable'.

  Returns:
    Columns `COLUMNS`. `value` is unrounded; `shown` is False where the paper
    leaves the cell blank; `printed` is the number as it would be printed;
    `tie_free` is False where the value depends on the order of ties.
  """
  rows = []
  for stack in stacks:
    kept_N = kept_items(stack.dataset, stack.frames)
    confidence_MN = stacking.paper_confidence(stack)
    has_free = any(row.prefix not in (registry.MC, '') for row in stack.rows)
    for panel in _PANELS:
      rows += _spearman_rows(stack.dataset, panel, stack.frames, kept_N)
      rows += _ece_rows(
          stack, confidence_MN, panel, kept_N, mode, ties, has_free)
    rows += _agreement_rows(stack.dataset, stack.frames, kept_N)
  table = pd.DataFrame(rows, columns=_CELL)
  table = pd.concat([table, instruct_cells(table)], ignore_index=True)
  table[derived.SHOWN] = _shown(table) if mode == 'reproduction' else True
  table[derived.PRINTED] = [
      printed(*row)
      for row in table[[derived.FIGURE, cols.MODEL, cols.VALUE]].to_numpy()]
  table.loc[~table[derived.SHOWN], derived.PRINTED] = np.nan
  return table[COLUMNS]


def kept_items(
    dataset: str, frames: Mapping[str, pd.DataFrame]) -> np.ndarray:
  """Which items the figures use.

  The paper drops Coane's items whose free-response grading is '?' for any
  model; they are the same two for all thirty.

  Args:
    dataset: its name.
    frames: model → its results, all over the same items.

  Returns:
    [N] bool.
  """
  n_items = len(next(iter(frames.values())))
  kept_N = np.ones(n_items, bool)
  if dataset == 'coane':
    for frame in frames.values():
      if cols.FR_GRADE in frame:
        kept_N &= (frame[cols.FR_GRADE] != '?').to_numpy()
  return kept_N


def _measures(frame: pd.DataFrame, prefix: str) -> list[str]:
  """Measure columns with exactly this prefix that the paper has a name for."""
  return [c for c in map(str, frame)
          if registry.is_measure(c) and names.paper_name(c)
          and registry.parse(c)[0] == prefix]


def _orientation(column: str) -> int:
  return registry.parse(column)[1].orientation


def _spearman_rows(
    dataset: str, panel: _Panel, frames: Mapping[str, pd.DataFrame],
    kept_N: np.ndarray,
) -> list[tuple]:
  rows = []
  title = _TITLES.get(dataset, dataset)
  for model, frame in frames.items():
    signals = [s for s in panel.signals if s in frame]
    columns = [c for p in panel.prefixes for c in _measures(frame, p)]
    if not signals or not columns:
      continue
    measures_MN = np.stack([
        frame[c].to_numpy(float) * _orientation(c) for c in columns])
    signals_SN = np.stack([frame[s].to_numpy(float) for s in signals])
    found = ranking.spearman(
        ranking.finite(measures_MN[:, kept_N]), signals_SN[:, kept_N])
    for s, signal in enumerate(signals):
      figure = (f'corr_heatmap_{title} ({panel.title})_'
                f'{names.paper_name(signal)}')
      for m, column in enumerate(columns):
        rows.append((
            figure, names.paper_name(column), model, found.rho_MS[m, s],
            found.p_value_MS[m, s], int(found.n_MS[m, s]), True))
  return rows


def ece_figure(dataset: str, panel_name: str, binning: str, split: bool) -> str:
  """The file stem of one of the paper's ECE figures.

  Args:
    dataset: its name.
    panel_name: 'mcqa' or 'fr'.
    binning: 'width' or 'sweep'.
    split: whether the data set was asked in several formats.

  Returns:
    'ece_heatmap_coane(fr)_width'; no parentheses for one-format data sets.
  """
  form = f'({panel_name})' if split or dataset == 'coane' else ''
  return f'ece_heatmap_{dataset}{form}_{binning}'


def _ece_rows(
    stack: stacking.Stack, confidence_MN: np.ndarray, panel: _Panel,
    kept_N: np.ndarray, mode: str, ties: str, has_free: bool,
) -> list[tuple]:
  """Width and sweep cells of one panel."""
  correctness = cols.CORRECT if mode == 'reproduction' else panel.correctness
  jobs = []
  for row, confidence in zip(stack.rows, confidence_MN, strict=True):
    if row.prefix not in panel.prefixes or not row.measure.paper_name:
      continue
    correct = stacking.numbers(stack.frames[row.model], correctness)
    used = kept_N & np.isfinite(confidence) & np.isfinite(correct)
    if used.any():
      jobs.append((names.paper_name(row.column), row.model, confidence[used],
                   correct[used]))
  if not jobs:
    return []
  orders = None
  if mode == 'reproduction' and ties == 'avx2':
    orders = tie_order.avx2_orders([job[2] for job in jobs])
  pair = [job[2] for job in jobs], [job[3] for job in jobs]
  sweeps = paper_ece.sweep(*pair, orders, split_ties=mode != 'sound')
  rows = []
  for (measure, model, confidence, _), width, sweep in zip(
      jobs, paper_ece.widths(*pair), sweeps, strict=True):
    tie_free = (
        mode == 'sound' or len(np.unique(confidence)) == len(confidence))
    for binning, value, free in (
        ('width', float(width), True), ('sweep', float(sweep), tie_free)):
      figure = ece_figure(stack.dataset, panel.ece, binning, has_free)
      rows.append((figure, measure, model, value, np.nan, len(confidence),
                   free))
  return rows


def _agreement_rows(
    dataset: str, frames: Mapping[str, pd.DataFrame], kept_N: np.ndarray,
) -> list[tuple]:
  """Percent of items answered right, or as most people answer them."""
  rows = []
  title = _TITLES.get(dataset, dataset)
  for model, frame in frames.items():
    for panel, columns in (('MCQA', (cols.CORRECT, cols.AGREES)),
                           ('FR', (cols.FR_CORRECT,))):
      known = [c for c in columns if c in frame and frame[c].notna().any()]
      if known:
        hits = frame[known[0]].to_numpy(float)[kept_N]
        hits = hits[np.isfinite(hits)]
        rows.append(('agreement_heatmap', f'{title} ({panel})', model,
                     100 * hits.sum() / len(hits), np.nan, len(hits), True))
  return rows


def instruct_cells(table: pd.DataFrame) -> pd.DataFrame:
  """The instruct column of each figure: base − instruct over the pairs.

  Args:
    table: cells of the models, columns figure, measure, model, value.

  Returns:
    One row per (figure, measure) with a pair: the matched-pairs rank-biserial
    r = (W⁺ − W⁻)/(W⁺ + W⁻), its Wilcoxon signed-rank p, n pairs.
  """
  groups: dict[tuple[str, str], dict[str, tuple[float, bool]]] = {}
  for figure, measure, model, value, tie_free in zip(*(
      table[c] for c in (derived.FIGURE, cols.MEASURE, cols.MODEL, cols.VALUE,
                         cols.TIE_FREE)), strict=True):
    groups.setdefault((figure, measure), {})[model] = value, tie_free
  paired = {models: model_pairs.BY_NAME.pairs(models)
            for models in {tuple(group) for group in groups.values()}}
  rows = []
  for (figure, measure), group in groups.items():
    d = np.array([group[base][0] - group[tuned][0]
                  for base, tuned in paired[tuple(group)]], float)
    d = d[np.isfinite(d)]
    if len(d):
      # The paper's zero where nothing differs, which it leaves blank.
      r, p_value = signed_rank(d) if d.any() else (0.0, 1.0)
      tie_free = all(free for _, free in group.values())
      rows.append((figure, measure, INSTRUCT, r, p_value, len(d), tie_free))
  return pd.DataFrame(rows, columns=_CELL)


def probe_cells(activations: pd.DataFrame) -> pd.DataFrame:
  """The probe curves and, for every pair, base − instruct by layer.

  Args:
    activations: the paper's probe table: dataset, model, layer, n_samples and
      TARGET_mean_METRIC columns.

  Returns:
    Columns `COLUMNS`; `measure` is the layer, `model` of a difference is the
    base model.
  """
  rows = []
  for dataset, table in activations.groupby(cols.DATASET, sort=False):
    n_samples = table.groupby(cols.MODEL)['n_samples'].first()
    for column in map(str, table):
      match = re.fullmatch(r'(.+)_mean_(r2|correlation|mse)', column)
      if match is None:
        continue
      curve = table.pivot(index=derived.LAYER, columns=cols.MODEL,
                          values=column)
      curve = curve.loc[sorted(
          curve.index, key=lambda name: int(name.split('_')[-1]))]
      figure = f'activations_{dataset}_{match[1]}_{match[2]}'
      delta = {base: curve[base] - curve[tuned] for base, tuned in
               model_pairs.BY_NAME.pairs(list(map(str, curve)))}
      for stem, curves in (
          ('', {str(c): curve[c] for c in curve}), ('_delta', delta)):
        for model, values in curves.items():
          rows += [(figure + stem, layer, model, value, np.nan,
                    int(n_samples[model]), True, round(value, 3), True)
                   for layer, value in values.dropna().items()]
  return pd.DataFrame(rows, columns=COLUMNS)[COLUMNS]


def _shown(table: pd.DataFrame) -> np.ndarray:
  """Which cells the paper prints."""
  instruct = (table[cols.MODEL] == INSTRUCT).to_numpy()
  corr = table[derived.FIGURE].str.startswith('corr_').to_numpy()
  p_value = table[cols.P_VALUE].to_numpy(float)
  shown = np.isfinite(table[cols.VALUE].to_numpy(float))
  shown &= ~corr | instruct | (p_value < SPEARMAN_ALPHA)
  return shown & (~instruct | (p_value < INSTRUCT_ALPHA))


def printed(figure: str, model: str, value: float) -> float:
  """The number as the paper prints it.

  Spearman cells have two decimals, ECE cells and the instruct column three,
  agreement is cut to a whole per cent.

  Args:
    figure: its file stem.
    model: the paper's name, or `INSTRUCT`.
    value: unrounded.

  Returns:
    The rounded value; NaN where it is not finite.
  """
  if not np.isfinite(value):
    return float('nan')
  if model == INSTRUCT or figure.startswith('ece_'):
    return float(f'{value:.3f}')
  if figure.startswith('agreement'):
    return float(np.floor(value + 1e-9))  # 100·(29/100) is 28.999…
  return float(f'{value:.2f}')
