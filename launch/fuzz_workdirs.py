"""Honest files of a workdir for launch/fuzz.py, and what reads mutated ones."""

import dataclasses
import json
import pathlib
import shutil

import numpy as np
import pandas as pd

from uncertainty import report
from uncertainty.analysis import run as analysis
from uncertainty.probes import sums
from uncertainty.report import tables
from uncertainty.report.chapters import methods, summary
from uncertainty.results import (
  activations,
  columns,
  grades,
  manifest,
  page,
  schema,
  shards,
)
from uncertainty.specs import AnalysisSpec, StudySpec
from uncertainty.worlds import generator


def _write_activations(path):
  activations.append(path.parent, ['a', 'b'], np.ones((2, 2, 3)),
                     tokens=['x', 'y'])


def _read_activations(path):
  activations.damaged(path.parent)
  activations.read_tokens(path.parent, 'a')
  activations.read(path.parent)


def _write_sums(path):
  np.savez(path, sums_FLEE=np.ones((3, 1, 4, 4)), targets=['t'],
           item_ids=['a', 'b'], settings='')


def _write_results(path):
  path.parent.mkdir(parents=True, exist_ok=True)
  world = generator.World(n_items=24, families=(1, 1))
  for n, frame in enumerate(generator.simulate(world, seed=0).frames.values()):
    frame.to_parquet(path.with_name(f'{"abcd"[n]}.parquet'))


def _write_table(path):
  path.parent.mkdir(exist_ok=True)
  whole = dict.fromkeys(c.name for c in page.TABLES['alignment'].columns)
  pd.DataFrame([whole | {
      columns.MODEL: 'm', columns.RHO: .5, columns.N: 3}]).to_parquet(path)


def _whole_manifest():
  model = {'source': 's', 'revision': None, 'fingerprint': 'f', 'kind': 'base',
           'family': 'llama', 'identity': {'weights': 'w'}}
  data = {'path': None, 'subset': None, 'limit': 3, 'items': 3, 'digest': 'd',
          'files': {'t': {'path': 't.csv', 'digest': 'd'}}}
  return {
      'config': dataclasses.asdict(StudySpec()), 'models': {'m': model},
      'data': {StudySpec().data.name: data}, 'packages': {'jax': '1'},
      'starts': [{'command': ['main.py'], 'models': {'m': model}, 'seed': 0,
                  'code': {'commit': 'c', 'edited': False}}],
      'outputs': {'report/index.html': 'd'},
      'made_of': {'report/index.html': 'd'}, 'updated': 'now'}


def _write_manifest(path):
  # Without its digest, which sees any change.
  path.write_text(json.dumps(_whole_manifest()))


def _read_manifest(path):
  """And what prints what stands in it."""
  manifest.check(path.parent, StudySpec())
  read = tables.AnalysisTables(path.parent, {}, manifest.read(path.parent))
  summary.run_line(read, StudySpec())
  methods.methods(read, StudySpec())
  tables.source(
      tables.WatchedTables(path.parent, {}, read.manifest, {'claims'}))


def _places(value, place=()):
  """Every object, list and value in JSON, by the names that lead to it."""
  parts = (value.items() if isinstance(value, dict)
           else enumerate(value) if isinstance(value, list) else ())
  for name, part in parts:
    yield (*place, name)
    yield from _places(part, (*place, name))


def _read_fields(path):
  content = _whole_manifest()
  for kind, share, splice, n in json.loads(path.read_text()):
    places = list(_places(content))
    *way, last = places[min(int(share * len(places)), len(places) - 1)]
    at = content
    for name in way:
      at = at[name]
    if kind == 'delete':
      del at[last]
    elif kind == 'insert' and isinstance(at, dict):
      at[splice.replace('\\ud800', '\ud800')] = at[last]
    else:
      at[last] = (None, True, 3, .5, splice, [], {}, [splice], {splice: 1},
                  at[last])[n % 10]
  written = path.with_name('manifest.json')
  written.write_text(json.dumps(content))
  _read_manifest(written)


def _write_sheet(path):
  pd.DataFrame({columns.DATASET: 'd', columns.MODEL: 'm',
                columns.ITEM_ID: ['a', 'b'],
                'grader_1': ['Y', 'N'], 'grader_2': ['Y', '?'],
                'arbiter': ['', 'N']}).to_csv(path, index=False)


