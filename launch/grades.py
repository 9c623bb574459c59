"""People's rulings on written answers: a sheet out, rulings in, agreement.

    python launch/grades.py export RUN SHEET.csv
    python launch/grades.py import RUN SHEET.csv GRADED
    python launch/grades.py agreement RUN [SHEET.csv]

RUN is a workdir, or a folder of workdirs. Graders write Y, N or ? as
`grader_1` and `grader_2`, an arbiter where they differ. `import` writes results
with `fr_correct` by people to the new workdir GRADED. `agreement` holds the
automatic grades against the sheet; without one, RUN is a folder of the paper's
files, which hold its graders' rulings.
"""

import argparse
import pathlib
import sys

from uncertainty.results import grades, schema, shards
from uncertainty.types import UserError


def export(options: argparse.Namespace) -> None:
  n = grades.export_sheet(options.run, options.sheet)
  print(f'{n} answers to grade in {options.sheet}')


def import_(options: argparse.Namespace) -> None:
  if (options.graded / 'results').exists():
    raise UserError(f'{options.graded} holds results; name a new folder')
  rulings = grades.import_sheet(options.sheet)
  results = schema.read_results(options.run)
  for (dataset, model), frame in grades.with_rulings(results, rulings).items():
    shards.write_table(
        frame, options.graded / 'results' / dataset / f'{model}.parquet')
  n_open = int((rulings['settled_by'] == '').sum())
  print(f'{len(rulings) - n_open} rulings in {options.graded}, {n_open} open: '
        'these keep their automatic grade')


def agreement(options: argparse.Namespace) -> None:
  if options.sheet:
    table = grades.agreement_table(
        schema.read_results(options.run), grades.import_sheet(options.sheet))
  else:
    table = grades.regrade_published(options.run)
  print(table.to_string(index=False, float_format='{:.3f}'.format))


def main(arguments: list[str]) -> None:
  parser = argparse.ArgumentParser(
      description=__doc__,
      formatter_class=argparse.RawDescriptionHelpFormatter)
  commands = parser.add_subparsers(required=True)
  for name, run in (('export', export), ('import', import_),
                    ('agreement', agreement)):
    command = commands.add_parser(name)
    command.set_defaults(do=run)
    command.add_argument('run', type=pathlib.Path)
    command.add_argument('sheet', type=pathlib.Path,
                         nargs='?' if run is agreement else None)
    if run is import_:
      command.add_argument('graded', type=pathlib.Path)
  options = parser.parse_args(arguments)
  try:
    options.do(options)
  except UserError as error:
    sys.exit(f'error: {error}')


if __name__ == '__main__':
  main(sys.argv[1:])
