#!/usr/bin/env bash
# Resend's webhook: who may tell something, what becomes of a message that is delivered, bounces or is
# complained about, in whatever order that comes and however often, and bodies that make no sense.
# also under: asan
. "$(dirname "$0")/../lib/e2e.sh"
. "$LIB/webhook.sh"
migrated_db
sink

# --- who may --------------------------------------------------------------------------------------

door closed
for provider in resend sendgrid ses; do
    is "$provider without its secret" "404" "$(curl -so /dev/null -w '%{http_code}' -X POST -d '{}' "http://127.0.0.1:$port/webhooks/$provider" || true)"
done
stop closed
export RESEND_WEBHOOK_SECRET="whsec_bm90IHRoaXMgb25lLCB0aGUgb25lIGJlZm9yZQ==, $RESEND_SECRET"
door a
insert 12
all_sent 20 12
id() { one id "to_email = 'a$1@mail.example'"; }
mapfile -t ids < <(for n in $(seq 0 12); do id "$n"; done | sed '1s/^/-\n/')
ids=(- "${ids[@]:1}")
nothing() { # WHAT
    sql_is "$1: events" 0 "SELECT count(*) FROM postroom.events"
    sql_is "$1: deliveries" 0 "SELECT count(*) FROM email_messages WHERE delivery IS NOT NULL"
    sql_is "$1: suppressions" 0 "SELECT count(*) FROM postroom.suppressions"
}
m1=${ids[1]}
body=$(resend_event bounced "$m1" "$(sent_id "$m1")" "$BOUNCE_PERMANENT")
for how in --spoil --bare "--at -310" "--at 310"; do
    # shellcheck disable=SC2086 # words on purpose
    contains "$how" "$(resend $how <<<"$body")" '^401 \{"error":\{"code":"unauthorized"'
done
contains "another secret" "$(python3 "$LIB/webhook.py" resend "$port" whsec_YW5vdGhlciBzZWNyZXQ= <<<"$body")" "^401 "
nothing "refused"
contains "in the log" "$(cat a.log)" "webhook_refused: resend, from 127\.0\.0\.1: "

# the same bytes, but not the ones that were signed
python3 - "$port" "$RESEND_SECRET" <<'PYTHON' >tampered
import base64, hashlib, hmac, http.client, sys, time
stamp, key = str(int(time.time())), base64.b64decode(sys.argv[2].removeprefix("whsec_"))
mac = base64.b64encode(hmac.new(key, f"x.{stamp}.".encode() + b'{"a": 1}', hashlib.sha256).digest()).decode()
c = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]))
for body, id in ((b'{"a":1}', "x"), (b'{"a": 1}', "y"), (b'{"a": 1} ', "x"), (b'{"a": 1}', "x")):
    c.request("POST", "/webhooks/resend", body, {"webhook-id": id, "webhook-timestamp": stamp, "webhook-signature": "v1a,AAAA v2," + mac + " v1,AAAA v1," + mac})
    r = c.getresponse()
    print(r.status, r.read().decode())
PYTHON
is "other spacing, another id, one byte more, as signed" "401 401 401 200" "$(cut -d ' ' -f 1 tampered | xargs)"
nothing "tampered with"

# --- what it tells --------------------------------------------------------------------------------

taken() { contains "$1" "$2" "^200 .\"recorded\":$3,\"duplicates\":$4,\"ignored\":$5.\$"; } # WHAT ANSWER RECORDED DUPLICATES IGNORED
tell() { resend_event "$@" | resend; } # TYPE ID EMAIL_ID [MORE]

m=${ids[1]} e=$(sent_id "${ids[1]}")
event_at=2026-01-02T03:04:05.678Z taken "delivered" "$(event_at=2026-01-02T03:04:05.678Z tell delivered "$m" "$e")" 1 0 0
delivery_is "$m" delivered
is "its time" "2026-01-02 03:04:05.678+00|2026-01-02 03:04:05.678+00" "$(one "delivered_at, delivery_at" "id = '$m'")"
tell delivery_delayed "$m" "$e" >/dev/null
delivery_is "$m" delivered
tell bounced "$m" "$e" "$BOUNCE_TRANSIENT" >/dev/null # an automatic reply looks like that
delivery_is "$m" delivered
tell complained "$m" "$e" >/dev/null
delivery_is "$m" complained
tell delivered "$m" "$e" >/dev/null
delivery_is "$m" complained
is "its times" "t|t|t" "$(one "delivered_at < complained_at, bounced_at IS NOT NULL, complained_at = delivery_at" "id = '$m'")"

