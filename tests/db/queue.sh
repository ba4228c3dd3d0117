#!/usr/bin/env bash
# The queue's statements against a real server (tests/unit/db/test_queue.c), two workers racing
# among them.
# also under: asan tsan
. "$(dirname "$0")/../lib/e2e.sh"
migrated_db
POSTROOM_TEST_DATABASE=$DATABASE_URL "$(dirname "$POSTROOM")/unit/db/test_queue"
