-- Wakes workers when mail is inserted: once per statement, without payload. Optional: without it
-- polling still does the work (`postroom migrate --no-notify` leaves it out).

CREATE OR REPLACE FUNCTION postroom.notify_mail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('postroom', '');
    RETURN NULL;
END
$$;

CREATE TRIGGER postroom_notify AFTER INSERT ON ${messages}
    FOR EACH STATEMENT EXECUTE FUNCTION postroom.notify_mail();
