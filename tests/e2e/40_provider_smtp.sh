#!/usr/bin/env bash
# SMTP, by the suite that all providers pass. More of it is 38_smtp.sh.
# also under: asan
provider_start() {
    smtp_sink
    POSTROOM_RATE=1000
    PROVIDER_PORT=$SMTP_PORT
}
provider_over_tls() { export SMTP_URL="smtps://shop%40mail:canary%2Fp%40ss%3A77@localhost:$1"; }
KEYS=0
REFUSED='"at": "rcpt", "reply": "550 5.1.1 no such mailbox"'
OWN_SENDER='"at": "mail", "reply": "550 5.7.1 not your address"'
SENDER='"at": "mail", "reply": "553 5.1.8 sender not verified"'
THROTTLED='"reply": "454 4.7.0 Throttling failure: Maximum sending rate exceeded."'
OUTAGE='"reply": "451 4.3.0 out of order"'
LOST='"drop": "after"'
GARBAGE='"reply": "what is this"' AFTER_GARBAGE='failed|uncertain'
DRIP='"drip_ms": 150' AFTER_DRIP='sent|'
REVOKED='{"api_key": "another"}' RESTORED='{"api_key": null, "rules": []}'
. "$(dirname "$0")/../lib/providers.sh"
