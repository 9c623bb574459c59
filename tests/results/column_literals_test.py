"""Names of columns, measures, outcomes and metrics are in the schema, once."""

import ast
import collections
import functools
import pathlib
import re
import tomllib
from collections.abc import Iterator

import pytest

from uncertainty.measures import registry
from uncertainty.results import (
  answer_columns,
  columns,
  derived,
  outcomes,
  page,
  schema,
  steering_columns,
  tuning_columns,
)

ROOT = pathlib.Path(__file__).parents[2]

# Where a column's name is written down for good.
SCHEMA = tuple(f'uncertainty/{name}' for name in (
    'results/column.py', 'results/answer_columns.py', 'results/columns.py',
    'results/derived.py', 'results/outcomes.py',
    'results/analysis_columns.py', 'results/table_columns.py',
    'results/probe_columns.py', 'results/compare_columns.py',
    'results/set_columns.py', 'results/split_columns.py',
    'results/tuning_columns.py', 'results/steering_columns.py',
    'results/published_columns.py',  # theirs → ours, one line a column
    'measures/measure.py', 'measures/registry.py',
))
SEARCHED = ('uncertainty', 'launch', 'docs')

# Calls whose strings name columns: pandas', and this package's own that take
# a frame and a column.
TAKE_COLUMNS = frozenset({
    'agg', 'aggregate', 'assign', 'drop', 'drop_duplicates', 'dropna',
    'duplicated', 'explode', 'filter', 'get', 'groupby', 'insert', 'join',
    'melt', 'merge', 'nlargest', 'nsmallest', 'pivot', 'pivot_table', 'pop',
    'reindex', 'rename', 'rename_axis', 'reset_index', 'set_index',
    'sort_values', 'value_counts', 'xs', 'DataFrame', 'numbers', 'ordered',
    'to_frame', 'getattr', '_first', '_lists',
    'column', 'field', 'itemgetter'})  # pyarrow's, operator's
# Arguments that name columns, whatever is called.
NAME_COLUMNS = frozenset({
    'by', 'columns', 'details', 'id_vars', 'index', 'left_on', 'on', 'pick',
    'right_on', 'sort', 'subset', 'value', 'value_vars', 'values'})
# Calls whose keywords become columns, and whose text mentions them.
KEYWORDS = frozenset({'agg', 'aggregate', 'assign', 'dict', 'update'})
TEXTS = frozenset({'query', 'eval', 'table_text'})
# Calls whose argument `name` is a column.
NAMED = frozenset({'Series', 'rename', 'reset_index', 'to_frame'})
FRAME_MAKERS = frozenset({
    'DataFrame', 'assign', 'concat', 'dropna', 'merge', 'read_csv',
    'read_parquet', 'reset_index', 'sort_values', 'to_pandas'})

# Where a string that is spelt like a column is something else; 'word*2' twice.
HOMONYMS = {
    path: (entry['reason'], entry['words'])
    for path, entry in tomllib.loads(pathlib.Path(__file__).with_name(
        'homonyms.toml').read_text(encoding='utf-8')).items()}


def _homonyms() -> dict[tuple[str, str], int]:
  """How often each is in its file."""
  there = _files()
  return {(word, path): int(times or 1)
          for path, (_, literals) in HOMONYMS.items() if path in there
          for word, _, times in (x.partition('*') for x in literals.split())}


def _described():
  for part in columns.RESULTS.values():
    yield from part
  for table in page.TABLES.values():
    yield from table.columns


@functools.cache
def _distinctive() -> set[str]:
  """Names of columns and measures, but for those that are plain words."""
  measures = set(registry.MEASURES)
  for measure in registry.MEASURES.values():
    measures |= {registry.column(p, measure.name) for p in measure.prefixes}
  return measures | _values() | {c.name for c in _described()
                                 if '_' in c.name and c.name.islower()}


