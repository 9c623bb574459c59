#!/usr/bin/env bash
# One run on a Slurm cluster: one process a node, all of its GPUs.
#
#   sbatch --nodes=2 launch/slurm.sh --config=configs/coane.py \
#     --workdir=SHARED_FOLDER/coane --config.model.source=Llama_3.1_8B \
#     --config.model.model_axis=8
#
# The workdir must lie on a file system that all nodes see.
#SBATCH --job-name=uncertainty
#SBATCH --ntasks-per-node=1
#SBATCH --gpus-per-node=8
#SBATCH --time=04:00:00
set -euo pipefail

cd "${SLURM_SUBMIT_DIR:-$(dirname "$0")/..}"
distributed=()
if [ "${SLURM_NNODES:-1}" -gt 1 ]; then distributed=(--distributed); fi
srun .venv/bin/python -m uncertainty.main "${distributed[@]}" "$@"
