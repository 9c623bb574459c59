"""The page of columns: every table, each column with its type and meaning."""

from uncertainty.results import page


def test_a_table_has_its_writer_and_a_line_for_each_column():
  text = page.page()
  assert '### differences' in text
  assert 'Made by `uncertainty.analysis.compare`.' in text
  assert '| `first_run` | float | of the claim | Its estimate in the ' in text
  for name, table in page.TABLES.items():
    part = text.partition(f'### {name}\n')[2].partition('\n### ')[0]
    assert part.count('\n| `') == len(table.columns), name


def test_each_table_has_a_stage():
  assert page.stage_of('probes') == page.stage_of('probe_depth') == 'probe'
  assert page.stage_of('alignment') == page.stage_of('claims') == 'analyze'
  assert page.stage_of('of_a_plugin') == 'analyze'
