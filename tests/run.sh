#!/usr/bin/env bash
# Makes the environment, checks style, and runs every test that needs nothing
# but it.
#
#   bash tests/run.sh [pytest arguments]
#
# Comparisons with PyTorch, netcal and relplot are marked `parity`; .ci/run
# runs them, or: pip install '.[parity]' && pytest -m parity
source "$(dirname "$0")/../launch/environment.sh"

install test
python -m ruff check .
# Compiling takes most of the time here; programs as users compile them are
# what the live comparisons and the notebooks run.
export JAX_DISABLE_MOST_OPTIMIZATIONS="${JAX_DISABLE_MOST_OPTIMIZATIONS:-1}"
# XLA's former emitters take half the time of those that it uses by itself.
FORMER='--xla_cpu_use_fusion_emitters=false'
FORMER+=' --xla_cpu_parallel_codegen_split_count=1'
export XLA_FLAGS="${XLA_FLAGS:-$FORMER}"
# As many workers as cores: a library with threads of its own takes theirs.
export OPENBLAS_NUM_THREADS="${OPENBLAS_NUM_THREADS:-1}"
# Each of a hundred processes would compile the package again.
unset PYTHONDONTWRITEBYTECODE
# Else the files with the fewest tests, which take longest, come last.
python -m pytest -m 'not parity and not colab and not cluster and not buckets' \
  -n "$(nproc)" --dist loadfile --no-loadscope-reorder "$@"
