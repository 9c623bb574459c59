"""Writes REPRODUCTION.md from the analysis of the paper's own files.

    python -m uncertainty.main --config=configs/published.py \\
      --config.results_dir=../shared/published --workdir=runs/published
    python launch/reproduction.py --workdir=runs/published \\
      --out=REPRODUCTION.md

Every number comes from the tables of that workdir.
"""

import argparse
import pathlib
import sys
from collections.abc import Callable, Sequence

from uncertainty.report import markdown, paper_claims
from uncertainty.report import tables as report_tables
from uncertainty.report.tables import AnalysisTables
from uncertainty.results import columns, derived
from uncertainty.types import UserError

_FLAGS = '{FLAGS}'  # stands for further flags of the command shown


def page(workdir: str | pathlib.Path, flags: str = '') -> str:
  """The whole page in Markdown.

  Args:
    workdir: of the analysis.
    flags: what else its command said, to be shown with it.

  Raises:
    UserError: the workdir holds no cells.
  """
  tables = report_tables.read(pathlib.Path(workdir))
  if tables.get('cells').empty:
    raise UserError(
      f'{workdir} holds no analysis/cells.parquet; run configs/published.py '
      'with --workdir there first'
    )
  parts = [part for section in _SECTIONS for part in section(tables)]
  parts = [part.replace(_FLAGS, f' {flags}' if flags else '') for part in parts]
  return '\n\n'.join(parts) + '\n'


def _head(tables: AnalysisTables) -> list[str]:
  scores = tables.get('scores')
  made = {}
  if len(scores):
    made = scores.groupby(columns.DATASET)[columns.MODEL].nunique()
  sets = ', '.join(f'{d} ({n} models)' for d, n in dict(made).items())
  return [
    '# Reproduction',
    ('Moore, Roberts, Watson, Ward, Heyboer (2026), *Human-Alignment, '
     'Calibration, and Activation Patterns in Large Language Model '
     'Uncertainty*, arXiv 2605.30675, from its own per-item results. This '
     'page is generated; its numbers are those of one run:'),
    (
      '```\npython -m uncertainty.main --config=configs/published.py \\\n'
      '  --config.results_dir=RESULTS --workdir=DIR{FLAGS}\n'
      'python launch/reproduction.py --workdir=DIR \\\n'
      '  --out=REPRODUCTION.md\n```'
    ),
    f'Results at hand: {sets or "probe results only"}.',
  ]


def _cells(tables: AnalysisTables) -> list[str]:
  counts = tables.get('compare_counts')
  if counts.empty:
    return ['## Cells', 'No printed cells were at hand to compare with.']
  total = {
    name: counts[name].sum()
    for name in (derived.MATCH, derived.PRINTED, derived.BLANKS,
                 derived.BLANKS_RIGHT)
  }
  parts = [
    '## Cells',
    (f'**{total[derived.MATCH]} of {total[derived.PRINTED]} printed cells '
     f'match, and {total[derived.BLANKS_RIGHT]} of {total[derived.BLANKS]} '
     'blank cells are blank here too.** Spearman cells agree to 2 decimals, '
     'calibration errors and the instruct column to 3.'),
    markdown.table_text(
      counts,
      (derived.FIGURE, derived.PART, derived.PRINTED, derived.MATCH,
       derived.BLANKS, derived.BLANKS_RIGHT, columns.TIE_FREE,
       derived.TIE_FREE_MATCH),
    ),
  ]
  return parts + _if_made(
    tables, 'tie_orders',
    'The sweep binning splits tied confidences, so its cells depend on the '
    'order in which ties were sorted. The printed ones follow '
    "NumPy's default sort on a machine with AVX2 and no AVX-512; on such a "
    'machine, or told to imitate one, this is what matches:')


def _not_reproduced(tables: AnalysisTables) -> list[str]:
  compared, cells = tables.get('compare'), tables.get('cells')
  parts = ['## What was not reproduced, and why']
  if len(compared):
    rows = compared[~compared[derived.STATUS].isin(['match', 'blank in both'])]
    if len(rows):
      parts += [
        'Cells that differ:',
        markdown.table_text(
          rows,
          (derived.FIGURE, columns.MEASURE, columns.MODEL, derived.STATUS,
           derived.PRINTED_THERE, derived.PRINTED, columns.TIE_FREE),
        ),
        ('A cell that is not free of ties may come from an order of ties '
         'that we could not find.'),
      ]
  known = set(compared[derived.FIGURE]) if len(compared) else set()
  figures = [f for f in dict.fromkeys(cells[derived.FIGURE]) if f not in known]
  if figures:
    curves = [f for f in figures if f.startswith('activations_')]
    others = [f for f in figures if f not in curves]
    parts.append(
      f'Computed, but without printed numbers to compare with: '
      f'{len(others)} heatmaps and {len(curves)} probe curves and '
      f'differences. The heatmaps: {", ".join(f"`{f}`" for f in others)}.'
    )
  parts.append(
    'Not computed: panels of data sets and models whose result files are '
    'not in the folder (CamChoice may not be copied). The same command '
    'computes them where the files are.'
  )
  return parts


