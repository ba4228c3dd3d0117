-- postroom's own tables. Everything an application touches is email_messages alone.
-- Each statement is run by itself, so that CREATE INDEX CONCURRENTLY can stand among them;
-- each may be run twice. ${...} are names of the (perhaps adopted) table.

CREATE SCHEMA IF NOT EXISTS postroom;

CREATE TABLE IF NOT EXISTS postroom.meta (
    key text PRIMARY KEY,
    value text NOT NULL
);

-- Which database this is, wherever it moves: outcomes kept in files find it again by that.
INSERT INTO postroom.meta (key, value) VALUES ('database', gen_random_uuid()::text)
    ON CONFLICT DO NOTHING;

-- One row: is sending paused, when was "process now" asked for.
CREATE TABLE IF NOT EXISTS postroom.control (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    paused_at timestamptz,
    paused_by text,
    paused_reason text,
    trigger_at timestamptz
);

INSERT INTO postroom.control (one) VALUES (true) ON CONFLICT DO NOTHING;

-- A row per worker process, its heartbeat and what it does; id is what claimed_by holds.
CREATE TABLE IF NOT EXISTS postroom.workers (
    id text PRIMARY KEY,
    name text NOT NULL,
    pid integer NOT NULL,
    version text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    heard_at timestamptz NOT NULL DEFAULT now(),
    state text NOT NULL DEFAULT 'starting', -- starting sending idle draining stopped
    in_flight integer NOT NULL DEFAULT 0,
    requests_10s integer NOT NULL DEFAULT 0, -- requests put on the wire in the last 10 s
    requests_1m integer NOT NULL DEFAULT 0,
    messages_1m integer NOT NULL DEFAULT 0,  -- messages in those of the last minute
    sent_1m integer NOT NULL DEFAULT 0,
    failed_1m integer NOT NULL DEFAULT 0,
    empty_60s integer NOT NULL DEFAULT 0,    -- seconds of 60 with mail due and no token left
    stall_ms integer NOT NULL DEFAULT 0,     -- longest turn of the loop
    lane text,
    paused_at timestamptz,
    paused_by text,
    paused_reason text
) WITH (fillfactor = 50);

-- Which workers have to be woken by NOTIFY: awake_until is null or past for one that sleeps until
-- it is told; until then a worker looks at the queue by itself. Unlogged: who connects writes it anew.
CREATE UNLOGGED TABLE IF NOT EXISTS postroom.attention (
    worker text PRIMARY KEY,
    awake_until timestamptz
) WITH (fillfactor = 50);

-- A provider account as all workers see it. next_slot paces: requests start at slots spaced by
-- the rate, and whoever moves next_slot on owns the slots it passed.
CREATE TABLE IF NOT EXISTS postroom.lanes (
    name text PRIMARY KEY,
    rate double precision NOT NULL DEFAULT 0,          -- requests per second allowed; 0: no limit
    next_slot timestamptz NOT NULL DEFAULT '-infinity',
    batch_size integer NOT NULL DEFAULT 1,
    parked_reason text,                                -- rate daily monthly key sender suspended down
    parked_text text,
    parked_since timestamptz,
    parked_until timestamptz,                          -- null while parked: until an operator acts
    failures integer NOT NULL DEFAULT 0,               -- failures of the provider in a row
    probes integer NOT NULL DEFAULT 0,                 -- probes that failed since it was parked
    daily_quota bigint,
    monthly_quota bigint,
    told_daily bigint,                                 -- used, as the provider last said
    told_daily_at timestamptz,
    told_monthly bigint,
    told_monthly_at timestamptz
) WITH (fillfactor = 50);

-- Messages accepted by the provider, by UTC day; a row per worker so that none waits for another.
CREATE TABLE IF NOT EXISTS postroom.usage (
    lane text NOT NULL,
    day date NOT NULL,
    worker text NOT NULL,
    messages bigint NOT NULL,
    PRIMARY KEY (lane, day, worker)
) WITH (fillfactor = 50);

-- A request and its frozen content, stored before it is made. Open until a definite answer.
CREATE TABLE IF NOT EXISTS postroom.requests (
    id uuid PRIMARY KEY,
    lane text NOT NULL,
    worker text NOT NULL,
    state text NOT NULL DEFAULT 'open',  -- open closed
    members text[] NOT NULL,             -- message ids in wire order
    hash text NOT NULL,                  -- SHA-256 of the body
    key text NOT NULL,                   -- idempotency key, '' where the provider has none
    sender text NOT NULL,                -- the configured sender, part of the body
    batch boolean NOT NULL,
    attempts integer NOT NULL DEFAULT 1, -- times it was put on the wire
    stored_at timestamptz NOT NULL DEFAULT now(),
    lease_expires_at timestamptz,        -- while a worker has it on the wire
    next_try_at timestamptz,             -- when it is made again; null while on the wire
    closed_at timestamptz,
    http_status integer,
    problem text
) WITH (fillfactor = 70);

CREATE INDEX IF NOT EXISTS requests_open ON postroom.requests (coalesce(next_try_at, lease_expires_at))
    WHERE state = 'open';

-- Every outcome of every message: the timeline of a message, the events of `watch`.
CREATE TABLE IF NOT EXISTS postroom.attempts (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    message_id text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    outcome text NOT NULL,   -- sent failed
    attempt integer NOT NULL,
    worker text NOT NULL,
    request_id uuid,
    position smallint,       -- in the request, from 1
    members smallint,
    ms integer,
    error_code text,
    error text,
    provider_id text
);

CREATE INDEX IF NOT EXISTS attempts_message ON postroom.attempts (message_id, seq);

-- Outcomes by minute and worker: rates, graphs, "sent today".
CREATE TABLE IF NOT EXISTS postroom.minutes (
    minute timestamptz NOT NULL,
    worker text NOT NULL,
    sent integer NOT NULL DEFAULT 0,
    failed integer NOT NULL DEFAULT 0,
    PRIMARY KEY (minute, worker)
) WITH (fillfactor = 50);

-- Failures by minute and error code: "why it fails" with its rate.
CREATE TABLE IF NOT EXISTS postroom.minute_errors (
    minute timestamptz NOT NULL,
    worker text NOT NULL,
    error_code text NOT NULL,
    failed integer NOT NULL,
    PRIMARY KEY (minute, worker, error_code)
) WITH (fillfactor = 50);

-- What waited in each minute, noted by the publisher.
CREATE TABLE IF NOT EXISTS postroom.waiting (
    minute timestamptz PRIMARY KEY,
    waiting bigint NOT NULL
);

-- Who did what: operators, lanes and workers.
CREATE TABLE IF NOT EXISTS postroom.journal (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    who text NOT NULL,
    what text NOT NULL,      -- as a person reads it: "paused all workers: \"key rotation\""
    filter jsonb,
    messages bigint
);

-- Open dashboards.
CREATE TABLE IF NOT EXISTS postroom.operators (
    id uuid PRIMARY KEY,     -- a window
    name text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    heard_at timestamptz NOT NULL DEFAULT now(),
    did text NOT NULL DEFAULT 'opened this window',
    did_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);

-- The published row: one document, folded once a second while somebody looks, read by all.
-- Unlogged: worth nothing after a crash.
CREATE UNLOGGED TABLE IF NOT EXISTS postroom.published (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    at timestamptz NOT NULL,
    doc jsonb NOT NULL
) WITH (fillfactor = 50);
