"""The stages of a study in order: who holds the workdir, and what runs in it.

tune, if asked for: items → lessons → steps → another model to score.
score: items → prompts → batches → shards → one results table per model.
probe, analyze: read the results table (and stored activations), never the
model. report: reads what they wrote.
"""

import contextlib
import dataclasses
import functools
import pathlib
import time
import typing
from collections.abc import Sequence

from absl import logging

from uncertainty import console, files, paths, progress, stopping
from uncertainty.errors import UserError, hint
from uncertainty.specs import StudySpec, listed

# A stage imports what it needs when it runs: --help waits for nothing, and
# the report needs no model.
if typing.TYPE_CHECKING:
  from uncertainty import buckets, plan

PROGRESS = 'progress.jsonl'  # in the workdir


@dataclasses.dataclass(frozen=True)
class _Start:
  """One start of the program: what its stages take."""

  spec: StudySpec
  workdir: pathlib.Path
  plan: 'plan.Plan | None'  # of the stages that ask models
  mirror: 'buckets.Mirror | None'  # whose copy the workdir is


def run(
    spec: StudySpec, workdir: str | pathlib.Path, stages: Sequence[str], *,
    cluster: bool = False,
) -> pathlib.Path:
  """Runs the stages on a workdir; scoring resumes where a run stopped.

  Args:
    spec: what to run.
    workdir: where all of it goes, a folder or `s3://…`, `gs://…`; made if it
      is not there.
    stages: some of `STAGES`, which run in that order; before them `check`,
      which only says what would run, and `tune`; after them `verify`.
    cluster: first join the processes that were started for one run.

  Returns:
    The workdir on this machine; of a bucket, its copy.

  Raises:
    UserError: bad input, or a workdir that belongs to another config or run;
      nothing has been written then.
  """
  unknown = sorted(set(stages) - set(_ALL_STAGES))
  if unknown:
    raise UserError(f'unknown stage {unknown[0]!r}; '
                    f'{hint(unknown[0], _ALL_STAGES)}')
  places = (workdir, *listed(spec.results_dir or ''))
  in_bucket = any(map(paths.in_bucket, places))
  check = functools.partial(
      paths.check, writes=set(stages) != {'verify'},
      loads=bool(_LOADING & set(stages)),
      names=paths.WRITTEN + (paths.TUNED if 'tune' in stages else ()))
  if not in_bucket:
    check(spec, pathlib.Path(workdir))
  if spec.analysis.results_format == 'published' and not spec.results_dir:
    raise UserError("the paper's files lie in a folder of their own: pass "
                    '--config.results_dir=FOLDER')
  if spec.plugins:
    from uncertainty import plugins

    plugins.load(spec.plugins)
  if cluster:
    from uncertainty.models import sharding

    sharding.join_cluster()
    try:
      return run(spec, workdir, stages)
    except Exception as error:
      stopping.leave_cluster(error)
  if not in_bucket:
    _run(spec, pathlib.Path(workdir), stages)
    return pathlib.Path(workdir)
  from uncertainty import buckets

  with buckets.opened(spec, workdir, stages) as here:
    check(here.spec, here.folder)
    _run(here.spec, here.folder, stages, here.mirror)
    return here.folder


def _run(spec: StudySpec, workdir: pathlib.Path, stages: Sequence[str],
         mirror: 'buckets.Mirror | None' = None) -> None:
  reads = set(stages) == {'verify'}
  if spec.mode == 'compare':
    from uncertainty.analysis import compare

    compare.places(spec)
  import jax

  from uncertainty.models import sharding
  from uncertainty.results import manifest

  if not sharding.agree(manifest.digest(spec)):
    # They would wait for each other forever.
    raise UserError(
        f'the {jax.process_count()} processes were started with different '
        'configs; give all of them the same flags')
  writes = jax.process_index() == 0
  if writes and not mirror and set(stages) - {'check'}:
    with manifest.lock(workdir, reads=True):  # said before data are fetched
      pass
  planned = None
  # Stages that ask models.
  asking = {'tune', 'score'} | ({'steer'} if spec.steer.directions else set())
  if ({'check'} | asking) & set(stages) and not (
      spec.results_dir or spec.data.responses):
    from uncertainty import plan

    planned = plan.make(spec, workdir)
  if planned and {'check', 'score'} & set(stages):
    planned.check_prompts()
  if 'check' in stages:
    _check(spec, workdir, planned)
  if not set(stages) - {'check'}:
    return
  start = _Start(spec, workdir, planned, mirror)
  held = functools.partial(manifest.lock, workdir, reads=reads)
  if mirror:
    held = contextlib.nullcontext if reads else mirror.held
  with files.enough_room(workdir), (
      held() if writes else contextlib.nullcontext()):
    ordered = [s for s in _ALL_STAGES if s in stages]
    n = 1 + max((i for i, s in enumerate(ordered) if s in asking), default=-1)
    with (manifest.claimed(workdir, spec, planned.described())
          if writes and n and planned else contextlib.nullcontext()):
      sharding.wait_for_all('claimed')
      _act(start, ordered[:n])
    _act(start, ordered[n:])