def _flaws(tables: AnalysisTables) -> list[str]:
  parts = ['## Two flaws']
  forms = tables.get('prompt_forms')
  if len(forms):
    table = (
      forms.groupby([columns.DATASET, columns.KIND, columns.FORM], sort=False)
      .agg(
        models=(columns.MODEL, 'nunique'),
        prompts=(derived.N_PROMPTS, 'sum'),
        with_brace=(derived.ENDS_WITH_BRACE, 'sum'),
      )
      .reset_index()
    )
    parts += [
      ('**A stray brace.** The chat multiple-choice prompt ends with an '
       'opened `{` that belongs to the free-response prompt. It stands in '
       'instruct rows only, so base and instruct differ in the prompt too:'),
      markdown.table_text(table),
    ]
  flaw = tables.get('free_response_flaw')
  for row in flaw.to_dict('records'):
    said = (
      f'{row[derived.REPRODUCED_CHOICE]} of {row[derived.N_PRINTED]} printed '
      'cells reproduce under the first definition, '
      f'{row[derived.REPRODUCED_ANSWER]} under the second.'
      if row[derived.N_PRINTED]
      else 'No printed cell of these panels is at hand here.'
    )
    parts.append(
      '**Free-response calibration against another answer.** The published '
      'free-response panels hold free-response confidence against the '
      'correctness of the *multiple-choice* answer. Held against the graded '
      f'free response instead, {row[derived.N_CHANGED]} of '
      f'{row[derived.N_CELLS]} cells of {row[columns.DATASET]} change in '
      f'print, by {row[derived.MEAN_ABS_CHANGE]:.3f} on average and '
      f'{row[derived.LARGEST_CHANGE]:.3f} at most; cells '
      f'rank alike only to ρ = {row[derived.RANK_CORRELATION]:.2f}. '
      f'Mean error {row[derived.MEAN_CHOICE]:.3f} against the choice, '
      f'{row[derived.MEAN_ANSWER]:.3f} against the answer. {said}'
    )
  return parts if len(parts) > 1 else []


def _sound(tables: AnalysisTables) -> list[str]:
  parts = ['## What changes when done soundly']
  both = tables.get('cells_by_mode')
  if len(both):
    theirs = both[f'{derived.PRINTED}_reproduction']
    known = theirs.notna()
    differs = (theirs - both[f'{derived.PRINTED}_sound']).abs()
    ece = both[derived.FIGURE].str.startswith('ece_')
    table = (
      both[known & ece]
      .assign(**{
        derived.CHANGE: differs[known & ece],
        'changed': differs[known & ece] > 5e-4,
      })
      .groupby(derived.FIGURE, sort=False)
      .agg(
        cells=(derived.CHANGE, 'size'),
        changed=('changed', 'sum'),
        mean_change=(derived.CHANGE, 'mean'),
      )
      .reset_index()
    )
    if len(table):
      parts += [
        ('Calibration errors with ties kept whole and free responses '
         'held against their own grades:'),
        markdown.table_text(table),
      ]
  cells = tables.get('alignment')
  if len(cells):
    cells = cells[
      (cells[columns.SIGNAL] == columns.HUMAN_ENTROPY)
      & cells[columns.RHO].notna()
    ]
    table = (
      cells.groupby(columns.DATASET, sort=False)
      .agg(
        cells=(columns.RHO, 'size'),
        paper=(columns.P_VALUE, lambda p: int((p < 0.05 / 2040).sum())),
        holm=(columns.P_HOLM, lambda p: int((p < 0.05).sum())),
        bh=(columns.P_BH, lambda p: int((p < 0.05).sum())),
      )
      .reset_index()
    )
    parts += [
      ("Cells of alignment with people's entropy that differ from zero: "
       "under the paper's threshold (.05/2040), under Holm and under "
       'Benjamini-Hochberg over the tests really made. Sound pages show '
       'every cell and mark these:'),
      markdown.table_text(table),
    ]
  return parts


def _instruct(tables: AnalysisTables) -> list[str]:
  effects = tables.get('effects')
  if effects.empty:
    return []
  rows = effects[effects[derived.ROLE] == 'hypothesis']
  screen = effects[effects[derived.ROLE] == 'screen']
  surviving = int((screen[columns.P_BH] < 0.05).sum())
  parts = [
    '## Instruction tuning',
    ('Instruct − base, mean over pairs; intervals are for other families; '
     'Holm over the stated hypotheses of a data set.'),
    markdown.table_text(
      rows,
      (columns.DATASET, columns.OUTCOME, columns.MEASURE, derived.N_PAIRS,
       columns.N_FAMILIES, derived.MEAN_DIFFERENCE, columns.CI_LOW,
       columns.CI_HIGH, derived.RANK_BISERIAL, columns.P_HOLM),
    ),
    (f'Of {len(screen)} further effects, {surviving} '
     'survive Benjamini-Hochberg. They still confound tuning with the chat '
     'template and the stray brace: the published runs never cross them '
     '(`launch/sweep.py` does).'),
  ]
  return parts + _if_made(
    tables, 'hierarchical',
    'Some of them over families and items, beside the plain statistic over '
    'pairs or models (what may be said of them are the claims below):',
    (columns.DATASET, derived.EFFECT, derived.ESTIMATE, columns.CI_LOW,
     columns.CI_HIGH, columns.P_VALUE, derived.LEAST_P, derived.PLAIN,
     derived.PLAIN_P))


