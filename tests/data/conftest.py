"""One folder of prepared data for all tests of this directory."""

import pytest


@pytest.fixture(scope='session')
def data_dir(tmp_path_factory) -> str:
  return str(tmp_path_factory.mktemp('data'))
