#!/usr/bin/env bash
# What is wrong is said in one line that tells what to do, with exit 2 (1 where the work failed).
. "$(dirname "$0")/../lib/e2e.sh"
sink
migrated_db

# wrong WHAT EXIT PATTERN COMMAND...
wrong() {
    local what=$1 exit=$2 pattern=$3
    shift 3
    run timeout 30 "$@"
    contains "exit: $what" "$code" "^($exit)$"
    is "lines on stderr: $what" 1 "$(wc -l <run.err)"
    contains "words: $what" "$err" "$pattern"
    lacks "secret: $what" "$err" "canary"
    echo "$what: $err"
}
p=$POSTROOM

wrong "unknown command" 2 "nosuch" "$p" nosuch
wrong "unknown option" 2 "nosuch" "$p" run --nosuch
wrong "no key" 2 "RESEND_API_KEY" env -u RESEND_API_KEY "$p" run --once
wrong "no key of SendGrid" 2 "SENDGRID_API_KEY is not set.*SENDGRID_API_KEY_FILE" env -u SENDGRID_API_KEY POSTROOM_PROVIDER=sendgrid "$p" run --once
wrong "no such provider" 2 "provider.*pigeon.*environment.*allowed are: resend" env POSTROOM_PROVIDER=pigeon "$p" run --once
wrong "bad number" 2 "POSTROOM_RATE" env POSTROOM_RATE=fast "$p" run --once
wrong "bad duration" 2 "POSTROOM_LEASE" env POSTROOM_LEASE=soon "$p" run --once
wrong "bad sender" 2 "POSTROOM_FROM" env POSTROOM_FROM=nobody "$p" run --once
wrong "http to another machine" 2 "https|loopback" env RESEND_BASE_URL=http://mail.example "$p" run --once
wrong "http to another machine, SendGrid" 2 "SENDGRID_BASE_URL.*https" env POSTROOM_PROVIDER=sendgrid SENDGRID_BASE_URL=http://mail.example "$p" run --once

printf 'rate = 10\nratee = 3\n' >bad.conf
wrong "unknown key in a file" 2 "bad.conf:2.*ratee" "$p" run --once --config bad.conf
printf '\nprovider = pigeon\n' >bad.conf
wrong "no such provider in a file" 2 "provider.*pigeon.*bad.conf:2" "$p" run --once --config bad.conf
printf 'rate = 0 0\n' >bad.conf
wrong "bad value in a file" 2 "bad.conf:1.*rate" "$p" run --once --config bad.conf
wrong "no such file" 2 "nosuch.conf" "$p" run --once --config nosuch.conf
printf 'resend_api_key = re_canary_file\n' >open.conf
chmod 644 open.conf
wrong "a secret others can read" 2 "open.conf.*(chmod|read)" "$p" run --once --config open.conf
chmod 600 open.conf
run "$p" run --once --config open.conf
is "the same, closed" 0 "$code"
printf '%s\n' re_canary_file >key
printf 'resend_api_key_file = %s/key\n' "$PWD" >pointing.conf
chmod 644 pointing.conf
run "$p" run --once --config pointing.conf
is "one that only says where a secret is, open" 0 "$code"
printf 'resend_api_key_file = %s/key\napi_token = canary-0123456789\n' "$PWD" >pointing.conf
wrong "one that holds another secret" 2 "pointing.conf.*chmod" "$p" run --once --config pointing.conf
printf '[columns]\nto = recipient\n' >columns.conf
wrong "unknown column" 2 "columns.conf:2.*\"to\".*postroom.conf.5. for all columns" "$p" run --once --config columns.conf

wrong "no such server" "1|2" "connect|reach|database" env DATABASE_URL=postgresql://x:canary@127.0.0.1:1/db "$p" run --once
wrong "no such database" "1|2" "nosuch" env DATABASE_URL="$(pg_url nosuch)" "$p" run --once
wrong "a password with an @ in it" 2 "%40" env DATABASE_URL='postgresql://x:can@canary@127.0.0.1/db' "$p" run --once
wrong "a password with a / in it" 2 "%2F" env DATABASE_URL='postgresql://x:1/canary@127.0.0.1/db' "$p" status
wrong "no such URL" "1|2" "DATABASE_URL|database" env DATABASE_URL=nonsense://x "$p" run --once
for command in status list "show x" "retry --failed" pause trigger "watch"; do
    # shellcheck disable=SC2086 # words on purpose
    wrong "$command without a database" "1|2" "connect|reach|database" \
        env DATABASE_URL=postgresql://x:canary@127.0.0.1:1/db "$p" $command
done
wrong "sandbox on a port in use" "1|2" "$SINK_PORT.*use|use.*$SINK_PORT" "$p" sandbox --listen "127.0.0.1:$SINK_PORT"

empty_db
wrong "no tables yet" "1|2" "postroom migrate" "$p" run --once
wrong "status without tables" "1|2" "postroom migrate" "$p" status
