"""Peak memory of a benchmark's own process."""

import pathlib


def peak_bytes() -> int:
  """Most memory that this program has held (VmHWM).

  `getrusage` would say no less than what its parent held when it was started.
  """
  for line in pathlib.Path('/proc/self/status').read_text().splitlines():
    if line.startswith('VmHWM'):
      return int(line.split()[1]) * 1024
  raise RuntimeError('/proc/self/status has no VmHWM')
