#!/usr/bin/env bash
# What goes on while the database is busy (tests/unit/worker/test_fetch.c).
# also under: asan tsan
. "$(dirname "$0")/../lib/e2e.sh"
migrated_db
POSTROOM_TEST_DATABASE=$DATABASE_URL "$(dirname "$POSTROOM")/unit/worker/test_fetch"
