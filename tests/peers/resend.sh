#!/usr/bin/env bash
# The official client of Resend (npm) against `postroom sandbox`. Skipped, with a word why, where node
# is absent or too old or the client cannot be fetched.
set -euo pipefail
cd "$(dirname "$0")/../.."
POSTROOM=$(realpath -- "${POSTROOM:-build/postroom}")
export POSTROOM
place=${BUILD:-build}/peers

skip() {
    echo "skipped: $1"
    exit 0
}

command -v node >/dev/null || skip "node is not installed (20 or newer is needed)"
major=$(node -p 'process.versions.node.split(".")[0]')
[ "$major" -ge 20 ] || skip "node is $major, 20 or newer is needed"
command -v npm >/dev/null || skip "npm is not installed"

mkdir -p "$place"
cp tests/peers/{package.json,package-lock.json,resend.test.mjs} "$place"
cd "$place"
if ! cmp -s package-lock.json installed.json; then
    npm ci --ignore-scripts --no-audit --no-fund >npm.log 2>&1 || skip "npm cannot fetch the client: $(tail -n 1 npm.log)"
    cp package-lock.json installed.json
fi
node --test resend.test.mjs
