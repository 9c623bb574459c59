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
from uncertainty.results import published_columns as names

INSTRUCT = 'Wilcoxon r (IFT Pairs)'
COLUMNS = ['figure', 'measure', 'model', 'value', 'p_value', 'n', 'shown',
           'printed', 'tie_free']
_CELL = ['figure', 'measure', 'model', 'value', 'p_value', 'n', 'tie_free']
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
    _Panel('MCQA', 'mcqa', ('mc_',), (
        'human_entropy', 'human_mc_prop_correct', 'human_mc_rt_combined',
        'human_mc_rt_correct'), 'correct'),
    _Panel('FR', 'fr', ('fr_first_', 'fr_'), (
        'human_entropy', 'human_fr_prop_correct', 'human_fr_rt_answered',
        'human_fr_rt_correct'), 'fr_correct'),
    _Panel('BFR', 'fr', ('bracket_first_', 'bracket_'), (
        'human_entropy', 'human_fr_prop_correct', 'human_fr_rt_answered',
        'human_fr_rt_correct'), 'fr_correct'),
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
    keep = kept_items(stack.dataset, stack.frames)
    has_free = any(row.prefix not in ('mc', '') for row in stack.rows)
    for panel in _PANELS:
      rows += _spearman_rows(stack.dataset, panel, stack.frames, keep)
      rows += _ece_rows(stack, panel, keep, mode, ties, has_free)
    rows += _agreement_rows(stack.dataset, stack.frames, keep)
  table = pd.DataFrame(rows, columns=_CELL)
  table = pd.concat([table, instruct_cells(table)], ignore_index=True)
  table['shown'] = _shown(table) if mode == 'reproduction' else True
  table['printed'] = [
      printed(*row) for row in table[['figure', 'model', 'value']].to_numpy()]
  table.loc[~table['shown'], 'printed'] = np.nan
  return table[COLUMNS]


def kept_items(
    dataset: str, frames: Mapping[str, pd.DataFrame]) -> np.ndarray:
  """Mask of the items that the figures use.

  The paper drops Coane's items whose free-response grading is '?' for any
  model; they are the same two for all thirty.
  """
  n_items = len(next(iter(frames.values())))
  keep = np.ones(n_items, bool)
  if dataset == 'coane':
    for frame in frames.values():
      if 'fr_grade' in frame:
        keep &= (frame['fr_grade'] != '?').to_numpy()
  return keep


def _measures(frame: pd.DataFrame, prefix: str) -> list[str]:
  """Measure columns with exactly this prefix that the paper has a name for."""
  return [c for c in frame if registry.is_measure(c) and names.paper_name(c)
          and registry.parse(c)[0] + '_' == prefix]


def _orientation(column: str) -> int:
  return registry.parse(column)[1].orientation


def _spearman_rows(
    dataset: str, panel: _Panel, frames: Mapping[str, pd.DataFrame],
    keep: np.ndarray,
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
        ranking.finite(measures_MN[:, keep]), signals_SN[:, keep])
    for s, signal in enumerate(signals):
      figure = (f'corr_heatmap_{title} ({panel.title})_'
                f'{names.paper_name(signal)}')
      for m, column in enumerate(columns):
        rows.append((
            figure, names.paper_name(column), model, found.rho_MS[m, s],
            found.p_value_MS[m, s], int(found.n_MS[m, s]), True))
  return rows


def ece_figure(dataset: str, panel_name: str, binning: str, split: bool) -> str:
  """'ece_heatmap_coane(fr)_width'; no parentheses for one-format data sets."""
  form = f'({panel_name})' if split or dataset == 'coane' else ''
  return f'ece_heatmap_{dataset}{form}_{binning}'


