"""The closing chapters."""

import dataclasses

from uncertainty.report.chapters import methods


def test_cells_lists_every_alignment_test(made, spec, alignment_cells):
  chapter = methods.cells(made(alignment=alignment_cells), spec)
  assert 'Every test of alignment;' in chapter.blocks[0]
  assert methods.cells(made(), spec) is None


def test_names_are_those_of_the_heatmaps_with_the_columns_behind_them(
    made, spec, alignment_cells):
  renamed = alignment_cells.assign(
      measure=['fr_top1_logprob'] * len(alignment_cells), dataset='coane')
  tables = made(alignment=renamed)
  page = '\n'.join(methods.methods(tables, spec).blocks)
  assert ('<td title="top1_logprob">log-probability of the first token<'
          in page)
  page = '\n'.join(methods.cells(tables, spec).blocks)
  assert '"Coane general knowledge":"coane"' in page
  assert '"human_entropy"' in page


def test_methods_define_the_measures_used_and_say_the_draws(
    made, spec, alignment_cells):
  page = '\n'.join(
      methods.methods(made(alignment=alignment_cells), spec).blocks)
  assert 'H(c renormalised) / ln K' in page and 'varentropy' not in page
  assert f'{spec.analysis.n_bootstrap} draws' in page


def test_methods_say_what_was_scored_by_its_digests(
    made, spec, alignment_cells):
  manifest = {
      'models': {'m': {'source': 'org/m', 'fingerprint': 'abcdef' * 10}},
      'data': {'toy': {'items': 3, 'digest': '012345' * 5}},
      'starts': [{'code': {'commit': 'c0ffee' * 7, 'edited': True},
                  'command': ['uncertainty', '--config=a b']}]}
  tables = dataclasses.replace(
      made(alignment=alignment_cells), manifest=manifest)
  page = '\n'.join(methods.methods(tables, spec).blocks)
  for part in ('org/m', 'abcdefabcdefabcd<', '0123450123450123<', '3 items',
               'c0ffeec0ffee, edited since', 'uncertainty &#x27;--config=a b'):
    assert part in page, part
  # Of a workdir from someone else.
  manifest['starts'] = []
  del manifest['data']['toy']['digest']
  page = '\n'.join(methods.methods(tables, spec).blocks)
  assert 'org/m' in page and 'c0ffee' not in page and 'toy' not in page