def _act(start: _Start, stages: Sequence[str]) -> None:
  import jax

  writes = jax.process_index() == 0
  for stage in stages:
    act = _ALL_STAGES[stage]
    if act and (writes or stage in _WITH_MODELS):
      began = time.perf_counter()
      with (_recorded(start, stage),
            _shown(start, stage) if stage not in _COUNTING
            else contextlib.nullcontext()):
        act(start)
      if start.mirror:
        start.mirror.check()
      logging.info('%s: %.1f s', stage, time.perf_counter() - began)


def _recorded(start: _Start, stage: str,
              ) -> contextlib.AbstractContextManager[object]:
  import jax

  # Whoever verifies changes nothing.
  if jax.process_index() or stage not in STAGES:
    return contextlib.nullcontext()
  from uncertainty.results import outputs

  return outputs.recorded(start.workdir, stage, start.spec.results_dir)


def _shown(start: _Start, stage: str,
           ) -> contextlib.AbstractContextManager[object]:
  import jax

  writes = jax.process_index() == 0 and stage in STAGES
  path = start.workdir / PROGRESS if writes else None
  return progress.shown(progress.Progress(path, stage=stage))


def _tune(start: _Start) -> None:
  import jax

  from uncertainty import scoring
  from uncertainty.results import manifest
  from uncertainty.tuning import run as tuning

  planned, spec = start.plan, start.spec
  if planned is None or jax.process_count() > 1:
    raise UserError('a model is tuned in one process, on items of its own: '
                    'leave out config.results_dir, config.data.responses and '
                    '--distributed')
  opened = list(planned.each_model())
  if len(opened) != 1:
    raise UserError(f'config.model.source names {len(opened)} models; one is '
                    'tuned in a workdir')
  counted = progress.Progress(
      start.workdir / PROGRESS, stage='tune', model=opened[0].name,
      dataset=spec.data.name, task=spec.tune.objective, total=spec.tune.steps)
  with progress.shown(counted):
    manifest.update(start.workdir, tuning=tuning.run(
        scoring.load_model(spec.model, opened[0]), opened[0], planned.items,
        spec, start.workdir, counted))


def _score(start: _Start) -> None:
  planned, spec, workdir = start.plan, start.spec, start.workdir
  if spec.data.responses and not spec.results_dir:
    from uncertainty import served

    served.write(spec, workdir)
  if planned is None:
    return
  from uncertainty import scoring

  scoring.run(planned, workdir, start.mirror, workdir / PROGRESS)


def _probe(start: _Start) -> None:
  spec, workdir = start.spec, start.workdir
  if spec.probe.positions == 'all' and spec.probe.store == 'rows':
    logging.info('no probes: they take one row of activations an item')
  elif any((workdir / d).is_dir() for d in ('activations', 'moments')):
    from uncertainty.probes import run as probing

    probing.run(workdir, spec)


def _steer(start: _Start) -> None:
  if start.spec.steer.directions:
    from uncertainty import scoring, steer

    steer.run(start.plan, start.workdir,
              functools.partial(scoring.load_model, start.spec.model))


def _analyze(start: _Start) -> None:
  if start.spec.mode == 'compare':
    from uncertainty.analysis import compare

    console.show(str(compare.run(start.spec, start.workdir / 'analysis')))
    return
  from uncertainty.analysis import run as analysis_run

  analysis_run.run(start.spec.results_dir or start.workdir,
                   start.workdir / 'analysis', start.spec)


def _report(start: _Start) -> None:
  if start.spec.mode == 'compare':  # whose tables are printed
    return
  from uncertainty import report

  console.show(report.write(start.workdir, start.spec))


def _verify(start: _Start) -> None:
  from uncertainty import scoring, verify

  if start.spec.data.responses:
    raise UserError('answers of a server cannot be asked for again; '
                    '--stages=score reads them again')
  verify.run(start.spec, start.workdir,
             functools.partial(scoring.load_model, start.spec.model))


def _check(spec: StudySpec, workdir: pathlib.Path,
           planned: 'plan.Plan | None') -> None:
  from uncertainty import check

  if planned is None:
    console.show(check.described_results(spec))
  else:
    console.show(check.described(planned, workdir))


STAGES = {'score': _score, 'probe': _probe, 'steer': _steer,
          'analyze': _analyze, 'report': _report}
# `check` is done before anything is locked.
_ALL_STAGES = {'check': None, 'tune': _tune, **STAGES, 'verify': _verify}
# Every process of a cluster takes part.
_WITH_MODELS = ('tune', 'score', 'verify')
_LOADING = {'check', 'tune', 'score', 'steer', 'verify'}
_COUNTING = ('tune', 'score', 'steer')  # step by step, item by item