def _if_made(tables: AnalysisTables, name: str, text: str,
             shown: Sequence[str] = ()) -> list[str]:
  """A table with what is said of it; nothing where there is none."""
  found = tables.get(name)
  return [text, markdown.table_text(found, shown)] if len(found) else []


def _joint(tables: AnalysisTables) -> list[str]:
  parts = ['## Alignment and calibration together', *_if_made(
    tables, 'joint_chance',
    'Share of (model, measure) cells that are aligned and calibrated (the '
    'debiased error ends below `analysis.calibrated_below`) or discriminating '
    '(AUROC above ½), against chance by permutation. What may be said of it is '
    'the claim `joint_presence` below:',
    (columns.DATASET, columns.SECOND, derived.PERMUTED, derived.N_CELLS,
     derived.RATE_ALIGNED, derived.RATE_SECOND, derived.RATE_BOTH,
     derived.CHANCE))]
  partial = tables.get('partial')
  if len(partial):
    table = (
      partial.groupby([columns.DATASET, derived.GIVEN], sort=False)
      .agg(
        cells=(columns.RHO, 'size'),
        mean_rho=(columns.RHO, 'mean'),
        mean_partial=(derived.PARTIAL_RHO, 'mean'),
        surviving=(columns.P_BH, lambda p: int((p < 0.05).sum())),
        people_and_control=(derived.CONTROL_RHO, 'mean'),
      )
      .reset_index()
    )
    parts += [
      ("Is alignment more than difficulty? Spearman with people's "
       'entropy, plain and with one thing held fixed; `surviving`: '
       'partial correlations below .05 after Benjamini-Hochberg; '
       '`people_and_control`: how strongly what is held fixed goes with '
       "people's entropy itself. Where that is close to ±1, little is "
       'left to align with:'),
      markdown.table_text(table),
    ]
  return parts if len(parts) > 1 else []


def _people(tables: AnalysisTables) -> list[str]:
  parts = ['## The human side', *_if_made(
    tables, 'ceiling',
    "Split-half reliability of people's entropy, and the correlation that it "
    'caps:')]
  times = tables.get('response_time')
  if len(times):
    rows = times[
      (times[derived.SCALE] == 'ms') & (times[columns.MODEL] == 'people')
    ]
    # The null's are rounding dust.
    rows = rows.round({derived.R2: 6, derived.CV_R2: 6})
    parts += [
      ("Response time by Hick's law and rivals (ΔAIC from the best of "
       'each time):'),
      markdown.table_text(
        rows,
        (columns.DATASET, derived.TIME, columns.FORM, derived.B, derived.B_SE,
         derived.R2, derived.CV_R2, derived.DELTA_AIC, columns.N),
      ),
    ]
  combined = tables.get('combination')
  if len(combined):
    table = (
      combined.groupby([columns.DATASET, derived.PREFIX], sort=False)
      .agg(
        fits=(derived.GAIN, 'size'),
        **{
          name: (name, 'mean')
          for name in (derived.RHO_SINGLE, derived.RHO_COMBINED, derived.GAIN)
        },
        above_zero=(derived.GAIN_LOW, lambda g: int((g > 0).sum())),
        below_zero=(derived.GAIN_HIGH, lambda g: int((g < 0).sum())),
      )
      .reset_index()
    )
    parts += [
      ('Several measures against the best single one, on held-out '
       'items (means over fits; `above_zero`, `below_zero`: gains and '
       'losses whose interval excludes zero):'),
      markdown.table_text(table),
    ]
  return parts if len(parts) > 1 else []


_SECTIONS: tuple[Callable[[AnalysisTables], list[str]], ...] = (
  _head, _cells, _not_reproduced, _flaws, _sound, _instruct, _joint, _people,
  paper_claims.section,
)


def main(argv: Sequence[str]) -> int:
  parser = argparse.ArgumentParser(description=__doc__)
  parser.add_argument('--workdir', required=True)
  parser.add_argument('--out', default='REPRODUCTION.md', type=pathlib.Path)
  parser.add_argument('--flags', default='', help='further flags of the run')
  options = parser.parse_args(argv)
  try:
    options.out.write_text(
      page(options.workdir, options.flags), encoding='utf-8'
    )
  except UserError as error:
    print(f'error: {error}', file=sys.stderr)
    return 2
  return 0


if __name__ == '__main__':
  sys.exit(main(sys.argv[1:]))
