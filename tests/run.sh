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
python -m pytest -m 'not parity and not colab' -n "$(nproc)" --dist loadfile "$@"
