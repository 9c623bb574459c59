"""A sixteenth of memory is a list's, and no byte more."""

import pytest

from uncertainty import memory
from uncertainty.types import UserError


@pytest.fixture
def small(monkeypatch):
  """A machine of 256 MiB: lists may take 16."""
  monkeypatch.setattr(memory.os, 'sysconf', lambda name: {
      'SC_PHYS_PAGES': 1 << 16, 'SC_PAGE_SIZE': 1 << 12}[name])


def test_a_machine_has_its_pages(small):
  assert memory.machine_bytes() == 256 << 20


def test_what_fits_is_all_there(small):
  made = ['x'] * 16
  assert memory.held(made, lambda _: 1 << 20, 'texts', 'cut some') == made
  assert memory.held([], lambda _: 1 << 40, 'texts', 'cut some') == []


def test_what_does_not_is_not_made_to_its_end(small):
  made = []

  def making():
    for n in range(100):
      made.append(n)
      yield n

  with pytest.raises(UserError, match=(
      "texts take more than 16 MiB, a 16th of this machine's memory: 16 of them"
      ' take 16 MiB; cut some')):
    memory.held(making(), lambda _: 1 << 20, 'texts', 'cut some')
  assert len(made) == 17