def _values() -> set[str]:
  """Outcomes, metrics and statistics, but for names of tables too."""
  return {*outcomes.OUTCOMES, *outcomes.METRICS, derived.VERBAL_ACCURACY,
          derived.SAMPLE_ACCURACY} - set(page.TABLES)


_STEMS = (registry.TOP_K_ENTROPY, registry.NUCLEUS_SIZE,
          registry.NUCLEUS_ENTROPY)
# What names are put together from.
_PARTS = frozenset({
    answer_columns.VERBAL, answer_columns.P_TRUE, answer_columns.SAMPLE,
    columns.OF_PEOPLE, registry.STATED, f'{derived.BRIER}_',
    f'{derived.ECE}_', derived.unbiased(''), schema.of_task('', columns.PROMPT),
    *(registry.column(prefix, '') for prefix in registry.PREFIXES if prefix)})


@functools.cache
def _words() -> set[str]:
  """Names of columns, and of tables that are outcomes, that are plain words."""
  return {derived.ALIGNMENT} | {c.name for c in _described()
          if '_' not in c.name and c.name.islower()}


def _strings(node: ast.AST | None, *, values: bool = True,
             ) -> Iterator[ast.Constant]:
  """Strings of an expression, through lists, conditions and sums of them."""
  match node:
    case ast.Constant(value=str()):
      yield node
    case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
      for part in parts:
        yield from _strings(part)
    case ast.Dict():
      for part in (*node.keys, *(node.values if values else ())):
        yield from _strings(part)
    case ast.Starred(value=part):
      yield from _strings(part)
    case ast.BinOp(left=one, right=other) | ast.IfExp(body=one, orelse=other):
      yield from _strings(one)
      yield from _strings(other)


def _called(node: ast.Call) -> str:
  """The last word of what is called; '' where it has no name."""
  match node.func:
    case ast.Attribute(attr=name) | ast.Name(id=name):
      return name
  return ''


def _of_call(node: ast.Call) -> Iterator[ast.Constant]:
  called = _called(node)
  aggregates = called in ('agg', 'aggregate')
  # A table is asked for by its name; what aggregates is a function's.
  if called in TAKE_COLUMNS and not (
      called == 'get' and ast.unparse(node.func).endswith('tables.get')):
    for arg in node.args:
      yield from _strings(
          arg, values=called != 'DataFrame' and not aggregates)
  for keyword in node.keywords:
    if aggregates and isinstance(keyword.value, ast.Tuple):
      yield from _strings(keyword.value.elts[0])
    elif keyword.arg in NAME_COLUMNS or (
        keyword.arg == 'name' and called in NAMED):
      yield from _strings(keyword.value, values=called != 'DataFrame')


def _is_column(node: ast.expr, words: set[str]) -> bool:
  if isinstance(node, ast.Starred):
    return isinstance(node.value, ast.Name) and node.value.id.isupper()
  return (isinstance(node, ast.Constant) and node.value in words
          or isinstance(node, ast.Attribute) and node.attr.isupper())


def _in_column_positions(
    tree: ast.AST, words: set[str]) -> Iterator[ast.Constant]:
  """Strings that stand where a column does.

  In a subscript or a list there; before `in`; a key of a dict display; in an
  argument of what takes columns (`TAKE_COLUMNS`) or that names them
  (`NAME_COLUMNS`); in a display of two or more that holds nothing but columns;
  alone in a constant; a key of a pattern.
  """
  of_aggregates = {
      id(keyword.value) for node in ast.walk(tree)
      if isinstance(node, ast.Call) and _called(node) in ('agg', 'aggregate')
      for keyword in node.keywords}
  for node in ast.walk(tree):
    if id(node) in of_aggregates:
      continue
    match node:
      case ast.Subscript():
        yield from _strings(node.slice)
      case ast.Compare(ops=[ast.In() | ast.NotIn()]):
        yield from _strings(node.left)
      case ast.Dict():
        for key in node.keys:
          yield from _strings(key)
      case ast.Call():
        yield from _of_call(node)
      case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
        if len(parts) > 1 and all(_is_column(p, words) for p in parts):
          yield from _strings(node)
      case ast.MatchMapping(keys=keys):
        for key in keys:
          yield from _strings(key)
      case (ast.Assign(targets=[ast.Name(id=name)], value=value)
            | ast.AnnAssign(target=ast.Name(id=name), value=value)):
        if name.isupper() and len(list(_strings(value))) == 1:
          yield from _strings(value)


