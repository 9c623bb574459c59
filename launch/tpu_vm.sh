#!/usr/bin/env bash
# One run on every worker of a Cloud TPU slice.
#
#   NAME=my-tpu ZONE=us-central2-b bash launch/tpu_vm.sh \
#     --config=configs/coane.py --workdir=/mnt/shared/coane \
#     --config.model.source=Llama_3.1_8B --config.model.model_axis=4
#
# The workdir must lie on a file system that all workers see.
set -euo pipefail
: "${NAME:?name of the TPU}" "${ZONE:?its zone}"

root=$(dirname "$0")/..
tar -C "$root" --exclude=.git --exclude=.venv --exclude=runs -czf /tmp/uncertainty.tgz .
gcloud compute tpus tpu-vm scp /tmp/uncertainty.tgz "$NAME:" \
  --zone="$ZONE" --worker=all
gcloud compute tpus tpu-vm ssh "$NAME" --zone="$ZONE" --worker=all --command="
  mkdir -p uncertainty && tar -C uncertainty -xzf uncertainty.tgz && cd uncertainty
  python3 -m venv .venv && .venv/bin/pip install -q -c constraints.txt -e '.[tpu]'
  .venv/bin/python -m uncertainty.main --distributed $(printf '%q ' "$@")"
