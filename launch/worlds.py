"""What the study's claims are worth: the real analysis on simulated studies.

    python launch/worlds.py --claims=all --worlds=400

prints, per claim and world, the share of studies with a false claim, the
coverage of its intervals and its power, with Monte Carlo errors, and writes
docs/validity.md. Each study is appended to a log, and the same command goes on
where the last one stopped; `--worlds=0` writes the page from the log alone. A
log is of one state of the code: start a new one after changing a claim.
"""

import multiprocessing
import pathlib
import platform
import time

import threadpoolctl
from absl import app, flags

from uncertainty import specs
from uncertainty.analysis import claims
from uncertainty.worlds import log, validity

_CLAIMS = flags.DEFINE_list('claims', 'all', 'Ids of claims, or all.')
_WORLDS = flags.DEFINE_integer('worlds', 400, 'Studies of each kind.')
_JOBS = flags.DEFINE_integer('jobs', 2, 'Processes.')
_DRAWS = flags.DEFINE_integer('draws', 100, 'Bootstrap draws in a study.')
_SEED = flags.DEFINE_integer('seed', 0, 'Of all studies.')
_LOG = flags.DEFINE_string('log', 'runs/worlds.jsonl', 'What was found so far.')
_OUT = flags.DEFINE_string('out', 'docs/validity.md', 'Where; empty: nowhere.')

_HEAD = '''# What each claim is worth

Generated; do not edit. Every claim of `uncertainty/analysis/claims`, made
by the same code as a study's, on simulated studies whose truth is known
(`uncertainty/worlds/scenarios.py`): 30 or 48 models in 6 or 12 families, 421
items (of steering 120) unless said otherwise, 50 raters, shares rounded to two
decimals; of truth, six models and 8 topics of 24 statements.

    {command}

Up to {worlds} studies of each kind, seed {seed}, {draws} bootstrap draws (whose
error the claims' t quantiles count), {minutes:.0f} min of one core, {machine}.

- *false claims*: share of studies in which any verdict of the claim's whole
  table is false (after Holm, nominal ≤ .05). In a null any verdict is false,
  elsewhere one on the wrong side.
- *coverage*: share of 95 % intervals that hold the truth.
- *power*: share of subjects with the right verdict, after correction.
- *p < .05*: share of subjects before correction.
- *holds*: false claims ≤ .05 and coverage in .93 to .97, each within two
  Monte Carlo standard errors.

± is one Monte Carlo standard error over studies. It reads 0 where all n studies
agree: a share of 0 (or 1) then only says less than about 3 / n (or more than
1 − 3 / n).

'''


def _do(task: log.Task) -> log.Entry:
  start = time.process_time()
  spec = specs.StudySpec(
      seed=task.seed, analysis=specs.AnalysisSpec(n_bootstrap=task.draws))
  with threadpoolctl.threadpool_limits(1, user_api='blas'):
    scores = validity.score_world(task.world, task.claims, spec, task.number)
  return log.Entry(task, time.process_time() - start, tuple(scores))


def main(argv: list[str]) -> None:
  del argv
  known = [c.id for c in claims.CLAIMS]
  ids = known if _CLAIMS.value == ['all'] else _CLAIMS.value
  unknown = set(ids) - set(known)
  if unknown:
    raise app.UsageError(
        f'no claim is called {sorted(unknown)}; there are {known}')
  path = pathlib.Path(_LOG.value)
  entries = log.read(path)
  log.write(path, entries, 'w')  # without what a cut run left half written
  tasks = list(log.missing(
      entries, ids, _WORLDS.value, _SEED.value, _DRAWS.value))
  context = multiprocessing.get_context('spawn')
  with context.Pool(_JOBS.value) as pool:
    for entry in pool.imap_unordered(_do, tasks):
      log.write(path, [entry], 'a')
      entries.append(entry)
  text = _page([e for e in entries if (e.task.seed, e.task.draws) == (
      _SEED.value, _DRAWS.value)], ids)
  print(text)
  if _OUT.value:
    pathlib.Path(_OUT.value).write_text(text, encoding='utf-8')


def _page(entries: list[log.Entry], ids: list[str]) -> str:
  scores = [s for e in entries for s in e.scores if s.claim in ids]
  if not scores:
    raise app.UsageError(f'{_LOG.value} holds no study of these claims')
  worlds = max(e.task.number for e in entries) + 1
  head = _HEAD.format(
      command=(f'python launch/worlds.py --claims={",".join(_CLAIMS.value)} '
               f'--worlds={worlds} --seed={_SEED.value}'),
      worlds=worlds, seed=_SEED.value,
      draws=_DRAWS.value, minutes=sum(e.seconds for e in entries) / 60,
      machine=f'{platform.machine()}, Python {platform.python_version()}')
  missing = [f'`{i}`' for i in ids if i not in {s.claim for s in scores}]
  if missing:
    head += f'**Not simulated yet**: {", ".join(missing)}.\n\n'
  return head + validity.markdown(validity.summary(scores))


if __name__ == '__main__':
  app.run(main)
