#!/usr/bin/env bash
# SES's notifications through Amazon SNS: both versions of its signature, topics that are not ours,
# certificates that lie elsewhere, subscriptions, and events with and without the message's id.
# also under: asan
. "$(dirname "$0")/../lib/e2e.sh"
. "$LIB/webhook.sh"
migrated_db
sink
webhook_keys
export SES_TOPIC_ARN="arn:aws:sns:eu-west-1:123456789012:another, $SES_TOPIC" SES_CERT_FILE=$WORK/sns.crt

run env SES_CERT_FILE="$WORK/nowhere.pem" "$POSTROOM" run --no-ui --listen 127.0.0.1:0
contains "a certificate that is not there" "$code $err" "^2 .*SES_CERT_FILE.*nowhere\.pem"
door a
insert 4
all_sent 20 4
ids=()
for n in 1 2 3 4; do ids+=("$(one id "to_email = 'a$n@mail.example'")"); done

# told TYPE-MEMBER TYPE ID PROVIDER-ID MORE: the message inside
told() {
    printf '{"%s":"%s","mail":{"timestamp":"2026-01-02T03:04:05.000Z","messageId":"%s","destination":["x@mail.example"]%s},%s}' \
        "$1" "$2" "$4" "${3:+,\"tags\":{\"postroom_id\":[\"$3\"]\}}" "$5"
}
bounce='"bounce":{"bounceType":"Permanent","bounceSubType":"General","bouncedRecipients":[{"emailAddress":"a1@mail.example","status":"5.1.1","diagnosticCode":"smtp; 550 5.1.1 none"}],"timestamp":"2026-01-02T03:04:06.000Z","feedbackId":"f"}'
told eventType Bounce "${ids[0]}" some-id "$bounce" >bounce

# --- who may --------------------------------------------------------------------------------------

for how in --spoil "--version 3" "--url https://evil.example/a.pem" "--url http://sns.eu-west-1.amazonaws.com/a.pem" \
    "--url https://sns.eu-west-1.amazonaws.com.evil.example/a.pem" "--other-topic arn:aws:sns:eu-west-1:1:x"; do
    # shellcheck disable=SC2086 # words on purpose
    contains "$how" "$(ses $how <bounce)" '^401 \{"error":\{"code":"unauthorized"'
done
contains "another topic" "$(python3 "$LIB/webhook.py" ses "$port" sns.pem arn:aws:sns:eu-west-1:123456789012:theirs <bounce)" "^401 "
openssl genrsa -out other.pem 2048 2>/dev/null
contains "another key" "$(python3 "$LIB/webhook.py" ses "$port" other.pem "$SES_TOPIC" <bounce)" "^401 "
raw() { curl -s -o /dev/null -w '%{http_code}' -X POST --data-binary @- "http://127.0.0.1:$port/webhooks/ses"; }
is "raw delivery" 401 "$(raw <bounce)"
is "half of it" 401 "$(echo '{"Type":"Notification","TopicArn":"' | raw)"
is "nothing" 401 "$(raw </dev/null)"
sql_is "nothing was changed" "0|0|0" "SELECT (SELECT count(*) FROM postroom.events), (SELECT count(*) FROM postroom.suppressions),
    (SELECT count(*) FROM email_messages WHERE delivery IS NOT NULL)"

# --- what it tells --------------------------------------------------------------------------------

is "a bounce" '200 {"recorded":1,"duplicates":0,"ignored":0}' "$(ses --id n-1 <bounce)"
is "again, as SNS does" '200 {"recorded":0,"duplicates":1,"ignored":0}' "$(ses --id n-1 <bounce)"
is "it" "bounced|permanent|2026-01-02 03:04:06+00" "$(one "delivery, bounce_type, bounced_at" "id = '${ids[0]}'")"
is "the suppression" "a1@mail.example|all|bounced|ses" "$(sql "SELECT email, scope, reason, source FROM postroom.suppressions")"
contains "version 2" "$(told notificationType Delivery "" "$(sent_id "${ids[1]}")" '"delivery":{"timestamp":"2026-01-02T03:04:07.000Z","recipients":["a2@mail.example"]}' | ses --version 2)" '"recorded":1,'
is "by SES's own id" "delivered|2026-01-02 03:04:07+00" "$(one "delivery, delivered_at" "id = '${ids[1]}'")"
ooto='"bounce":{"bounceType":"Transient","bounceSubType":"General","bouncedRecipients":[{"emailAddress":"a2@mail.example"}]}'
told notificationType Bounce "" "$(sent_id "${ids[1]}")" "$ooto" | ses >/dev/null
delivery_is "${ids[1]}" delivered
told eventType Complaint "${ids[2]}" "$(sent_id "${ids[2]}")" '"complaint":{"complainedRecipients":[{"emailAddress":"a3@mail.example"}],"complaintFeedbackType":"abuse"}' | ses >/dev/null
delivery_is "${ids[2]}" complained
told eventType Complaint "${ids[3]}" "$(sent_id "${ids[3]}")" '"complaint":{"complainedRecipients":[{"emailAddress":"a4@mail.example"}],"complaintFeedbackType":"not-spam"}' | ses >/dev/null
delivery_is "${ids[3]}" -
is "suppressions" "a1@mail.example a3@mail.example" "$(sql "SELECT string_agg(email, ' ' ORDER BY email) FROM postroom.suppressions")"
printf '%s\n' 'Successfully validated SNS topic for Amazon SES event publishing.' '{' '[]' '{"eventType":"Bounce","mail":7}' >senseless
is "what makes no sense" '4 x 200 {"recorded":0,"duplicates":0,"ignored":1}' "$(ses --each <senseless)"
is "other mail" '200 {"recorded":0,"duplicates":0,"ignored":1}' "$(told eventType Bounce "$(cat /proc/sys/kernel/random/uuid)" theirs "$bounce" | ses)"

# --- subscriptions: Amazon cannot be reached here --------------------------------------------------

contains "a subscription" "$(echo "You have chosen to subscribe" | ses --type SubscriptionConfirmation)" '^503 .*"code":"not_confirmed"'
contains "it is said" "$(cat a.log)" "webhook_subscribed: ses: $SES_TOPIC could not be confirmed: "
contains "a forged one" "$(echo x | ses --type SubscriptionConfirmation --spoil)" "^401 "
contains "the end of one" "$(echo x | ses --type UnsubscribeConfirmation)" "^200 "
contains "it is said" "$(cat a.log)" "webhook_unsubscribed: ses: $SES_TOPIC will tell nothing more"
stop a

# without the file the certificate is fetched, which fails here: SNS tells it again
unset SES_CERT_FILE
door b
contains "no certificate" "$(ses --id n-2 --url https://sns.no-such-region.amazonaws.com/a.pem <bounce)" '^503 .*"code":"no_certificate"'
stop b
is "exit" 0 "$code"
