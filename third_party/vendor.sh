#!/usr/bin/env bash
# Builds uncertainty/report/vendored anew: what the page's Explore view draws
# with, as one file, and the licences of all that is in it.
#
#   bash third_party/vendor.sh
#
# Versions stand in package.json. npm compares what it gets with the digests in
# package-lock.json, which names no registry; what is built is compared with
# SHA256SUMS. After a change of version:
#
#   npm install --prefix third_party --ignore-scripts \
#     --omit-lockfile-registry-resolved
#   bash third_party/vendor.sh  # names what differs; look at it, then
#   sha256sum uncertainty/report/vendored/* > third_party/SHA256SUMS
set -euo pipefail
cd "$(dirname "$0")"

npm ci --silent --no-audit --no-fund --ignore-scripts
node bundle.mjs ../uncertainty/report/vendored
rm -r node_modules
cd ..
sha256sum --check third_party/SHA256SUMS
