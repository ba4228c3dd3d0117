-- Indexes that serve the claim, the retries, the sweep and the dashboard; all partial, on what is
-- not sent, so that millions of sent rows cost nothing here. ${due} and ${rank} are expressions
-- over the table's columns (src/db/map.c).

CREATE INDEX CONCURRENTLY IF NOT EXISTS postroom_due ON ${messages} ((${rank}), (${due}), ${id})
    WHERE ${status} = 'pending';

CREATE INDEX CONCURRENTLY IF NOT EXISTS postroom_retry ON ${messages} ((${rank}), ${next_attempt_at})
    WHERE ${status} = 'failed' AND ${next_attempt_at} IS NOT NULL;

CREATE INDEX CONCURRENTLY IF NOT EXISTS postroom_lease ON ${messages} (${lease_expires_at})
    WHERE ${status} = 'processing';

CREATE INDEX CONCURRENTLY IF NOT EXISTS postroom_failed ON ${messages} (${error_code}, ${failed_at})
    WHERE ${status} = 'failed';

CREATE INDEX CONCURRENTLY IF NOT EXISTS postroom_cancelled ON ${messages} (${updated_at})
    WHERE ${status} = 'cancelled';

CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS postroom_dedupe ON ${messages} (${dedupe_key})
    WHERE ${dedupe_key} IS NOT NULL;
