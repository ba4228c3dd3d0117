-- The interface to applications. An existing table is adopted: its own columns stay as they are,
-- the missing ones are added by the next step of the migration (src/db/adopt.c), not here.

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
    ${created_at} timestamptz DEFAULT now(),
    ${updated_at} timestamptz DEFAULT now()
) WITH (fillfactor = 70, toast_tuple_target = 384);
