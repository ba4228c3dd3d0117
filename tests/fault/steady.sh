# Sourced first by tests that measure time: what else the machine does must not count. Where it is allowed the
# test, its workers and a PostgreSQL of its own run before everything else.
# shellcheck shell=bash
if [ -z "${STEADY-}" ] && chrt -r 1 true 2>/dev/null; then
    unset PG_ROOT PG_ROOT_SHARED
    STEADY=1 exec chrt -r 1 "$0" "$@"
fi
