#!/usr/bin/env bash
# One run on a Slurm cluster: one process a node, all of its GPUs.
#
#   sbatch --nodes=2 launch/slurm.sh --config=configs/coane.py \
#     --workdir=SHARED_FOLDER/coane --config.model.source=Llama_3.1_8B \
#     --config.model.model_axis=8
#
# Or a sweep on Ray, each model a task on one node. With --no-kill it goes on
# where nodes are lost, all but the first; the same command resumes it.
#
#   sbatch --no-kill --nodes=4 launch/slurm.sh sweep --gpus=1 \
#     --models=Llama_3.1_8B,Llama_3.1_8B_Ins --datasets=coane,vader \
#     --workdir=SHARED_FOLDER/sweep
#
# The workdir must lie on a file system that all nodes see.
#SBATCH --job-name=uncertainty
#SBATCH --ntasks-per-node=1
#SBATCH --gpus-per-node=8
#SBATCH --time=04:00:00
set -euo pipefail

cd "${SLURM_SUBMIT_DIR:-$(dirname "$0")/..}"
nodes="${SLURM_NNODES:-1}"
if [ "${1:-}" = sweep ]; then
  shift
  PATH="$PWD/.venv/bin:$PATH"  # `ray` starts itself by its name
  first=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | sed -n 1p)
  port=$((20000 + SLURM_JOB_ID % 10000))  # a node may hold two jobs
  srun --no-kill --kill-on-bad-exit=0 ray symmetric-run \
    --address="$first:$port" --min-nodes="$nodes" -- \
    python launch/sweep.py --engine=ray --address="$first:$port" "$@"
  exit
fi
distributed=()
if [ "$nodes" -gt 1 ]; then distributed=(--distributed); fi
srun .venv/bin/python -m uncertainty.main "${distributed[@]}" "$@"
