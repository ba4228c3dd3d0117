#!/usr/bin/env bash
# The official client of Resend (npm) against `postroom sandbox`. Skipped, with a word why, where it
# cannot be had.
set -euo pipefail
ROOT=$(cd "$(dirname "$0")/../.." && pwd)
. "$ROOT/tests/peers/npm.sh"
POSTROOM=$(realpath -- "${POSTROOM:-$ROOT/build/postroom}")
export POSTROOM
npm_peers
cd "$place"
node --test resend.test.mjs
