-- Wakes workers when mail is inserted: at most once per statement, without payload. Optional:
-- without it polling still does the work (`postroom migrate --notify off` leaves it out).
--
-- PostgreSQL commits transactions that notify one after the other, each waiting for the disk alone,
-- so nobody is notified who looks at the queue by himself (postroom.attention). Of a transaction
-- that sees an older state of the tables that cannot be told. It is volatile for that reason too:
-- its look is newer than the transaction's number, for which a worker that falls asleep waits
-- (src/db/attention.h).
--
-- The application needs no rights on postroom's tables for it: the function runs with its owner's.
-- So all it uses is named with its schema, and the caller's search_path decides nothing; to SET one
-- here would be a third of what the trigger costs, in each transaction.

CREATE OR REPLACE FUNCTION postroom.notify_mail() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER AS $$
BEGIN
    IF EXISTS (SELECT FROM postroom.attention) AND NOT EXISTS (SELECT FROM postroom.attention a
            WHERE a.awake_until OPERATOR(pg_catalog.>) pg_catalog.clock_timestamp())
        OR pg_catalog.current_setting('transaction_isolation')
            OPERATOR(pg_catalog.<>) 'read committed' THEN
        PERFORM pg_catalog.pg_notify('postroom', '');
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER postroom_notify AFTER INSERT ON ${messages}
    FOR EACH STATEMENT EXECUTE FUNCTION postroom.notify_mail();
