"""Sphinx: `python -m sphinx -W -b html docs DIR` writes the site.

Nothing is fetched and no notebook is run (the tests of `colabs/` run them).
Pages that follow from the code are written anew on each build.
"""

import pathlib
import sys

_DOCS = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(_DOCS.parent), str(_DOCS)]

import docstrings  # noqa: E402
import generate  # noqa: E402

project = 'uncertainty'
author = 'The uncertainty authors'
copyright = f'2026, {author}'
html_title = 'uncertainty'

extensions = ['myst_nb', 'sphinx.ext.autodoc', 'sphinx.ext.napoleon',
              'sphinx.ext.mathjax']
exclude_patterns = ['_build', '**.ipynb_checkpoints']
html_theme = 'sphinx_book_theme'
html_theme_options = {'show_navbar_depth': 1}
templates_path = []

nb_execution_mode = 'off'
myst_enable_extensions = ['dollarmath', 'deflist']
myst_heading_anchors = 3

autodoc_member_order = 'bysource'
autodoc_typehints = 'signature'
autodoc_preserve_defaults = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
napoleon_use_param = False
napoleon_use_keyword = False

generate.build_inputs(_DOCS)


def setup(app):
  # Before napoleon, which has priority 500, reads the sections.
  app.connect('autodoc-process-docstring', docstrings.to_rst, priority=400)
