-- Wakes workers when mail is inserted: at most once per statement, without payload. Optional:
-- without it polling still does the work (`postroom migrate --notify off` leaves it out).
--
-- PostgreSQL commits transactions that notify one after the other, each waiting for the disk alone,
-- so nobody is notified who looks at the queue by himself (postroom.attention). Of a transaction
-- that sees an older state of the tables that cannot be told. The application needs no rights on
-- postroom's tables for it.

CREATE OR REPLACE FUNCTION postroom.notify_mail() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' OR (
        SELECT count(*) > 0 AND NOT bool_or(coalesce(a.awake_until > clock_timestamp(), false))
        FROM postroom.attention a) THEN
        PERFORM pg_notify('postroom', '');
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER postroom_notify AFTER INSERT ON ${messages}
    FOR EACH STATEMENT EXECUTE FUNCTION postroom.notify_mail();