# the other way round it ends in the same state
m=${ids[2]} e=$(sent_id "${ids[2]}")
for what in complained delivered bounced delivery_delayed sent; do tell "$what" "$m" "$e" >/dev/null; done
delivery_is "$m" complained
m=${ids[3]} e=$(sent_id "${ids[3]}")
tell delivery_delayed "$m" "$e" >/dev/null
delivery_is "$m" delayed
tell bounced "$m" "$e" "$BOUNCE_TRANSIENT" >/dev/null
is "a bounce that is not for good" "bounced|transient" "$(one "delivery, bounce_type" "id = '$m'")"
tell delivered "$m" "$e" >/dev/null
delivery_is "$m" delivered
sql_is "not suppressed" 0 "SELECT count(*) FROM postroom.suppressions WHERE email = 'a3@mail.example'"

# by the provider's id alone; with several recipients nobody knows which one it was
m=${ids[4]} e=$(sent_id "${ids[4]}")
sql "UPDATE email_messages SET cc = ARRAY['other@mail.example'] WHERE id = '$m'"
taken "by its id there" "$(event_to=a4@mail.example tell bounced "" "$e" "$BOUNCE_PERMANENT")" 1 0 0
delivery_is "$m" bounced
m=${ids[5]} e=$(sent_id "${ids[5]}")
event_to="Somebody <A5@Mail.Example>" tell bounced "$m" "$e" "$BOUNCE_PERMANENT" >/dev/null
m=${ids[6]} e=$(sent_id "${ids[6]}")
event_to=a6@mail.example tell bounced "$m" "$e" "${BOUNCE_PERMANENT/5.1.1/5.7.1}" >/dev/null # the sender's policy
m=${ids[7]} e=$(sent_id "${ids[7]}")
event_to=a7@mail.example tell suppressed "$m" "$e" '"suppressed":{"type":"OnAccountSuppressionList","reason":"previous_bounce","message":"Was bounced"}' >/dev/null
is "given up" "sent|failed" "$(one "status, delivery" "id = '$m'")"
m=${ids[8]} e=$(sent_id "${ids[8]}")
event_to=a8@mail.example tell complained "$m" "$e" >/dev/null
is "suppressions" "a5@mail.example all bounced resend,a7@mail.example all suppressed resend,a8@mail.example all complained resend,nobody@mail.example all complained resend" \
    "$(sql "SELECT string_agg(concat_ws(' ', email, scope, reason, source), ',' ORDER BY email) FROM postroom.suppressions")"
contains "in the log" "$(cat a.log)" "bounced: message ${ids[5]} for .*5@.*, permanent: General: smtp; 550 5\.1\.1 no such user; suppressed from now on"

