#!/usr/bin/env bash
# AWS SES, by the suite that all providers pass. More of it is 37_ses.sh.
# also under: asan
provider_start() {
    sink
    export POSTROOM_PROVIDER=ses POSTROOM_RATE=1000
    PROVIDER_PORT=$SINK_PORT
}
provider_over_tls() { export AWS_ENDPOINT_URL_SESV2=https://localhost:$1; }
KEYS=0
REFUSED='"status": 400, "name": "MessageRejected", "message": "no such mailbox"'
OWN_SENDER='"status": 400, "name": "MailFromDomainNotVerifiedException", "message": "not verified"'
SENDER='"status": 400, "name": "MessageRejected", "message": "Email address is not verified. The following identities failed the check in region EU-WEST-1: hello@shop.example"'
THROTTLED='"status": 429, "name": "TooManyRequestsException", "message": "Maximum sending rate exceeded."'
OUTAGE='"status": 500'
LOST='"drop": "after"'
GARBAGE='"shape": "garbage"' AFTER_GARBAGE='sent|'
DRIP='"shape": "drip", "drip_ms": 500' AFTER_DRIP='failed|uncertain'
REVOKED='{"api_key": "AKIAANOTHER"}' RESTORED='{"api_key": null, "rules": []}'
. "$(dirname "$0")/../lib/providers.sh"