def _spelt_without_quotes(
    tree: ast.AST, names: set[str]) -> Iterator[tuple[int, int, str]]:
  """Columns as keywords, as words of a text, as attributes of a frame."""
  frames = {arg.arg for arg in ast.walk(tree) if isinstance(arg, ast.arg)
            and arg.annotation and ast.unparse(arg.annotation) == (
                'pd.DataFrame')}
  frames |= {target.id for node in ast.walk(tree)
             if isinstance(node, ast.Assign)
             and isinstance(node.value, ast.Call)
             and _called(node.value) in FRAME_MAKERS
             for target in node.targets if isinstance(target, ast.Name)}
  for node in ast.walk(tree):
    if isinstance(node, ast.Call):
      called = _called(node)
      if called in KEYWORDS:
        yield from ((k.lineno, k.col_offset, k.arg) for k in node.keywords
                    if k.arg in names)
      if called in TEXTS:
        yield from ((text.lineno, text.col_offset + word.start(), word[0])
                    for arg in node.args for text in _strings(arg)
                    for word in re.finditer(r'\w+', str(text.value))
                    if word[0] in names)
      if called == 'itertuples' and 'name=None' not in ast.unparse(node):
        yield node.lineno, node.col_offset, 'itertuples with names'
    elif (isinstance(node, ast.Attribute) and node.attr in names
          and isinstance(node.value, ast.Name) and node.value.id in frames):
      yield node.lineno, node.col_offset, node.attr


def _literals(path: pathlib.Path) -> set[tuple[int, str]]:
  """Columns and measures spelt out in the code of a file: line, name."""
  return {(line, name) for line, _, name in _uses(path)}


def _uses(path: pathlib.Path) -> set[tuple[int, int, str]]:
  """The same, each place: line, offset in it, name."""
  tree = ast.parse(path.read_text(encoding='utf-8'))
  long, words = _distinctive(), _words()
  anywhere = {(node.lineno, node.col_offset, node.value)
              for node in ast.walk(tree) if isinstance(node, ast.Constant) and (
                  node.value in long | _PARTS
                  or str(node.value).startswith(_STEMS))}
  placed = {(node.lineno, node.col_offset, node.value)
            for node in _in_column_positions(tree, words)
            if node.value in words}
  return anywhere | placed | set(_spelt_without_quotes(tree, long | words))


def _files() -> dict[str, pathlib.Path]:
  found = {p.relative_to(ROOT).as_posix(): p for folder in SEARCHED
           for p in (ROOT / folder).rglob('*.py')}
  return {name: p for name, p in found.items() if name not in SCHEMA}


def test_every_word_has_its_name_in_code():
  named = {value for module in (
      columns, derived, tuning_columns, steering_columns)
           for name, value in vars(module).items()
           if name.isupper() and isinstance(value, str)}
  assert _words() <= named


def test_no_column_name_is_a_literal_outside_the_schema():
  found = collections.Counter(
      (literal, name) for name, path in _files().items()
      for _, _, literal in _uses(path))
  assert dict(found) == _homonyms(), (
      'take names of columns, outcomes and metrics from results.columns and '
      'results.derived, those of measures from measures.registry')


def test_each_use_is_counted(tmp_path):
  planted = tmp_path / 'planted.py'
  planted.write_text('x = frame["rho"], frame["rho"]\ny = frame["rho"]\n')
  assert len(_uses(planted)) == 3


