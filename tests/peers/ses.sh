#!/usr/bin/env bash
# AWS SES through eyes of others, from npm: aws-ses-v2-local takes the mail and takes it apart with a
# parser of its own; AWS's own signer makes the signatures of what postroom sent once more. Skipped, with
# a word why, where these cannot be had.
. "$(dirname "$0")/../lib/e2e.sh"
. "$ROOT/tests/peers/npm.sh"
npm_peers

migrated_db
export POSTROOM_PROVIDER=ses AWS_REGION=eu-central-1 AWS_ACCESS_KEY_ID=AKIDCANARY AWS_SECRET_ACCESS_KEY='canary/se+cret==%20~'
export POSTROOM_FROM="Shöp <hello@shop.example>" POSTROOM_POLL_INTERVAL=1s POSTROOM_RATE=
fill() { # N: a plain mail, one with all there is, and N that grow, every third with a file
    sql "DELETE FROM email_messages;
         INSERT INTO email_messages (to_email, cc, bcc, reply_to, subject, html, text, tags) VALUES
            ('\"Béa, B.\" <bea@mail.example>', '{c@mail.example,\"D <d@mail.example>\"}', '{b@mail.example}', '{r@shop.example}',
             'Schöne Grüße 💌', '<p>hällo</p>', E'hällo\n.\nb', '{\"campaign\": \"autumn\"}');
         INSERT INTO email_messages (to_email, bcc, subject, html, text, headers, attachments) VALUES
            ('full@mail.example', '{hidden@mail.example}', 'Größe', '<img src=\"cid:logo\">', E'a\n.\nb', '{\"X-Ref\": \"7 ü\"}',
             '[{\"filename\": \"ä b.txt\", \"content\": \"aGVs\\nbG8=\", \"content_type\": \"text/plain\"},
               {\"filename\": \"i.png\", \"content\": \"aGk=\", \"content_type\": \"image/png\", \"content_id\": \"logo\"}]')"
    sql "INSERT INTO email_messages (to_email, subject, html, text, attachments)
         SELECT 'r' || n || '@mail.example', repeat('Ünder ', n) || n, '<p>' || repeat(chr(8364 + n) || E'. =\r\n.\n', n * n * 20) || '</p>',
             CASE WHEN n % 2 = 0 THEN repeat('x', 3000) || E'\n.\n.. \n' || n END,
             CASE WHEN n % 3 = 0 THEN json_build_array(json_build_object('filename', 'f' || n || '.bin',
                 'content', translate(encode(decode(repeat(md5(n::text), 500), 'hex'), 'base64'), E'\n', ''))) END
         FROM generate_series(1, $1) n"
}

# --- a server that takes the mail ----------------------------------------------------------------
AWS_SES_ACCOUNT='{"DedicatedIpAutoWarmupEnabled": false, "Details": {"AdditionalContactEmailAddresses": [], "ContactLanguage": "EN",
    "MailType": "TRANSACTIONAL", "ReviewDetails": {"CaseId": "1", "Status": "GRANTED"}, "UseCaseDescription": "x", "WebsiteURL": "x"},
    "EnforcementStatus": "HEALTHY", "ProductionAccessEnabled": true, "SendingEnabled": true,
    "SendQuota": {"Max24HourSend": 50000, "MaxSendRate": 100, "SentLast24Hours": 3}, "SuppressionAttributes": {"SuppressedReasons": []}}' \
    start server node "$place/node_modules/aws-ses-v2-local/dist/cli.js" --host 127.0.0.1 --port 0
wait_for "the server to be heard" 30 grep -q running server.log
AWS_ENDPOINT_URL_SESV2=$(grep -o 'http://[^ ]*' server.log)
export AWS_ENDPOINT_URL_SESV2
fill 30
run postroom run --once
is "exit" 0 "$code"
sql_is "what the account told" "100|50000" "SELECT rate, daily_quota FROM postroom.lanes WHERE name = 'ses'"
sql "SELECT json_agg(to_json(m)) FROM email_messages m" >rows.json
node "$place/ses_store.mjs" "$AWS_ENDPOINT_URL_SESV2" rows.json || fail "what it took is not what the rows say"
stop server

# --- signatures ------------------------------------------------------------------------------------
start recorder node "$place/ses_record.mjs" requests.jsonl
wait_for "the recorder to be heard" 30 grep -q http recorder.log
base=$(grep -o 'http://[^ ]*' recorder.log)
sign() { # PATH TOKEN: mails and questions made and recorded, below that path
    export AWS_ENDPOINT_URL_SESV2=$base$1 AWS_SESSION_TOKEN=$2
    fill 5
    run postroom run --once
    is "exit with $1 ($err)" 0 "$code"
    POSTROOM_FROM="Ä <o'dd+!\$&*=?{|}~%x@a.b-c.shop.example>" run postroom doctor
    is "exit of doctor with $1 ($out)" 1 "$code"
}
sign "" ""
sign "" 'canary/token+with=signs//and%20:;,.~=='
sign "/" ""
sign "/behind/a%20proxy/~x/(y)!'*@:\$&+,;=/%C3%BC" "$(printf 'canary%.0s' {1..300})"
node "$place/ses_verify.mjs" requests.jsonl || fail "a signature differs"
