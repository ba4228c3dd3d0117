#!/usr/bin/env bash
# doctor and AWS SES: signed questions about the account and the sender's identity; nothing is sent.
# also under: asan
. "$(dirname "$0")/../lib/e2e.sh"
. "$LIB/doctor.sh"
export POSTROOM_PROVIDER=ses
sink
export POSTROOM_RATE=
migrated_db

doctor 0
found provider.key ok 'SES takes the key'
found provider.account ok 'production access'
found provider.domain ok 'identity shop.example is verified'
found provider.rate ok '500 mails a second'
found provider.quota ok '0 of 50,000 used in 24 hours'
is "questions asked" 3 "$(sink_stat asked)"
is "mails sent by it" 0 "$(sink_stat requests)"

# --- the account --------------------------------------------------------------------------------
sink_set '{"standing": {"ProductionAccessEnabled": false},
    "account": {"Max24HourSend": 200.0, "MaxSendRate": 1.0, "SentLast24Hours": 200.0}}'
doctor 0 POSTROOM_RATE=5
found provider.account note 'sandbox: it reaches verified addresses alone' 'production access'
found provider.rate note '1 mails a second; `rate` asks for 5'
found provider.quota note '200 of 200' 'waits'
sink_set '{"standing": {"SendingEnabled": false}}'
doctor 1
found provider.account mend 'switched sending off'
sink_set '{"standing": {"EnforcementStatus": "PROBATION"}}'
doctor 0
found provider.account note 'under review'

# --- the sender ---------------------------------------------------------------------------------
asked_by() { # NUMBER [NAME=VALUE...]: doctor, and how many questions that took
    local before wanted=$1
    before=$(sink_stat asked)
    doctor 0 "${@:2}"
    is "questions asked ($*)" "$wanted" $(($(sink_stat asked) - before))
}
asked_by 5 POSTROOM_FROM=a@news.eu.shop.example
found provider.domain ok 'identity shop.example is verified'
asked_by 8 POSTROOM_FROM=a@5.4.3.2.1.shop.example
found provider.domain ok 'identity shop.example is verified'
doctor 1 POSTROOM_FROM=a@7.6.5.4.3.2.1.shop.example
found provider.domain mend 'neither a@7.6.5.4.3.2.1.shop.example nor its domain nor one above'
sink_set '{"identities": {"eu.shop.example": true, "shop.example": true}}'
asked_by 4 POSTROOM_FROM=a@news.eu.shop.example
found provider.domain ok 'identity eu.shop.example is verified'
sink_set '{"identities": {"hello@shop.example": true}}'
asked_by 2
found provider.domain ok 'identity hello@shop.example is verified'
sink_set '{"identities": {"shop.example": true}, "hasty": 1}'
asked_by 4
found provider.domain ok 'identity shop.example is verified'
sink_set '{"hasty": 9}'
doctor 0
found provider.domain unknown 'SES did not tell' 'again'
sink_set '{"hasty": 0}'
sink_set '{"identities": {"shop.example": false}}'
doctor 1
found provider.domain mend 'shop.example is not verified yet' DNS
sink_set '{"identities": {"shop.example": false, "hello+news@shop.example": true}}'
doctor 0 POSTROOM_FROM='Shop <hello+news@shop.example>'
found provider.domain ok 'identity hello.news@shop.example is verified'
sink_set '{"identities": {}}'
doctor 1
found provider.domain mend 'neither hello@shop.example nor its domain .* in eu-west-1' AWS_REGION
doctor 0 POSTROOM_FROM=
found provider.domain unknown 'no sender'

# --- the key ------------------------------------------------------------------------------------
sink_set '{"account": null, "identities": null}'
doctor 0
found provider.key ok 'may not ask' 'ses:GetAccount'
found provider.domain unknown 'may not ask' 'ses:GetEmailIdentity'
found provider.rate unknown 'no rate' 'rate'
found provider.quota unknown .
doctor 1 AWS_SECRET_ACCESS_KEY=another-canary-secret
found provider.key mend 'refuses the signature: 403 SignatureDoesNotMatch' AWS_SECRET_ACCESS_KEY
doctor 1 AWS_SESSION_TOKEN=canary-token
found provider.key mend 'refuses the key: 403 UnrecognizedClientException' AWS_SESSION_TOKEN
sink_set '{"api_key": "AKIAOTHER"}'
doctor 1
found provider.key mend 'refuses the key' AWS_ACCESS_KEY_ID
doctor 1 AWS_ENDPOINT_URL_SESV2=http://127.0.0.1:1
found provider.reach mend 'cannot be reached' AWS_ENDPOINT_URL_SESV2
