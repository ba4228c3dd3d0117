#!/usr/bin/env bash
# AWS SES: what arrives (plain, and with headers and files), temporary credentials, the account's rate
# and quota as GetAccount tells them. What its answers make of rows is 40_provider_ses.sh.
# also under: asan
. "$(dirname "$0")/../lib/e2e.sh"
export POSTROOM_PROVIDER=ses POSTROOM_RATE=
sink
migrated_db
export POSTROOM_BACKOFF=500ms..1s POSTROOM_POLL_INTERVAL=1s

lane() { sql "SELECT $1 FROM postroom.lanes WHERE name = 'ses'"; }
lane_is() { wait_sql "$1" 20 "$2" "SELECT $3 FROM postroom.lanes WHERE name = 'ses'"; }
field() { sink_messages "$1" id | grep "$2" | cut -f 1; }

# --- what arrives -------------------------------------------------------------------------------
sink_set '{"aws": {"secret": "canary/secret+7f21c0de", "token": "canary/session/token//8d2e=="}}'
export AWS_SESSION_TOKEN=canary/session/token//8d2e==
worker w
plain=$(sql "INSERT INTO email_messages (from_email, to_email, cc, bcc, reply_to, subject, html, text, tags)
    VALUES ('Öther <other@shop.example>', '\"Bea, B.\" <bea@mail.example>', '{c@mail.example}', '{b@mail.example}',
        '{r@shop.example}', 'Schöne Grüße', '<p>hällo</p>', 'hällo', '{\"campaign\": \"autumn\"}') RETURNING id")
full=$(sql "INSERT INTO email_messages (to_email, bcc, subject, html, text, headers, attachments)
    VALUES ('full@mail.example', '{hidden@mail.example}', 'Größe', '<img src=\"cid:logo\">', E'a\n.\nb', '{\"X-Ref\": \"7 ü\"}',
       '[{\"filename\": \"ä.txt\", \"content\": \"aGVs\\nbG8=\", \"content_type\": \"text/plain\"},
         {\"filename\": \"i.png\", \"content\": \"aGk=\", \"content_type\": \"image/png\", \"content_id\": \"logo\"}]') RETURNING id")
insert 20
all_sent 20 22
sink_agrees
is "the plain one" "False Öther <other@shop.example> \"Bea, B.\" <bea@mail.example> ['c@mail.example'] ['b@mail.example'] ['r@shop.example'] {'campaign': 'autumn'} Schöne Grüße" \
    "$(sink_messages raw from to cc bcc reply args subject id | grep "$plain" | cut -f 1-8 | tr '\t' ' ')"
hello=$(printf hello | sha256sum | cut -d ' ' -f 1) hi=$(printf hi | sha256sum | cut -d ' ' -f 1)
is "the full one" "True Größe full@mail.example ['hidden@mail.example'] {'X-Ref': '7 ü'}" \
    "$(sink_messages raw subject to bcc headers id | grep "$full" | cut -f 1-5 | tr '\t' ' ')"
is "its files" "[['i.png', 'image/png', 'inline', 'logo', '$hi'], ['ä.txt', 'text/plain', 'attachment', None, '$hello']]" "$(field files "$full")"
sql_is "its row" "ses|t|0" "SELECT provider, provider_message_id ~ '^[0-9a-f-]{36}\$', retry_count FROM email_messages WHERE id = '$full'"

# --- the account tells rate and quota -------------------------------------------------------------
lane_is "the limits that SES tells" "500|50000" "rate, daily_quota"
stop w
day_lasts 60
sink_set '{"account": {"Max24HourSend": 40.0, "MaxSendRate": 20.0, "SentLast24Hours": 30.0}}'
POSTROOM_QUOTA_RESERVE=0 worker w
lane_is "the new limits" "20|40|30" "rate, daily_quota, told_daily"
insert 25
wait_sql "the day's quota to be used up" 20 "daily" "SELECT parked_reason FROM postroom.lanes"
wait_sql "nothing in flight" 10 0 "SELECT count(*) FROM email_messages WHERE status = 'processing'"
within "sent of 10 that were left" "$(sql "SELECT count(*) - 22 FROM email_messages WHERE status = 'sent'")" 10 11
sql_is "the window moves: it is looked at again in ten minutes" t "SELECT parked_until - now() BETWEEN '9 min' AND '10 min' FROM postroom.lanes"
stop w

# Without the right to ask nothing is known but what is configured, and that is said once.
sink_set '{"account": null}'
POSTROOM_RATE=100 worker w
logged() { grep -q "limits.*GetAccount: 403 AccessDeniedException.*set .rate." w.log; }
wait_for "the log to say so" 10 logged
postroom trigger >/dev/null
all_sent 20 47
is "rate" 100 "$(lane rate)"
is "lines that say so" 1 "$(grep -c AccessDenied w.log)"
sink_agrees
lacks "the log" "$(cat w.log)" canary
stop w
is "exit" 0 "$code"
