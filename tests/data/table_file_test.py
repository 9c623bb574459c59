import json
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from uncertainty.data import table_file
from uncertainty.specs import DataSpec
from uncertainty.types import UserError


def _repeated(value, rows):
  return pa.array([value]).take(pa.array(np.zeros(rows, np.int64)))


def _wide_jsonl(path, keys):
  path.write_text('\n'.join(
      json.dumps({'question': 'x', f'k{i}': 1}) for i in range(keys)))


def _wide_csv(path, header, row, rows):
  path.write_text(','.join(header) + '\n' + (row + '\n') * rows)


def _parquet(path, **columns):
  pq.write_table(pa.table(columns), path, compression='zstd')


# Name, what writes it, what the error says.
_BOMBS = {
    'a new key each line': ('a.jsonl', lambda path: _wide_jsonl(
        path, 20_000), 'rows of .* columns'),
    'thousands of keys': ('a.jsonl', lambda path: _wide_jsonl(
        path, 4900), 'rows of .* columns'),
    'a million rows': ('a.parquet', lambda path: _parquet(
        path, question=_repeated('q', 1_000_000),
        choices=_repeated('a|b', 1_000_000)), '1000000 rows'),
    'nulls': ('a.parquet', lambda path: _parquet(
        path, question=pa.nulls(20_000_000)), '20000000 rows'),
    'nulls in a row': ('a.parquet', lambda path: _parquet(
        path, question=pa.array(['q']),
        choices=pa.array([[None] * 8_000_000], pa.list_(pa.null()))),
        'values, over 4 for each byte'),
    'one text again and again': ('a.parquet', lambda path: _parquet(
        path, question=_repeated('x' * 1_000_000, 2000)),
        '128 times its size'),
    'one text in a list': ('a.parquet', lambda path: _parquet(
        path, question=pa.array(['q']), choices=pa.ListArray.from_arrays(
            [0, 300], _repeated('x' * 1_000_000, 300))),
        '128 times its size'),
    'headings': ('a.csv', lambda path: _wide_csv(
        path, ['a'] * 400_000, 'q', 1), '400000 columns'),
    'cells left out': ('a.csv', lambda path: _wide_csv(
        path, map(str, range(4000)), 'q', 200_000),
        '[0-9]+ rows'),
    'cells without headings': ('a.csv', lambda path: _wide_csv(
        path, ['question'], ',' * 900_000, 1), '900001 cells for 1 heading'),
}


_READS = """
import pathlib, resource, sys, time
import pyarrow.parquet
from uncertainty.data import table_file
from uncertainty.errors import UserError
resource.setrlimit(resource.RLIMIT_AS, (16 << 30, 16 << 30))
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
for path in sys.argv[1:]:
  resident, begun = peak(), time.process_time()
  try:
    table_file.read(pathlib.Path(path))
  except UserError as error:
    print(time.process_time() - begun, peak() - resident, error, flush=True)
"""


def test_what_small_files_may_take_is_bounded(tmp_path):
  """Read in one process, whose memory and time are measured."""
  paths = []
  for n, (file, write, _) in enumerate(_BOMBS.values()):
    paths.append(tmp_path / f'{n}{file}')
    write(paths[-1])
    assert paths[-1].stat().st_size < 1_000_000
  done = subprocess.run([sys.executable, '-c', _READS, *map(str, paths)],
                        capture_output=True, text=True, check=True)
  lines = done.stdout.splitlines()
  for line, (name, (_, _, said)) in zip(lines, _BOMBS.items(), strict=True):
    seconds, mebibytes, error = line.split(' ', 2)
    assert re.search(said, error), name
    assert float(seconds) < 10 and int(mebibytes) < 1024, name


def test_repeated_texts_within_the_bounds_are_read(tmp_path):
  path = tmp_path / 'a.parquet'
  _parquet(path, question=_repeated('What is it?', 3000),
           choices=_repeated('x' * 1000, 3000),
           shares=pa.array([[.5, .5], None, []] * 1000),
           map=pa.array([[('a', 'b')]] * 3000, pa.map_(
               pa.string(), pa.string())),
           view=_repeated('a', 3000).cast(pa.string_view()),
           words=pa.array([['a', 'b'], None, ['a', None]] * 1000))
  table = table_file.read(path)
  assert set(table['choices']) == {'x' * 1000} and len(table) == 3000
  assert table['words'][2].tolist() == ['a', None]


def test_shortest_rows_of_any_file_are_read(tmp_path):
  path = tmp_path / 'a.csv'
  _wide_csv(path, ['question', 'choices'], 'Who?,a|b', 100_000)
  assert table_file.read(path).shape == (100_000, 2)


@pytest.mark.parametrize('line', ['3', '{', '{"a": ' + '9' * 5000 + '}',
                                  r'{"\ud800": 1}'])
def test_a_line_that_is_no_object_is_named(line, tmp_path):
  path = tmp_path / 'a.jsonl'
  path.write_text(f'{{"question": "q"}}\n\n{line}\n')
  with pytest.raises(UserError, match='a.jsonl, line 3: .*; correct it'):
    table_file.read(path)


def test_a_row_with_more_cells_than_headings_is_refused(tmp_path):
  path = tmp_path / 'a.csv'
  path.write_text('question,choices\nHello, who is it?,a|b\n')
  with pytest.raises(UserError, match='row 1 has 3 cells for 2 headings'):
    table_file.read(path)


@pytest.mark.parametrize('path', ['x' * 300 + '.csv', 'a\0.csv'])
def test_a_path_that_none_can_be_is_refused(path):
  with pytest.raises(UserError, match='data.path='):
    table_file.find(DataSpec('table', path=path))


def test_a_table_of_each_kind_is_found_and_read(tmp_path):
  frame = pd.DataFrame({'question': ['q'], 'choices': ['a|b']})
  frame.to_csv(tmp_path / 'a.csv', index=False)
  frame.to_csv(tmp_path / 'a.tsv', index=False, sep='\t')
  frame.to_parquet(tmp_path / 'a.parquet')
  frame.to_json(tmp_path / 'a.jsonl', orient='records', lines=True)
  for kind in ('csv', 'tsv', 'parquet', 'jsonl'):
    found = table_file.find(DataSpec('table', path=f'{tmp_path}/a.{kind}'))
    assert table_file.read(found).to_dict('list') == frame.to_dict('list')
