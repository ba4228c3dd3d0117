-- The interface to applications. An existing table is adopted: its own columns stay as they are,
-- the missing ones are added by the next step of the migration (src/db/adopt.c), not here.
-- created_at is the row's own time, not its transaction's: many rows of one INSERT go out in the order in which
-- they were inserted, and those that go together lie together on disk.

CREATE TABLE IF NOT EXISTS ${messages} (
    ${id} uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    ${from_email} text,
    ${to_email} text NOT NULL,
    ${cc} text[],
    ${bcc} text[],
    ${reply_to} text[],
    ${subject} text NOT NULL,
    ${html} text,
    ${text} text,
    ${headers} jsonb,
    ${attachments} jsonb,
    ${tags} jsonb,
    ${kind} text DEFAULT 'transactional',
    ${priority} smallint DEFAULT 5,
    ${scheduled_at} timestamptz,
    ${max_attempts} integer,
    ${dedupe_key} text,
    ${status} text NOT NULL DEFAULT 'pending',
    ${created_at} timestamptz DEFAULT clock_timestamp(),
    ${updated_at} timestamptz DEFAULT clock_timestamp()
) WITH (fillfactor = 70, toast_tuple_target = 384);
