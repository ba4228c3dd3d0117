# Webhooks for end-to-end tests: a worker whose door takes them, events signed as the three providers
# sign them (webhook.py), and what they came to. After `. "$(dirname "$0")/../lib/e2e.sh"`.
# shellcheck shell=bash

RESEND_SECRET=whsec_$(printf 'canary-secret-of-resend-1' | base64)
SES_TOPIC=arn:aws:sns:eu-west-1:123456789012:mail-events

# door NAME [OPTION...]: a worker with a door; its port is $port
door() {
    worker "$@" --listen 127.0.0.1:0
    port=$(sed -nE 's#.* listening: http://127\.0\.0\.1:([0-9]+)$#\1#p' "$1.log" | tail -n 1)
}

# The keys of SendGrid and of Amazon SNS.
webhook_keys() {
    openssl ecparam -name prime256v1 -genkey -noout -out sendgrid.pem
    openssl req -x509 -newkey rsa:2048 -nodes -keyout sns.pem -out sns.crt -days 2 -subj /CN=sns.amazonaws.com 2>/dev/null
}

# resend|sendgrid|ses [OPTION...] <BODY: the answer, "STATUS TEXT"
resend() { python3 "$LIB/webhook.py" resend "$port" "$RESEND_SECRET" "$@"; }
sendgrid() { python3 "$LIB/webhook.py" sendgrid "$port" sendgrid.pem "$@"; }
ses() { python3 "$LIB/webhook.py" ses "$port" sns.pem "$SES_TOPIC" "$@"; }

# resend_event TYPE ID EMAIL_ID [MORE MEMBERS OF data]: a body
resend_event() {
    printf '{"type":"email.%s","created_at":"%s","data":{"email_id":"%s","from":"Shop <hello@shop.example>","to":["%s"],"subject":"x","tags":{"postroom_id":"%s"}%s}}' \
        "$1" "${event_at:-$(date -u +%Y-%m-%dT%H:%M:%S.000Z)}" "$3" "${event_to:-nobody@mail.example}" "$2" "${4:+,$4}"
}
BOUNCE_PERMANENT='"bounce":{"type":"Permanent","subType":"General","message":"No such user","diagnosticCode":["smtp; 550 5.1.1 no such user"]}'
BOUNCE_TRANSIENT='"bounce":{"type":"Transient","subType":"MailboxFull","message":"Full"}'

# one COLUMNS CONDITION: of email_messages
one() { sql "SELECT $1 FROM email_messages WHERE $2"; }
delivery_is() { is "delivery of $1" "$2" "$(one "coalesce(delivery, '-')" "id = '$1'")"; }
sent_id() { one provider_message_id "id = '$1'"; }
