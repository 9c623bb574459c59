"""What the study's claims are worth: the real analysis on simulated studies.

    python launch/worlds.py --claims=all --worlds=400

prints, per claim and world, the share of studies with a false claim, the
coverage of its intervals and its power, with Monte Carlo errors, and writes
docs/validity.md.
"""

import concurrent.futures
import pathlib
import platform
import sys
import time

from absl import app, flags

from uncertainty import specs
from uncertainty.analysis import claims
from uncertainty.worlds import scenarios, validity

_CLAIMS = flags.DEFINE_list('claims', 'all', 'Ids of claims, or all.')
_WORLDS = flags.DEFINE_integer('worlds', 400, 'Studies of each kind.')
_JOBS = flags.DEFINE_integer('jobs', 2, 'Processes.')
_MINUTES = flags.DEFINE_float(
    'minutes', 0, 'Stop after so many, with as many studies of each kind as '
    'were done by then; 0: never.')
_DRAWS = flags.DEFINE_integer('draws', 200, 'Bootstrap draws in a study.')
_SEED = flags.DEFINE_integer('seed', 0, 'Of the first study; then upwards.')
_OUT = flags.DEFINE_string('out', 'docs/validity.md', 'Where; empty: nowhere.')

_HEAD = '''# What each claim is worth

Generated; do not edit. Every claim of `uncertainty/analysis/claims.py`, made
by the same code as a study's, on simulated studies whose truth is known
(`uncertainty/worlds/scenarios.py`): 30 or 48 models in 6 or 12 families, 421
items unless said otherwise, 50 raters, shares rounded to two decimals.

    {command}

{worlds} studies of each kind, seeds from {seed}, {draws} bootstrap draws,
{seconds:.0f} s with {machine}.

- *false claims*: share of studies in which any verdict of the claim's whole
  table is false (after Holm, nominal ≤ .05). In a null any verdict is false,
  elsewhere one on the wrong side.
- *coverage*: share of 95 % intervals that hold the truth.
- *power*: share of subjects with the right verdict, after correction.
- *p < .05*: share of subjects before correction.

± is one Monte Carlo standard error over studies.

'''


def _task(task: tuple) -> list[validity.Score]:
  return validity.score_world(*task)


def main(argv: list[str]) -> None:
  del argv
  known = [c.id for c in claims.CLAIMS]
  ids = known if _CLAIMS.value == ['all'] else _CLAIMS.value
  unknown = set(ids) - set(known)
  if unknown:
    raise app.UsageError(
        f'no claim is called {sorted(unknown)}; there are {known}')
  spec = specs.StudySpec(
      analysis=specs.AnalysisSpec(n_bootstrap=_DRAWS.value))
  wanted = {name: of_name for name in scenarios.WORLDS
            if (of_name := validity.claims_of(name, ids))}
  start, done, found = time.perf_counter(), 0, []
  with concurrent.futures.ProcessPoolExecutor(_JOBS.value) as pool:
    while done < _WORLDS.value and not (
        _MINUTES.value and time.perf_counter() - start > 60 * _MINUTES.value):
      seeds = range(done, min(done + 2 * _JOBS.value, _WORLDS.value))
      # No two studies share a seed: errors of the table's rows are independent.
      tasks = [(name, of_name, spec, _SEED.value + seed * len(wanted) + i)
               for i, (name, of_name) in enumerate(wanted.items())
               for seed in seeds]
      for scores in pool.map(_task, tasks):
        found += scores
      done = seeds.stop
      print(f'{done} studies of each kind', file=sys.stderr)
  table = validity.summary(found)
  text = _HEAD.format(
      command=' '.join(['python launch/worlds.py', *sys.argv[1:]]),
      worlds=done, seed=_SEED.value, draws=_DRAWS.value,
      seconds=time.perf_counter() - start,
      machine=f'{_JOBS.value} processes, {platform.machine()}, Python '
      f'{platform.python_version()}') + validity.markdown(table)
  print(text)
  if _OUT.value:
    pathlib.Path(_OUT.value).write_text(text)


if __name__ == '__main__':
  app.run(main)
