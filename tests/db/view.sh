#!/usr/bin/env bash
# What windows read and operators do, against a real server (tests/unit/db/test_view.c and its
# neighbours), and the feed's thread on top of it.
# also under: asan tsan
. "$(dirname "$0")/../lib/e2e.sh"
for test in db/test_view db/test_page db/test_list db/test_admin db/test_process feed/test_feed feed/test_clerk; do
    migrated_db
    POSTROOM_TEST_DATABASE=$DATABASE_URL "$(dirname "$POSTROOM")/unit/$test"
done
