#!/usr/bin/env bash
# The HTTP door: who may come in, process now and wait for it, health and readiness while the database
# goes and comes and while the worker leaves, clients that dawdle, and metrics that tell the same story
# as the table and the sink.
# also under: asan tsan
unset PG_ROOT PG_ROOT_SHARED # a server of its own, to be stopped
. "$(dirname "$0")/../lib/e2e.sh"
migrated_db
sink
token=0123456789abcdef-canary auth="Authorization: Bearer $token"

# talk METHOD PATH [HEADER...]: the answer as it comes
talk() {
    exec 3<>"/dev/tcp/127.0.0.1/$port"
    printf '%s\r\n' "$1 $2 HTTP/1.1" "Host: x" "Connection: close" "${@:3}" "" >&3
    tr -d '\r' <&3
}
# call METHOD PATH [HEADER...]: the answer in $status, $headers, $body
call() {
    local answer
    answer=$(talk "$@") || fail "no answer to $*"
    read_answer "$answer"
}
read_answer() {
    status=${1#HTTP/1.1 }
    status=${status%% *}
    headers=${1%%$'\n\n'*}
    body=${1#"$headers"}
    body=${body#$'\n\n'}
}
process() { call POST "/api/process-pending-emails${1-}" "$auth"; }
member() { python3 -c 'import json, sys; print(json.loads(sys.argv[1])[sys.argv[2]])' "$body" "$1"; }
error_is() { # WHAT STATUS CODE
    is "$1" "$2" "$status"
    contains "$1" "$body" "^\{\"error\":\{\"code\":\"$3\",\"message\":\"[^\"]+\"\}\}$"
}
ready_is() { # STATUS CODE
    call GET /readyz
    [ "$status" = "$1" ] && grep -q "\"$2\"" <<<"$body"
}

# door NAME [OPTION...]: a worker with a door; its port is $port
door() {
    POSTROOM_API_TOKEN=$token worker "$@" --listen 127.0.0.1:0
    port=$(sed -nE 's#.* listening: http://127\.0\.0\.1:([0-9]+)$#\1#p' "$1.log" | tail -n 1)
    [ -n "$port" ] || fail "the log does not say where the door is"
}

# --- the door stays shut --------------------------------------------------------------------------

run postroom run --no-ui --listen 0.0.0.0:0
is "beyond loopback without a token" 2 "$code"
contains "why" "$err" "^postroom: listen: cannot listen on 0\.0\.0\.0:0: only loopback is allowed without api_token"
run postroom run --no-ui --listen 0 --api-token canary-short
is "a short token" 2 "$code"
contains "why" "$err" "^postroom: --api-token: allowed are 16 to 512 characters"
lacks "the error" "$err" canary
run postroom run --no-ui --listen "127.0.0.1:$SINK_PORT"
is "a port that is taken" 2 "$code"
contains "why" "$err" "^postroom: listen: cannot listen on 127\.0\.0\.1:$SINK_PORT: the port is in use"
sql_is "workers that began all the same" 0 "SELECT count(*) FROM postroom.journal WHERE what = 'started'"
run postroom run --once --listen "127.0.0.1:$SINK_PORT"
is "run --once opens no door" 0 "$code"

# --- who may, and what for ------------------------------------------------------------------------

# nobody tells the worker of new mail: it is the door that does
postroom migrate --notify off >/dev/null
export POSTROOM_POLL_INTERVAL=1h POSTROOM_BACKOFF=1h..1h POSTROOM_REQUEST_TIMEOUT=12s
export POSTROOM_CORS_ORIGINS=https://app.example
door a
wait_for "the worker to be ready" 10 ready_is 200 ready
call GET /healthz
is "healthz" '200 {"status":"ok"}' "$status $body"
call HEAD /healthz
is "HEAD" "200 " "$status $body"
call GET /nothing
error_is "no such path" 404 not_found
call POST /webhooks/resend
error_is "no webhooks" 404 not_found
call POST /api/process-pending-emails
error_is "without the token" 401 unauthorized
call POST "/api/process-pending-emails?token=$token" "${auth%y}Y"
error_is "with another token" 401 unauthorized
call GET /metrics
error_is "metrics without the token" 401 unauthorized
call GET /api/process-pending-emails "$auth"
error_is "wrong method" 405 method_not_allowed
contains "wrong method" "$headers" "^allow: POST$"
process "?wait=1h"
error_is "a wait that makes no sense" 400 bad_wait
big() {
    exec 3<>"/dev/tcp/127.0.0.1/$port"
    printf '%s\r\n' "POST /api/process-pending-emails HTTP/1.1" "Host: x" "$auth" "Content-Length: 2000000" "" >&3
    head -c 2000000 /dev/zero >&3
    tr -d '\r' <&3
}
read_answer "$(big)"
error_is "a big body" 413 too_large
call OPTIONS /api/process-pending-emails "Origin: https://app.example" "Access-Control-Request-Method: POST"
is "preflight" 204 "$status"
contains "preflight" "$headers" "^access-control-allow-origin: https://app\.example$"
contains "preflight" "$headers" "^access-control-allow-headers: .*authorization"
call OPTIONS /api/process-pending-emails "Origin: https://evil.example" "Access-Control-Request-Method: POST"
lacks "preflight from elsewhere" "$headers" "access-control-allow-origin"

# --- process now ----------------------------------------------------------------------------------

# It looks by itself when it has come and for a moment after mail, and then no more.
looks_no_more() {
    [ "$(sql "SELECT bool_and(now() - query_start > interval '2 s') FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()")" = t ]
}
asleep() { wait_for "the worker to be asleep" 40 looks_no_more; }
day_lasts 60 # the quota used
asleep
insert 5
process
is "accepted" '202 {"status":"accepted","due":5}' "$status $body"
all_sent 20 5

asleep
n=$(scaled 400)
insert "$n"
sql "INSERT INTO email_messages (to_email, subject, text) VALUES ('nobody', 'x', 'x')" # fails at once
sql "INSERT INTO email_messages (to_email, subject, text, scheduled_at) VALUES ('later@mail.example', 'x', 'x', now() + interval '1 d')"
process "?wait=60"
is "done" "200 {\"processed\":$((n + 1)),\"sent\":$n,\"failed\":1,\"remaining\":0}" "$status $body"
sql_is "what waits is what is not due" 1 "SELECT count(*) FROM email_messages WHERE status = 'pending'"

postroom pause --worker a >/dev/null
insert 3
begin=$(now_ms)
process "?wait=1.5"
within "ms until the time was up" $(($(now_ms) - begin)) 1500 $((8000 * ${TEST_PATIENCE:-1}))
is "time up" '200 {"processed":0,"sent":0,"failed":0,"remaining":3}' "$status $body"

# --- metrics --------------------------------------------------------------------------------------

scrape() {
    call GET /metrics "$auth"
    printf '%s\n' "$body" >page
    python3 "$LIB/prometheus.py" samples <page >samples || fail "no good metrics: $(cat page)"
}
metric() { awk -v name="postroom_$1" '$1 == name {print $2; found = 1} END {if (!found) print "absent"}' samples; }
metric_sum() { awk -v name="postroom_$1{" 'index($1, name) == 1 {n += $2} END {print n + 0}' samples; }
# metric_is SAMPLE VALUE: figures of the database may be some seconds old
metric_is() { scrape && [ "$(metric "$1")" = "$2" ]; }
metric_shows() { wait_for "metric $1 to be $2" 30 metric_is "$1" "$2"; }

families="build_info gauge
failed_total counter
lane_parked gauge
lane_quota gauge
lane_rate gauge
messages gauge
oldest_due_seconds gauge
paused gauge
queue_seconds histogram
request_seconds histogram
requests_total counter
sent_total counter
stall_seconds gauge
throttled_total counter
workers gauge"
families() { python3 "$LIB/prometheus.py" names <page | sed 's/^postroom_//' | sort; }
scrape
is "the families" "$families" "$(families)"
contains "its type" "$headers" "^content-type: text/plain; version=0\.0\.4"
is "pending" 4 "$(metric 'messages{status="pending"}')"
is "processing" 0 "$(metric 'messages{status="processing"}')"
is "failed" 1 "$(metric 'messages{status="failed"}')"
is "cancelled" 0 "$(metric 'messages{status="cancelled"}')"
within "age of the oldest" "$(metric oldest_due_seconds)" 0.1 300
is "workers" 1 "$(metric workers)"
is "paused" 1 "$(metric paused)"
is "version" 1 "$(metric "build_info{version=\"$(postroom --version | cut -d ' ' -f 2)\"}")"
is "allowed rate" 1000 "$(metric 'lane_rate{provider="resend",side="allowed"}')"
is "used quota" $((n + 5)) "$(metric 'lane_quota{provider="resend",period="daily",side="used"}')"
is "no quota" absent "$(metric 'lane_quota{provider="resend",period="daily",side="allowed"}')"
is "parked" 0 "$(metric 'lane_parked{provider="resend",reason="key"}')"
within "longest turn" "$(metric stall_seconds)" 0.0001 60

# a parked lane tries one request when it is asked to
sink_set '{"api_key": "re_another"}'
postroom resume --worker a >/dev/null
metric_shows 'lane_parked{provider="resend",reason="key"}' 1
is "other reasons" 0 "$(metric 'lane_parked{provider="resend",reason="rate"}')"
sink_set '{"api_key": null}'
opened() { process && [ "$(count pending 'scheduled_at IS NULL')" = 0 ]; }
wait_for "the lane to take mail again" 20 opened

# answers of all kinds: refused as too many, refused for good, no answer in time and then none ever
sink_set '{"rules": [{"match": "^many", "status": 429, "name": "rate_limit_exceeded", "headers": {"retry-after": 1}, "times": 2},
                     {"match": "^bad", "status": 422, "name": "validation_error", "message": "No"},
                     {"match": "^lost", "hold_until": "late", "times": 1}]}'
for name in many bad; do
    sql "INSERT INTO email_messages (to_email, subject, html) VALUES ('$name@mail.example', 'x', 'x')"
    process "?wait=60"
    is "$name: done" 0 "$(member remaining)"
done
lost=$(sql "INSERT INTO email_messages (to_email, subject, html) VALUES ('lost@mail.example', 'x', 'before') RETURNING id")
process "?wait=60"
is "no answer" 1 "$(member failed)"
sql "UPDATE email_messages SET html = 'after', next_attempt_at = now() WHERE id = '$lost';
     UPDATE postroom.requests SET next_try_at = now()" # its bytes are gone, so it is held
uncertain() { postroom trigger && [ "$(count failed "error_code = 'uncertain'")" = 1 ]; }
wait_for "it to be held" 20 uncertain
touch late

sent=$(count sent)
taken() { [ "$(sink_stat effects)" = $((sent + 1)) ]; } # the uncertain one was sent, as it happens
wait_for "the sink to take the last" 20 taken
metric_shows 'messages{status="sent"}' "$sent"
is "sent" "$sent" "$(metric 'sent_total{provider="resend"}')"
is "open again" "0 0" "$(metric 'lane_parked{provider="resend",reason="key"}') $(metric paused)"
is "requests" "$(sink_stat requests)" "$(metric_sum requests_total)"
for answer in 200 403 422 429; do
    expected=$(sink_stat "statuses.$answer")
    [ $answer != 200 ] || expected=$((expected - 1)) # which came too late
    is "answers $answer" "$expected" "$(metric "requests_total{provider=\"resend\",status=\"$answer\"}")"
done
is "requests without an answer" 1 "$(metric 'requests_total{provider="resend",status="timeout"}')"
is "throttled" "$(sink_stat statuses.429)" "$(metric 'throttled_total{provider="resend"}')"
is "uncertain" 1 "$(metric 'failed_total{provider="resend",code="uncertain"}')"
is "failures" "$(sql "SELECT count(*) FROM postroom.attempts WHERE outcome = 'failed'")" "$(metric_sum failed_total)"
while IFS='|' read -r why times; do
    is "failures of $why" "$times" "$(metric "failed_total{provider=\"resend\",code=\"$why\"}")"
done < <(sql "SELECT error_code, count(*) FROM postroom.attempts WHERE outcome = 'failed' GROUP BY 1")
is "times of requests" "$(sink_stat requests)" "$(metric request_seconds_count)"
is "times in the queue" "$sent" "$(metric queue_seconds_count)"
within "seconds in the queue" "$(metric queue_seconds_sum)" 0.001 $((sent * 100))

# --- clients that dawdle --------------------------------------------------------------------------

start drip python3 "$LIB/drip.py" drip "$port" 20
wait_for "them to begin" 10 grep -q dripping drip.log
read -r usual worst < <(python3 "$LIB/drip.py" asks "$port" /healthz $((4 / ${TEST_PATIENCE:-1} + 1)))
within "ms until health answered" "$usual" 0 $((1000 * ${TEST_PATIENCE:-1}))
within "ms until health answered, at the worst" "$worst" 0 9999
asleep
insert 5
process "?wait=60"
is "sent meanwhile" 5 "$(member sent)"
stop drip KILL

# --- the database goes and comes ------------------------------------------------------------------

pg() { pg_as "$(pg_bin)/pg_ctl" -D "$PG_ROOT/data" -l "$PG_ROOT/log" -w -t 60 "$@" >/dev/null; }
pg -m immediate stop
wait_for "not ready" 30 ready_is 503 database_away
call GET /healthz
is "alive" 200 "$status"
begin=$(now_ms)
process
error_is "process without a database" 503 database_away
contains "it" "$headers" "^retry-after: "
within "ms until that was said" $(($(now_ms) - begin)) 0 $((6000 * ${TEST_PATIENCE:-1}))
scrape
is "its own counts" "$((sent + 5))" "$(metric 'sent_total{provider="resend"}')"
is "what nobody knows" absent "$(metric workers)"
is "the families" "$families" "$(families)"
pg start
wait_for "ready again" 30 ready_is 200 ready
asleep
insert 2
process "?wait=60"
is "sent afterwards" '200 {"processed":2,"sent":2,"failed":0,"remaining":0}' "$status $body"

# --- leaving --------------------------------------------------------------------------------------

stop a
is "exit" 0 "$code"
contains "the last line" "$(tail -n 1 a.log)" "stopped: sent $((sent + 5 + 2)), failed"
sink_set "{\"rules\": [{\"hold_until\": \"$PWD/go\"}]}"
POSTROOM_REQUEST_TIMEOUT=100s POSTROOM_LEASE=300s POSTROOM_DRAIN_TIMEOUT=100s door c
wait_for "ready" 10 ready_is 200 ready
seen=$(sink_stat requests)
insert 2
held() { [ "$(sink_stat requests)" -gt "$seen" ]; }
process
wait_for "a request under way" 20 held
start waiting talk POST "/api/process-pending-emails?wait=60" "$auth"
kill -TERM "${pid[c]}"
wait_for "not ready any more" 10 ready_is 503 draining
call GET /healthz
is "alive while it leaves" 200 "$status"
process
error_is "process while it leaves" 503 draining
touch go
ended c
is "exit" 0 "$code"
ended waiting
read_answer "$(cat waiting.log)"
contains "who waited got an answer" "$status" "^(200|503)$"
contains "the last line" "$(tail -n 1 c.log)" "stopped: sent 2, failed 0"
sql_is "sent in the end" "$((sent + 5 + 4))" "SELECT count(*) FROM email_messages WHERE status = 'sent'"
! (talk GET /healthz) >/dev/null 2>&1 || fail "the door stands open"
! grep -q canary ./*.log page || fail "the token shows: $(grep -l canary ./*.log page)"

# a schema that is not this version's
door b
wait_for "ready" 10 ready_is 200 ready
sql "UPDATE postroom.meta SET value = value::int + 1 WHERE key = 'schema_version';
     SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()" >/dev/null
wait_for "not ready: the schema" 20 ready_is 503 schema_old
process
error_is "process with another schema" 503 schema_old
sql "UPDATE postroom.meta SET value = value::int - 1 WHERE key = 'schema_version'"
wait_for "ready again" 20 ready_is 200 ready
stop b
is "exit" 0 "$code"
