#!/usr/bin/env bash
# Writes constraints.txt: the newest versions that setup.py allows, of all that
# a fresh environment with every extra but those of accelerators would hold,
# and the models of launch/environment.sh. Nothing is installed.
#
#   bash launch/pin.sh [FILE]
source "$(dirname "$0")/environment.sh"

file="${1:-constraints.txt}"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"${PYTHON:-python3}" -m venv "$scratch/venv"
"$scratch/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
  --dry-run --ignore-installed --report "$scratch/report.json" \
  '.[demo,test,parity,bench,colab,docs,cluster,test-buckets]'
"$scratch/venv/bin/python" - "$scratch/report.json" "${MODELS[@]}" \
  > "$scratch/constraints.txt" <<'PYTHON'
import json
import sys

report, *models = sys.argv[1:]
with open(report, encoding='utf-8') as read:
  found = [part['metadata'] for part in json.load(read)['install']]
pins = {f'{part["name"]}=={part["version"]}' for part in found
        if part['name'] != 'uncertainty'} | set(models)
print('# The versions that CI used; launch/pin.sh writes this file.')
# Without a local suffix such as torch's +cpu, which not every index has.
print('\n'.join(sorted((pin.partition('+')[0] for pin in pins),
                       key=str.lower)))
PYTHON
mv "$scratch/constraints.txt" "$file"
