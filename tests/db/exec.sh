#!/usr/bin/env bash
# One path for every statement, against a real server (tests/unit/db/test_exec.c).
# also under: asan tsan
. "$(dirname "$0")/../lib/e2e.sh"
migrated_db
POSTROOM_TEST_DATABASE=$DATABASE_URL "$(dirname "$POSTROOM")/unit/db/test_exec"
