#!/usr/bin/env bash
# SendGrid, by the suite that all providers pass. More of it is 34_sendgrid*.sh.
provider_start() {
    sink
    export POSTROOM_PROVIDER=sendgrid POSTROOM_RATE=1000
    PROVIDER_PORT=$SINK_PORT
}
provider_over_tls() { export SENDGRID_BASE_URL=https://localhost:$1; }
KEYS=0
REFUSED='"status": 400, "name": "personalizations.0.to.0.email", "message": "no such mailbox"'
OWN_SENDER='"status": 403, "name": "from", "message": "The from address does not match a verified Sender Identity."'
SENDER=$OWN_SENDER
THROTTLED='"status": 429, "message": "too many requests", "headers": {"ratelimit-reset": 1}'
OUTAGE='"status": 500, "message": "internal server error"'
LOST='"drop": "after"'
GARBAGE='"shape": "garbage"' AFTER_GARBAGE='sent|'
DRIP='"shape": "drip", "drip_ms": 500' AFTER_DRIP='failed|uncertain'
REVOKED='{"api_key": "SG.another"}' RESTORED='{"api_key": null, "rules": []}'
. "$(dirname "$0")/../lib/providers.sh"
