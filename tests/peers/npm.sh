# What the tests here have from npm, in $place: the versions of package-lock.json, without the scripts
# that come with them. `skip WHY` where node is absent or too old or they cannot be fetched. Wants $ROOT.
# shellcheck shell=bash

place=$ROOT/${BUILD:-build}/peers

skip() {
    echo "skipped: $1"
    exit 0
}

npm_peers() {
    command -v node >/dev/null || skip "node is not installed (20.19 or newer is needed)"
    node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' ||
        skip "node is $(node -p process.version), 20.19 or newer is needed"
    command -v npm >/dev/null || skip "npm is not installed"
    mkdir -p "$place"
    cp "$ROOT"/tests/peers/{package.json,package-lock.json,*.mjs} "$place"
    cmp -s "$place"/{package-lock,installed}.json && return
    (cd "$place" && npm ci --ignore-scripts --no-audit --no-fund >npm.log 2>&1) || skip "npm cannot fetch them: $(tail -n 1 "$place/npm.log")"
    cp "$place"/{package-lock,installed}.json
}
