"""Times the analysis and the report on a folder of the published study's size.

    python launch/bench_analysis.py --published=../shared/published

30 models × (Coane with free response, CamChoice, ProtoQA's 8 724 items), and
30 × Coane multiple choice alone. Only part of the paper's files may be copied,
so models that are not at hand are made of those that are: of another model's
rows, three in ten belong to another item. Seconds are of the clock and of the
processor, which a busy machine does not stretch.
"""

import pathlib
import resource
import shutil
import tempfile
import time

import numpy as np
import pandas as pd
import processes  # beside this file
from absl import app, flags, logging

from uncertainty import config_files, report, specs
from uncertainty.analysis import run as analysis_run

_PUBLISHED = flags.DEFINE_string(
    'published', '../shared/published', "The paper's files.")
_PART = flags.DEFINE_enum(
    'part', 'both', ['both', 'whole', 'choices'], 'Which folder to time.')
_DRAWS = flags.DEFINE_integer('draws', 2000, 'Bootstrap draws.')
_KEEP = flags.DEFINE_string('keep', '', 'Folder to keep instead of a '
                            'temporary one.')

_CAMCHOICE_ITEMS = 504  # those whose shares are published
_MOVED = 0.3  # share of items that get another one's row
_OF_MODEL = ('model', 'model_type', 'model_size')


def _write(frame: pd.DataFrame, folder: pathlib.Path, dataset: str,
           model: str) -> None:
  folder.mkdir(parents=True, exist_ok=True)
  frame.to_parquet(folder / f'{dataset}_{model}.parquet')


def _as_model(donor: pd.DataFrame, own: pd.DataFrame,
              items: list[str], rng: np.random.Generator) -> pd.DataFrame:
  """Another model's file of a data set: the donor's rows, some moved.

  Args:
    donor: a file of the data set.
    own: the model's multiple-choice file, which says what it is.
    items: columns that are the items' own and stay in place.
    rng: of the rows moved.

  Returns:
    The donor's columns.
  """
  place = np.arange(len(donor))
  moved = np.flatnonzero(rng.random(len(donor)) < _MOVED)
  place[moved] = rng.permutation(moved)
  made = donor.iloc[place].reset_index(drop=True)
  made[items] = donor[items]
  return made.assign(**{c: own[c].iloc[0] for c in _OF_MODEL})


def _item_columns(frame: pd.DataFrame) -> list[str]:
  """What stands before the first measure, and people's entropy."""
  first = list(frame).index('mc_total-ent')
  return [c for c in frame
          if list(frame).index(c) < first or c == 'human-ent']


def build(published: pathlib.Path, root: pathlib.Path) -> None:
  """Writes the whole study's files under `root`.

  Args:
    published: the paper's files that are at hand.
    root: a folder per data set goes here.
  """
  rng = np.random.default_rng(0)
  choices = {p.stem.removeprefix('coane_'): pd.read_parquet(p)
             for p in sorted((published / 'coane_mcqa').glob('*.parquet'))}
  full = {p.stem.removeprefix('coane_'): pd.read_parquet(p)
          for p in sorted((published / 'coane').glob('*.parquet'))}
  proto = [pd.read_parquet(p)
           for p in sorted((published / 'protoqa').glob('*.parquet'))]
  of_item = _item_columns(next(iter(full.values())))
  people = next(iter(full.values()))[of_item]
  cam = np.arange(_CAMCHOICE_ITEMS) % len(people)
  for i, (model, own) in enumerate(choices.items()):
    donors = list(full.values())
    frame = full.get(model)
    if frame is None:
      # Its own multiple choice, another model's free response.
      donor = donors[i % len(donors)]
      frame = _as_model(donor, own, of_item, rng)
      shared = [c for c in own if c.startswith('mc_')] + ['cloze_pred']
      frame[shared] = own[shared]
    _write(frame, root / 'coane', 'coane', model)
    keep = [c for c in frame if c in of_item and not c.startswith('FR_')]
    keep += [c for c in own if c != 'fr_correct?']
    cam_frame = frame[list(dict.fromkeys(keep))].iloc[cam]
    cam_frame = cam_frame.reset_index(drop=True)
    cam_frame['Question'] += [f' ({n})' for n in range(len(cam))]
    _write(_as_model(cam_frame, own, [c for c in cam_frame if c in of_item],
                     rng), root / 'camchoice', 'camchoice', model)
    donor = proto[i % len(proto)]
    _write(_as_model(donor, own, _item_columns(donor), rng),
           root / 'protoqa', 'protoqa', model)


def _processor() -> float:
  """Seconds of the processor, of this process and those it ended."""
  return sum(r.ru_utime + r.ru_stime for r in map(
      resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))


def _timed(name: str, work) -> None:
  clock, processor = time.perf_counter(), _processor()
  work()
  seconds, used = time.perf_counter() - clock, _processor() - processor
  print(f'{name}: {seconds:.1f} s, processor {used:.1f} s', flush=True)
  processes.record('analysis', {name: {'s': seconds, 'processor s': used}})


def _study(name: str, results: pathlib.Path, workdir: pathlib.Path) -> None:
  config = config_files.load('published')
  config.analysis.n_bootstrap = _DRAWS.value
  config.results_dir = str(results)
  spec = specs.parse(config.to_dict())
  _timed(f'{name}, analysis', lambda: analysis_run.run(
      results, workdir / 'analysis', spec))
  _timed(f'{name}, report', lambda: report.write(workdir, spec))


def _main(_) -> None:
  logging.get_absl_logger().setLevel('DEBUG')  # seconds of every table
  published = pathlib.Path(_PUBLISHED.value)
  root = pathlib.Path(_KEEP.value or tempfile.mkdtemp())
  try:
    if _PART.value in ('both', 'choices'):
      _study('30 models × Coane multiple choice', published / 'coane_mcqa',
             root / 'choices')
    if _PART.value in ('both', 'whole'):
      build(published, root / 'files')
      _study('whole study', root / 'files', root / 'whole')
  finally:
    if not _KEEP.value:
      shutil.rmtree(root)


if __name__ == '__main__':
  app.run(_main)
