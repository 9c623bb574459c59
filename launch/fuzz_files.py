"""Honest files for launch/fuzz.py, and what reads mutated ones."""

import dataclasses
import json
import pathlib
import shutil
import zipfile
from xml.sax import saxutils

import gguf
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import safetensors.numpy
import tokenizers

from uncertainty import report
from uncertainty.analysis import run as analysis
from uncertainty.data import coane, table
from uncertainty.models import families, gguf_model, safetensors_file, tokenizer
from uncertainty.models.gguf_file import GgufFile
from uncertainty.probes import sums
from uncertainty.prompts import chat_template
from uncertainty.report import tables
from uncertainty.report.chapters import methods, summary
from uncertainty.results import (
  activations,
  columns,
  grades,
  manifest,
  page,
  published_probes,
  schema,
  shards,
)
from uncertainty.results import published as papers
from uncertainty.specs import AnalysisSpec, DataSpec, StudySpec
from uncertainty.worlds import generator

_ITEMS = [{'question': f'Which of {i}?', 'choices': 'a|b|c', 'answer': 'B',
           'human_counts': '3|2|1', 'human_time': 1.5 + i} for i in range(4)]
_CONFIG = {
    'architectures': ['LlamaForCausalLM'], 'vocab_size': 260,
    'hidden_size': 32, 'num_hidden_layers': 2, 'intermediate_size': 48,
    'num_attention_heads': 4, 'num_key_value_heads': 2, 'head_dim': 8,
    'rope_scaling': {'rope_type': 'llama3', 'factor': 8.0,
                     'low_freq_factor': 1.0, 'high_freq_factor': 4.0,
                     'original_max_position_embeddings': 64}}


def _write_tokenizer(path):
  alphabet = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
  made = tokenizers.Tokenizer(tokenizers.models.BPE(
      vocab={c: i for i, c in enumerate(alphabet)}, merges=[]))
  made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel()
  made.normalizer = tokenizers.normalizers.Sequence(
      [tokenizers.normalizers.Replace('aaaa', 'b')])
  made.add_special_tokens(['<s>'])
  made.save(str(path))


def _write_gguf(path):
  writer = gguf.GGUFWriter(path, 'llama')
  for name, value in {'block_count': 1, 'context_length': 64,
                      'embedding_length': 32, 'feed_forward_length': 32,
                      'attention.head_count': 4}.items():
    writer.add_uint32(f'llama.{name}', value)
  writer.add_float32('llama.attention.layer_norm_rms_epsilon', 1e-5)
  writer.add_tokenizer_model('llama')
  writer.add_token_list(['<unk>', 'a', 'b', 'ab'])
  writer.add_token_scores([0.0, -1.0, -2.0, -3.0])
  writer.add_tensor('token_embd.weight', np.ones((4, 32), np.float32))
  writer.add_tensor('blk.0.attn_q.weight', np.ones((32, 32), np.float16))
  writer.write_header_to_file()
  writer.write_kv_data_to_file()
  writer.write_tensors_to_file()
  writer.close()


def _read_gguf(path):
  file = GgufFile(path)
  gguf_model.config(file)
  for tensor in gguf_model.tensors(file).values():
    tensor.read(0, tensor.shape[0])
  tokenizer.from_gguf(file.metadata, str(path))


def _supplement() -> list[list[list[str]]]:
  """Cells of the supplement's two tables, made up, of all its questions."""
  recall = [['A', '1', '2', '3', f'Q{n}?', 'x', '.5', '.1', '.2', '.2', '0',
             '900', '800', '700', '600', '500'] for n in range(421)]
  choice = [['A', '1', '2', '3', '4', f'Q{n}?', 'x', '.94', '900', '800',
             'a (1%)', 'b (2%)', 'c (3%)', 'd'] for n in range(421)]
  return [recall, choice]


def _document(tables) -> bytes:
  rows = [''.join('<w:tr>' + ''.join(
      f'<w:tc><w:p><w:t>{saxutils.escape(cell)}</w:t></w:p></w:tc>'
      for cell in row) + '</w:tr>' for row in table) for table in tables]
  return ('<w:document xmlns:w="http://schemas.openxmlformats.org/'
          'wordprocessingml/2006/main"><w:body>' + ''.join(
              f'<w:tbl>{table}</w:tbl>' for table in rows)
          + '</w:body></w:document>').encode('utf-8', 'replace')


def _pack(path: pathlib.Path, document: bytes) -> None:
  with zipfile.ZipFile(path, 'w') as file:
    file.writestr('word/document.xml', document)


def _read_docx(path):
  coane.Coane.checked({coane.SUPPLEMENT.path: path})


