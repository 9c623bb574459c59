"""Honest models and data for launch/fuzz.py, and what reads mutated ones."""

import itertools
import json
import pathlib
import zipfile
from xml.sax import saxutils

import gguf
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import safetensors.numpy
import tokenizers

from launch import forge_parquet
from uncertainty import parquet_pages as thrift
from uncertainty.data import coane, table
from uncertainty.models import (
  families,
  gguf_model,
  safetensors_file,
  tokenizer,
  tokenizer_rules,
)
from uncertainty.models.gguf_file import GgufFile
from uncertainty.prompts import chat_template
from uncertainty.results import columns, published_probes
from uncertainty.results import published as papers
from uncertainty.specs import DataSpec

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
  made.pre_tokenizer = tokenizers.pre_tokenizers.Sequence([
      tokenizers.pre_tokenizers.Split(
          tokenizers.Regex(tokenizer_rules.WORDS_LLAMA3), 'isolated'),
      tokenizers.pre_tokenizers.ByteLevel(use_regex=False)])
  made.normalizer = tokenizers.normalizers.Sequence(
      [tokenizers.normalizers.Replace('aaaa', 'b')])
  made.add_special_tokens(['<s>'])
  made.post_processor = tokenizers.processors.Sequence([
      tokenizers.processors.ByteLevel(),
      tokenizers.processors.TemplateProcessing(
          single='<s> $A', pair='<s> $A $B',
          special_tokens=[('<s>', made.token_to_id('<s>'))])])
  made.decoder = tokenizers.decoders.ByteLevel()
  made.save(str(path))


def _write_settings(path):
  token = {'content': '<s>', 'lstrip': False, 'normalized': False,
           'rstrip': False, 'single_word': False, 'special': True}
  path.write_text(json.dumps({
      'added_tokens_decoder': {'256': token}, 'bos_token': '<s>',
      'clean_up_tokenization_spaces': False, 'model_max_length': 64,
      'fast_tokenizer_files': ['tokenizer.json'],
      'extra_special_tokens': ['<x>'],
      'tokenizer_class': 'PreTrainedTokenizerFast'}))


def _read_tokenizer(path):
  for name, write in (('tokenizer.json', _write_tokenizer),
                      ('tokenizer_config.json', _write_settings)):
    if not path.with_name(name).is_file():
      write(path.with_name(name))
  tokenizer.from_directory(path.parent)


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


def _read_headers(path):
  """An honest table, numbers in whose footer and pages' headers are others."""
  written = path.with_suffix('.parquet')
  changes = json.loads(path.read_text())
  pd.DataFrame(_ITEMS).assign(choices=[['a', 'b', 'c']] * 4).to_parquet(
      written, compression=('none', 'zstd', 'gzip')[len(changes) % 3],
      use_dictionary=not changes or changes[0][3] % 5 > 0)
  pages = itertools.count()

  def page(header, content):
    own = next(pages)
    _renumber(header, [change for change in changes if change[3] % 16 == own])
    return content

  forge_parquet.change(written, lambda footer: _renumber(
      footer, [change for change in changes if change[3] % 16 > 9]), page)
  _read_table(written)


def _renumber(fields, changes):
  places = list(_numbers(fields))
  for kind, share, _, n in changes:
    within, key = places[min(int(share * len(places)), len(places) - 1)]
    number, value = within[key]
    within[key] = number, {
        'set': (-1, 0, 1, 7, 10**4, 10**6, (1 << 31) - 1, 1 << 40)[
            int(share * 64) % 8],
        'insert': value + n, 'delete': value - n, 'repeat': value * n,
        'cut': value // n}[kind]


def _numbers(fields):
  """Every whole number in a struct and those inside it, as (struct, field)."""
  for key, (kind, value) in fields.items():
    if kind in (thrift.I32, thrift.I64):
      yield fields, key
    elif kind == thrift.STRUCT:
      yield from _numbers(value)
    elif kind == thrift.LIST and value[0] == thrift.STRUCT:
      for one in value[1]:
        yield from _numbers(one)


def _write_probes(path):
  row = {'model': 'm', 'layer': 'layer_0', 'n_samples': 9, 'n_features': 2}
  for target in ('human_ent', 'rt_correct', 'rt_combined'):
    for metric in ('r2', 'correlation', 'mse'):
      row[f'{target}_mean_{metric}'] = .5
      row[f'{target}_fold_{metric}s'] = [.4, .6]
  pd.DataFrame([row]).to_parquet(path)


# Format → (file name, writes an honest file, reads any).
FORMATS = {
    'safetensors': (
        'model.safetensors', lambda path: safetensors.numpy.save_file(
            {'a': np.ones((4, 4), np.float32), 'b': np.ones(3, np.float16)},
            path), _read_tensors),
    'gguf': ('model.gguf', _write_gguf, _read_gguf),
    'config': ('config.json', lambda path: path.write_text(
        json.dumps(_CONFIG)), _read_config),
    'tokenizer': ('tokenizer.json', _write_tokenizer, _read_tokenizer),
    'tokenizer_config': ('tokenizer_config.json', _write_settings,
                         _read_tokenizer),
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
    'parquet_headers': ('changes.json', lambda path: path.write_text('[]'),
                        _read_headers),
    'published': ('coane_M.parquet', lambda path: pd.DataFrame({
        'Question': ['a?', 'b?'], 'mc_total-ent': [0.1, 0.2],
        'human-ent': [0.5, 0.6], 'Answer_Ratios': [[.5, .5], [.1, .9]],
        'Correct_Answer': ['A', 'B']}).to_parquet(path),
        lambda path: papers.read(path.parent)),
    'published_probes': ('probes.parquet', _write_probes,
                         published_probes.read),
}
# Whose files hold mutations.
STRUCTURED = ('parquet_repeats', 'parquet_headers', 'docx_cells')
