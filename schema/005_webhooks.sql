-- What providers told later of the mail they took over, and whom not to mail any more.

-- Every event of a message of ours, once: the story of its delivery. Events of mail that is not in
-- the table are not kept.
CREATE TABLE IF NOT EXISTS postroom.events (
    provider text NOT NULL,
    event_id text NOT NULL,      -- the provider's: the same event may come again
    message_id text NOT NULL,
    event text NOT NULL,         -- accepted delayed delivered failed bounced complained (un|re)subscribed
    at timestamptz NOT NULL,     -- when it happened, as the provider tells
    received_at timestamptz NOT NULL DEFAULT now(),
    provider_id text,            -- of the send it is about
    bounce_type text,            -- transient undetermined permanent
    recipient text,
    detail text,
    PRIMARY KEY (provider, event_id)
);

CREATE INDEX IF NOT EXISTS events_message ON postroom.events (message_id, at);

-- Addresses that must not be mailed: at all, or with mail of the kind `marketing`. Applications and
-- operators may add and delete rows; the case of letters does not matter.
CREATE TABLE IF NOT EXISTS postroom.suppressions (
    email text NOT NULL,
    scope text NOT NULL DEFAULT 'all' CHECK (scope IN ('all', 'marketing')),
    reason text NOT NULL DEFAULT 'by hand', -- bounced complained suppressed unsubscribed [(group N)], or words
    source text NOT NULL DEFAULT current_user, -- the provider, or who did it
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (email, scope)
);

CREATE UNIQUE INDEX IF NOT EXISTS suppressions_address
    ON postroom.suppressions (lower(email), scope);

-- Events without our id are found by the provider's.
CREATE INDEX CONCURRENTLY IF NOT EXISTS postroom_provider_id ON ${messages} (${provider_message_id})
    WHERE ${provider_message_id} IS NOT NULL;
