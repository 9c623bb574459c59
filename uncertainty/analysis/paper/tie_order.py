"""The order in which the paper's machine sorted tied confidences.

The published sweep binning sorts by `numpy.argsort`, whose default algorithm
is not stable and differs between instruction sets. With the AVX2 kernel, 509
of the 510 published multiple-choice cells come out; with a stable sort 329,
with the AVX-512 kernel 326. NumPy chooses its kernel when it is imported, so
the order is computed in a child process that is told to ignore AVX-512.
"""

import os
import pathlib
import subprocess
import sys
import tempfile
from collections.abc import Sequence

import numpy as np

# Older and newer names of the same features; unknown ones are ignored.
_AVX512 = ('X86_V4 AVX512_ICL AVX512_SPR AVX512F AVX512CD AVX512_SKX '
           'AVX512_CLX AVX512_CNL')
_CHILD = """
import sys
import numpy as np
from numpy._core._multiarray_umath import __cpu_features__ as has
if not (has.get('X86_V3') or has.get('AVX2')):
  sys.exit(3)
if has.get('X86_V4', has.get('AVX512_SKX')):
  sys.exit(3)
with np.load(sys.argv[1]) as arrays:
  orders = {name: np.argsort(arrays[name]) for name in arrays.files}
np.savez(sys.argv[2], **orders)
"""


def avx2_orders(values: Sequence[np.ndarray]) -> list[np.ndarray] | None:
  """What `numpy.argsort` returns with AVX2, for each array.

  Args:
    values: arrays of any lengths.

  Returns:
    The orders, or None on a machine that has no AVX2 (such as an ARM one).

  Raises:
    RuntimeError: the child process failed.
  """
  with tempfile.TemporaryDirectory() as folder:
    given, found = (pathlib.Path(folder) / n for n in ('in.npz', 'out.npz'))
    np.savez(given, *values)
    child = subprocess.run(
        [sys.executable, '-W', 'ignore', '-c', _CHILD, str(given), str(found)],
        env=os.environ | {'NPY_DISABLE_CPU_FEATURES': _AVX512},
        capture_output=True, text=True, check=False)
    if child.returncode == 3:
      return None
    if child.returncode:
      raise RuntimeError(f'sorting in a child process failed: {child.stderr}')
    with np.load(found) as orders:
      return [orders[f'arr_{i}'] for i in range(len(values))]
