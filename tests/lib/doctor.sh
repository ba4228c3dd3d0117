# doctor run in end-to-end tests, and what it found. After `. "$(dirname "$0")/../lib/e2e.sh"`.
# shellcheck shell=bash

# doctor EXIT [NAME=VALUE...]: what it finds, as JSON
doctor() {
    local expected=$1
    shift
    run env "$@" "$POSTROOM" doctor --json
    is "exit of doctor ($*): $out" "$expected" "$code"
    lacks "doctor's words" "$out$err" 'canary'
    cp run.out found.json
}
# people EXIT [NAME=VALUE...]: the same in words
people() {
    local expected=$1
    shift
    run env "$@" "$POSTROOM" doctor
    is "exit of doctor for people ($*): $out" "$expected" "$code"
    lacks "doctor's words for people" "$out$err" 'canary'
}
# found CHECK LEVEL PATTERN [PATTERN OF WHAT TO DO]
found() {
    python3 - "$@" <<'PY' || fail "no finding $* in: $(cat found.json)"
import json, re, sys
check, level, text, *remedy = sys.argv[1:]
for f in json.load(open("found.json"))["findings"]:
    if f["check"] == check and f["level"] == level and re.search(text, f["text"]) \
            and (not remedy or re.search(remedy[0], f["remedy"] or "")):
        sys.exit(0)
sys.exit(1)
PY
}