def test_homonyms_are_of_files_that_are_there():
  assert set(HOMONYMS) <= set(_files())


@pytest.mark.parametrize('name', [
    'human_entropy', 'item_id', 'gain_low', 'null_95', 'perplexity', 'model',
    'nucleus_size_', 'verbal_', 'mc_', '_prompt', '_confidence', 'auroc',
    'accuracy', 'ece_smooth', 'ece_', 'divergence from people'])
def test_a_planted_literal_is_found(tmp_path, name):
  planted = tmp_path / 'planted.py'
  planted.write_text(f'"""Reads {name}."""\nx = frame[\n  "{name}"]\n')
  assert _literals(planted) == {(3, name)}


@pytest.mark.parametrize('code', [
    'frame["rho"]', 'frame[["rho", other]]', 'frame.loc[mask, "rho"]',
    'f\'{row["rho"]}\'', '"rho" in frame', '"rho" not in frame', 'X = "rho"',
    'rows.append({"rho": 1})', 'pd.DataFrame({"rho": values})',
    'pd.DataFrame(rows, columns=["rho", other])', 'frame.groupby("rho")',
    'frame.groupby([other, "rho"])', 'frame.merge(right, on=["rho"])',
    'frame.merge(right, left_on="rho", right_on=other)',
    'frame.sort_values("rho")', 'frame.drop(columns="rho")',
    'frame.rename(columns={"rho": other})',
    'frame.rename(columns={other: "rho"})', 'frame.set_index("rho")',
    'frame.pivot(index=other, columns="rho", values=other)',
    'frame.dropna(subset=["rho"])', 'frame.explode("rho")',
    'frame.melt(id_vars=["rho"])', 'frame.agg({"rho": "mean"})',
    'frame.agg(mean=("rho", "mean"))', 'frame.agg(rho=(other, "mean"))',
    'frame.assign(rho=values)', 'rows.append(dict(rho=1))',
    'frame.get("rho")', 'frame.query("rho > 0")', 'frame.eval("x = rho + 1")',
    'blocks.table(frame, sort="rho")', 'KEY = ("rho", columns.MODEL)',
    'def f(frame: pd.DataFrame):\n  return frame.rho',
    'frame = pd.read_parquet(path)\nframe.rho.mean()',
    'frame.assign(human_entropy=values)', 'frame.query("human_entropy > 0")',
    'def f(frame: pd.DataFrame):\n  return frame.human_entropy',
    'for row in frame.itertuples(): print(row.rho)',
    'frame.xs("rho", axis=1)', 'table.column("rho")', 'row.update(rho=1)',
    'pa.field("rho", pa.float64())', 'operator.itemgetter("rho")(row)',
    'NAME: str = "rho"', 'frame.value_counts("rho")',
    'pd.Series(values, name="rho")', 'frame.to_frame("rho")',
    'row.rename(name="rho")', 'getattr(row, "rho")',
    'match row:\n  case {"rho": x}: print(x)'])
def test_a_column_is_found_wherever_it_stands(tmp_path, code):
  planted = tmp_path / 'planted.py'
  planted.write_text(f'{code}\n')
  assert [name for _, name in _literals(planted)] in (
      ['rho'], ['human_entropy'], ['itertuples with names'])


@pytest.mark.parametrize('code', [
    'kind == "instruct"', 'tables.get("ceiling")', 'Item(model=1)',
    'frame.agg(n_rows=(columns.RHO, "size"))', 'item.answer',
    'chapter("people", "What limits alignment")', '"""Of the rho."""',
    'frame.itertuples(index=False, name=None)',
    'frame.sort_values(columns.RHO, kind="stable")', 'frame[columns.RHO]'])
def test_what_is_no_column_is_left_alone(tmp_path, code):
  planted = tmp_path / 'planted.py'
  planted.write_text(f'{code}\n')
  assert _literals(planted) == set()
