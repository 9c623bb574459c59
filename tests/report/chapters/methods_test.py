"""The closing chapters."""

from uncertainty.report.chapters import methods


def test_cells_lists_every_alignment_test(made, spec, alignment_cells):
  chapter = methods.cells(made(alignment=alignment_cells), spec)
  assert '4 tests of alignment;' in chapter.blocks[0]
  assert methods.cells(made(), spec) is None


def test_methods_define_the_measures_used_and_say_the_draws(
    made, spec, alignment_cells):
  page = '\n'.join(
      methods.methods(made(alignment=alignment_cells), spec).blocks)
  assert 'H(c renormalised) / ln K' in page and 'varentropy' not in page
  assert f'{spec.analysis.n_bootstrap} draws' in page