def _ece_rows(
    stack: stacking.Stack, panel: _Panel, keep: np.ndarray, mode: str,
    ties: str, has_free: bool,
) -> list[tuple]:
  """Width and sweep cells of one panel."""
  correctness = 'correct' if mode == 'reproduction' else panel.correctness
  confidence_MN = stacking.paper_confidence(stack)
  jobs = []
  for row, confidence in zip(stack.rows, confidence_MN, strict=True):
    if f'{row.prefix}_' not in panel.prefixes or not row.measure.paper_name:
      continue
    correct = stacking.numbers(stack.frames[row.model], correctness)
    used = keep & np.isfinite(confidence) & np.isfinite(correct)
    if used.any():
      jobs.append((names.paper_name(row.column), row.model, confidence[used],
                   correct[used]))
  if not jobs:
    return []
  orders = None
  if mode == 'reproduction' and ties == 'avx2':
    orders = tie_order.avx2_orders([job[2] for job in jobs])
  rows = []
  for i, (measure, model, confidence, correct) in enumerate(jobs):
    width = paper_ece.width(confidence, correct)
    if mode == 'sound':
      sweep, tie_free = paper_ece.sweep(
          confidence, correct, split_ties=False), True
    else:
      order = None if orders is None else orders[i]
      sweep = paper_ece.sweep(confidence, correct, order)
      tie_free = len(np.unique(confidence)) == len(confidence)
    for binning, value, free in (
        ('width', width, True), ('sweep', sweep, tie_free)):
      figure = ece_figure(stack.dataset, panel.ece, binning, has_free)
      rows.append((figure, measure, model, value, np.nan, len(confidence),
                   free))
  return rows


def _agreement_rows(
    dataset: str, frames: Mapping[str, pd.DataFrame], keep: np.ndarray,
) -> list[tuple]:
  """Percent of items answered right, or as most people answer them."""
  rows = []
  title = _TITLES.get(dataset, dataset)
  for model, frame in frames.items():
    for panel, columns in (('MCQA', ('correct', 'agrees')),
                           ('FR', ('fr_correct',))):
      known = [c for c in columns if c in frame and frame[c].notna().any()]
      if known:
        hits = frame[known[0]].to_numpy(float)[keep]
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
  rows = []
  for (figure, measure), group in table.groupby(
      ['figure', 'measure'], sort=False):
    value = group.set_index('model')['value']
    found = model_pairs.pairs(list(value.index))
    d = np.array([value[base] - value[tuned] for base, tuned in found], float)
    d = d[np.isfinite(d)]
    if len(d):
      # The paper's zero where nothing differs, which it leaves blank.
      r, p_value = signed_rank(d) if d.any() else (0.0, 1.0)
      tie_free = bool(group['tie_free'].all())
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
  for dataset, table in activations.groupby('dataset', sort=False):
    n_samples = table.groupby('model')['n_samples'].first()
    for column in table:
      match = re.fullmatch(r'(.+)_mean_(r2|correlation|mse)', column)
      if match is None:
        continue
      curve = table.pivot(index='layer', columns='model', values=column)
      curve = curve.loc[sorted(
          curve.index, key=lambda name: int(name.split('_')[-1]))]
      figure = f'activations_{dataset}_{match[1]}_{match[2]}'
      delta = {base: curve[base] - curve[tuned] for base, tuned in
               model_pairs.pairs(list(curve))}
      for stem, curves in (('', dict(curve.items())), ('_delta', delta)):
        for model, values in curves.items():
          rows += [(figure + stem, layer, model, value, np.nan,
                    int(n_samples[model]), True, round(value, 3), True)
                   for layer, value in values.dropna().items()]
  return pd.DataFrame(rows, columns=COLUMNS)[COLUMNS]


def _shown(table: pd.DataFrame) -> np.ndarray:
  """Which cells the paper prints."""
  instruct = (table['model'] == INSTRUCT).to_numpy()
  corr = table['figure'].str.startswith('corr_').to_numpy()
  p_value = table['p_value'].to_numpy(float)
  shown = np.isfinite(table['value'].to_numpy(float))
  shown &= ~corr | instruct | (p_value < SPEARMAN_ALPHA)
  return shown & (~instruct | (p_value < INSTRUCT_ALPHA))


def printed(figure: str, model: str, value: float) -> float:
  """The number as the paper prints it.

  Spearman cells have two decimals, ECE cells and the instruct column three,
  agreement is cut to a whole per cent.
  """
  if not np.isfinite(value):
    return float('nan')
  if model == INSTRUCT or figure.startswith('ece_'):
    return float(f'{value:.3f}')
  if figure.startswith('agreement'):
    return float(np.floor(value + 1e-9))  # 100·(29/100) is 28.999…
  return float(f'{value:.2f}')