def _read_document(path):
  packed = path.with_name('supplement.docx')
  _pack(packed, path.read_bytes())
  _read_docx(packed)


def _read_cells(path):
  """Whole questions with other words: what is behind the count of them."""
  tables = _supplement()
  for kind, share, splice, n in json.loads(path.read_text()):
    place = share * 2 * 421
    table = tables[min(int(place / 421), 1)]
    row = table[int(place) % 421]
    # Not its set, which says that it is a question, nor the question.
    column = 6 + n % (len(row) - 6)
    row[column] = {
        'set': splice, 'insert': splice + row[column], 'delete': '',
        'repeat': row[column] * 2, 'cut': row[column][:n % 5]}[kind]
  packed = path.with_name('supplement.docx')
  _pack(packed, _document(tables))
  _read_docx(packed)


def _read_tensors(path):
  for tensor in safetensors_file.read_file(path).values():
    tensor.read(0, tensor.shape[0] if tensor.shape else 1)


def _read_config(path):
  try:
    config = json.loads(path.read_bytes())
  except (ValueError, RecursionError):
    return  # `files.read_json` is tested by itself
  if isinstance(config, dict):
    families.FAMILIES['llama'].config(config)


def _read_table(path):
  table.load(DataSpec('table', path=str(path)))


def _read_repeats(path):
  rows, table, written = None, {}, path.with_suffix('.parquet')
  for kind, share, text, n in json.loads(path.read_text()):
    rows = rows or int(share ** 4 * (1 << 21)) + 1  # which take few bytes
    name = ('question', 'choices', f'{columns.OF_PEOPLE}{n}')[n % 3]
    cell = pa.array([text * n if kind == 'set' else text])
    table[name] = pa.nulls(rows) if kind == 'insert' else (
        pa.DictionaryArray.from_arrays(np.zeros(rows, np.int32), cell))
  pq.write_table(pa.table(table), written)
  _read_table(written)


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


def _write_probes(path):
  row = {'model': 'm', 'layer': 'layer_0', 'n_samples': 9, 'n_features': 2}
  for target in ('human_ent', 'rt_correct', 'rt_combined'):
    for metric in ('r2', 'correlation', 'mse'):
      row[f'{target}_mean_{metric}'] = .5
      row[f'{target}_fold_{metric}s'] = [.4, .6]
  pd.DataFrame([row]).to_parquet(path)


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
    'safetensors': (
        'model.safetensors', lambda path: safetensors.numpy.save_file(
            {'a': np.ones((4, 4), np.float32), 'b': np.ones(3, np.float16)},
            path), _read_tensors),
    'gguf': ('model.gguf', _write_gguf, _read_gguf),
    'config': ('config.json', lambda path: path.write_text(
        json.dumps(_CONFIG)), _read_config),
    'tokenizer': ('tokenizer.json', _write_tokenizer,
                  lambda path: tokenizer.from_directory(path.parent)),
    'template': ('chat_template.jinja', lambda path: path.write_text(
        '{% for m in messages %}{{ m.role * 2 }}{{ range(9) | list }}'
        "{{ '%9d' % 9 }}{% endfor %}"), lambda path: chat_template.render(
            path.read_text(errors='replace'),
            {'messages': [{'role': 'user', 'content': 'Hello'}] * 3})),
    'docx': ('supplement.docx', lambda path: _pack(
        path, _document(_supplement())), _read_docx),
    'docx_document': ('document.xml', lambda path: path.write_bytes(
        _document(_supplement())), _read_document),
    'docx_cells': ('changes.json', lambda path: path.write_text('[]'),
                   _read_cells),
    'csv': ('items.csv', pd.DataFrame(_ITEMS).to_csv, _read_table),
    'jsonl': ('items.jsonl', lambda path: path.write_text(
        '\n'.join(map(json.dumps, _ITEMS))), _read_table),
    'parquet': ('items.parquet', pd.DataFrame(_ITEMS).to_parquet, _read_table),
    'parquet_repeats': ('changes.json', lambda path: path.write_text(
        '[["cut", 0.1, "a", 3], ["cut", 0.1, "a|b", 4]]'), _read_repeats),
    'published': ('coane_M.parquet', lambda path: pd.DataFrame({
        'Question': ['a?', 'b?'], 'mc_total-ent': [0.1, 0.2],
        'human-ent': [0.5, 0.6], 'Answer_Ratios': [[.5, .5], [.1, .9]],
        'Correct_Answer': ['A', 'B']}).to_parquet(path),
        lambda path: papers.read(path.parent)),
    'published_probes': ('probes.parquet', _write_probes,
                         published_probes.read),
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
STRUCTURED = ('parquet_repeats', 'docx_cells', 'manifest_fields', 'study',
              'page')  # whose files hold mutations