# once more: nothing is changed
before=$(sql "SELECT md5(string_agg(m::text, ',' ORDER BY id)) FROM email_messages m")
body=$(resend_event delivered "${ids[9]}" "$(sent_id "${ids[9]}")")
is "again and again" "200 {\"recorded\":1,\"duplicates\":0,\"ignored\":0}
19 x 200 {\"recorded\":0,\"duplicates\":1,\"ignored\":0}" "$(resend --id msg_1 --times 20 <<<"$body")"
taken "with a later time of signing" "$(resend --id msg_1 --at 200 <<<"$body")" 0 1 0
sql "UPDATE email_messages SET delivery = NULL, delivery_at = NULL, delivered_at = NULL, updated_at = created_at WHERE id = '${ids[9]}'"
resend --id msg_1 <<<"$body" >/dev/null
delivery_is "${ids[9]}" -

# --- of other mail, and what makes no sense --------------------------------------------------------

count_all() { sql "SELECT (SELECT count(*) FROM postroom.events), (SELECT count(*) FROM postroom.suppressions),
    (SELECT count(*) FROM email_messages WHERE delivery IS NOT NULL)"; }
before=$(count_all)
taken "an unknown message" "$(event_to=x@mail.example tell bounced "$(cat /proc/sys/kernel/random/uuid)" some-id "$BOUNCE_PERMANENT")" 0 0 1
taken "another system's id" "$(tell complained "order-4711" other-id)" 0 0 1
taken "no id at all" "$(tell delivered "" "")" 0 0 1
cat >senseless <<'BODIES'
{"type":"email.opened","data":{}}
{"type":"domain.created","data":{"id":"x"}}
{}
[]
7
null
"text"
{"type":7,"data":[]}
{"type":"email.bounced","data":"x"}
{"type":"email.bounced","data":null}
{"type":"email.bounced","created_at":{},"data":{"email_id":[],"to":{"a":1},"tags":[1],"bounce":[[]]}}
{"type":"email.complained","created_at":-5,"data":{"email_id":{},"to":[[],{}],"tags":{"postroom_id":{}}}}
{"type":"email.bounced","data":{"email_id":"\u001b]0;x\u0007","to":["\u202e@x"],"tags":{"postroom_id":"hex-zz"},"bounce":{"type":"Permanent"}}}
{"type":"email.delivered","data":{"tags":{"postroom_id":"hex-00ff"},"to":[]}}
BODIES
is "events without sense" '14 x 200 {"recorded":0,"duplicates":0,"ignored":1}' "$(resend --each <senseless)"
printf '%s\n' '' '{' '{"type":"email.bounced","data":{"to":["a' 'email' '{"a":"\u0000"}' $'{"a":"\x02"}' $'{"a":"\xff\xfe"}' \
    '{"type":1e' "$(printf '[%.0s' $(seq 20000))" >halves
resend --each <halves >answers
is "halves of bodies" "" "$(grep -vE '^([0-9]+ x )?400 ' answers || true)"
contains "halves of bodies" "$(cat answers)" '"code":"bad_event"'
contains "a long one" "$(python3 -c 'print("{\"a\":\"" + "x" * 1048600 + "\"}")' | resend 2>&1 | tail -n 1)" "^413 |Broken|reset"
is "nothing was changed" "$before" "$(count_all)"

# hostile words in a good event: they go no further than the table
m=${ids[10]} e=$(sent_id "${ids[10]}")
long=$(printf 'x%.0s' $(seq 3000))
taken "hostile words" "$(event_to='a10@mail.example' tell bounced "$m" "$e" '"bounce":{"type":"Transient","message":"\u001b[31mred\r\n\u202eevil '"$long"'"}')" 1 0 0
run postroom show "$m"
is "show" 0 "$code"
lacks "show" "$out" $'\x1b'
contains "show" "$out" "^delivery +bounced"
contains "the story" "$out" "^events, newest first"
contains "the story" "$out" "bounced +transient +a10@mail\.example"
sql_is "a time of the future is now" t "SELECT at <= now() FROM postroom.events WHERE message_id = '$m'"
m=${ids[11]} e=$(sent_id "${ids[11]}")
event_at=2999-01-01T00:00:00Z tell delivered "$m" "$e" >/dev/null
is "a time of the future" t "$(one "delivered_at <= now()" "id = '$m'")"

postroom show "${ids[5]}" --json >shown.json
is "JSON" "bounced permanent bounced General: smtp; 550 5.1.1 no such user" \
    "$(python3 -c 'import json; m = json.load(open("shown.json")); e = m["events"][0]; print(m["delivery"], m["bounce_type"], e["event"], e["detail"])')"
contains "why" "$(postroom why "${ids[5]}")" "^sent $CLOCK, bounced $CLOCK for good: General: smtp; 550 5\.1\.1 no such user; a5@mail\.example is suppressed"
contains "why" "$(postroom why "${ids[11]}")" "^sent $CLOCK, delivered $CLOCK\$"

# --- every message that was sent was sent once, whatever came ------------------------------------

sink_agrees
! grep -q canary ./*.log || fail "a secret shows: $(grep -l canary ./*.log)"
stop a
is "exit" 0 "$code"
