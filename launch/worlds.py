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

± is one Monte Carlo standard error over studies. It reads 0 where all n studies
agree: a share of 0 (or 1) then only says less than about 3 / n (or more than
1 − 3 / n).

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
  start, found, text = time.perf_counter(), [], ''
  with concurrent.futures.ProcessPoolExecutor(_JOBS.value) as pool:
    for done in range(_WORLDS.value):
      # No two studies share a seed: errors of the table's rows are independent.
      tasks = [(name, of_name, spec, _SEED.value + done * len(wanted) + i)
               for i, (name, of_name) in enumerate(wanted.items())]
      for scores in pool.map(_task, tasks):
        found += scores
      seconds = time.perf_counter() - start
      text = _page(found, done + 1, seconds)
      if _OUT.value:  # a run that is cut off leaves what it has
        pathlib.Path(_OUT.value).write_text(text, encoding='utf-8')
      if _MINUTES.value and seconds > 60 * _MINUTES.value:
        break
  print(text)


def _page(
    found: list[validity.Score], n_worlds: int, seconds: float) -> str:
  head = _HEAD.format(
      command=' '.join(['python launch/worlds.py', *sys.argv[1:]]),
      worlds=n_worlds, seed=_SEED.value, draws=_DRAWS.value, seconds=seconds,
      machine=f'{_JOBS.value} processes, {platform.machine()}, Python '
      f'{platform.python_version()}')
  return head + validity.markdown(validity.summary(found))


if __name__ == '__main__':
  app.run(main)
