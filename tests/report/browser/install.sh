#!/usr/bin/env bash
# Installs what the browser checks of the report page need: Chromium, where
# there is none, from Debian's packages, and two npm packages beside this file.
#
#   bash tests/report/browser/install.sh
set -euo pipefail
cd "$(dirname "$0")"

if ! command -v chromium >/dev/null; then
  apt-get update -qq
  apt-get install -qq -y --no-install-recommends chromium >/dev/null
fi
# The versions stand in package.json; a lock file would name a registry.
npm install --silent --no-audit --no-fund --no-package-lock --ignore-scripts