# Workdirs of strangers: tables that are Parquet in the right types, with other
# values, fewer columns and rows. `changes.json` holds what is changed.
_QUICK = StudySpec(analysis=AnalysisSpec(n_bootstrap=10))
_CELLS = (float('nan'), float('inf'), -1.0, 0.0, 1e300, 1.0, .5)


def _write_study(path):
  _write_results(path.parent / 'honest/results/simulated/a.parquet')
  path.write_text('[]')


def _write_page(path):
  path.write_text('[]')
  honest = path.parent / 'honest'
  if not honest.exists():  # which takes longer than many reports of it
    _write_study(path)
    analysis.run(honest, honest / 'analysis', _QUICK)


def _changed(path: pathlib.Path, folder: str) -> pathlib.Path:
  """A copy of the honest workdir, a table of whose `folder` is changed."""
  workdir = path.with_name('workdir')
  shutil.rmtree(workdir, ignore_errors=True)
  shutil.copytree(path.with_name('honest'), workdir)
  found = sorted((workdir / folder).rglob('*.parquet'))
  for kind, share, splice, n in json.loads(path.read_text()):
    place = share * len(found)
    table = found[min(int(place), len(found) - 1)]
    frame = pd.read_parquet(table)
    if frame.empty:
      continue
    column = frame.columns[int(place % 1 * frame.shape[1])]
    change_column(frame, column, kind, splice, n).to_parquet(table)
  return workdir


def change_column(frame, column, kind, splice, n):
  values, row = frame[column], n % len(frame)
  if kind == 'delete':
    return frame.drop(columns=column)
  if kind == 'cut':
    return frame.iloc[:row]
  if kind == 'repeat':
    return pd.concat([frame, frame.iloc[[row]]], ignore_index=True)
  where = row if kind == 'set' else slice(None)
  if values.dtype == object:  # lists
    values = [v if i != row or v is None else _changed_list(v, kind, n)
              for i, v in enumerate(values)]
  elif pd.api.types.is_numeric_dtype(values):
    values = values.astype(float)
    values.iloc[where] = _CELLS[n % len(_CELLS)]
  else:
    values = values.copy()
    values.iloc[where] = splice
  return frame.assign(**{column: values})


def _changed_list(values, kind, n):
  if kind == 'insert' and np.asarray(values).dtype.kind in 'fi':
    return np.append(np.asarray(values, float), _CELLS[n % len(_CELLS)])
  return np.tile(values, n % 4)


def _analyze(path):
  workdir = _changed(path, 'results')
  analysis.run(workdir, workdir / 'analysis', _QUICK)


def _report(path):
  report.write(_changed(path, 'analysis'), _QUICK)


# Format → (file name, writes an honest file, reads any).
FORMATS = {
    'activations': ('00000.npy', _write_activations, _read_activations),
    'activations_rows': ('00000.json', _write_activations, _read_activations),
    'sums': ('residual.npz', _write_sums, sums.read),
    'shard': ('00000.parquet', lambda path: pd.DataFrame(
        {columns.ITEM_ID: ['a', 'b'], columns.CORRECT: [1., 0.],
         columns.MODEL_FINGERPRINT: 'f', columns.TOP_TOKENS: [[3], [4]],
         columns.HUMAN_SHARES: [[.5, .5], None]}).to_parquet(path),
        lambda path: shards.ShardStore(path.parent).read()),
    'results': ('results/simulated/a.parquet', _write_results,
                lambda path: schema.read_results(path.parents[2])),
    'analysis': ('analysis/alignment.parquet', _write_table,
                 lambda path: tables.read(path.parents[1])),
    'manifest': ('manifest.json', _write_manifest, _read_manifest),
    'manifest_fields': ('changes.json', lambda path: path.write_text('[]'),
                        _read_fields),
    'sheet': ('sheet.csv', _write_sheet, grades.import_sheet),
    'study': ('changes.json', _write_study, _analyze),
    'page': ('changes.json', _write_page, _report),
}
STRUCTURED = ('manifest_fields', 'study', 'page')  # files hold mutations
