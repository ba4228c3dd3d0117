#!/usr/bin/env bash
# Resend, by the suite that all providers pass.
provider_start() {
    sink
    export POSTROOM_PROVIDER=resend POSTROOM_RATE=1000
    PROVIDER_PORT=$SINK_PORT
}
provider_over_tls() { export RESEND_BASE_URL=https://localhost:$1; }
KEYS=1
REFUSED='"status": 422, "name": "validation_error", "message": "no such mailbox"'
OWN_SENDER='"status": 403, "name": "validation_error", "message": "The unverified.example domain is not verified."'
SENDER='"status": 403, "name": "validation_error", "message": "The shop.example domain is not verified."'
THROTTLED='"status": 429, "name": "rate_limit_exceeded", "message": "Too many requests", "headers": {"retry-after": 1}'
OUTAGE='"status": 500'
LOST='"drop": "after"'
GARBAGE='"shape": "garbage"' AFTER_GARBAGE='sent|'
DRIP='"shape": "drip", "drip_ms": 500' AFTER_DRIP='sent|'
REVOKED='{"api_key": "re_another"}' RESTORED='{"api_key": null, "rules": []}'
. "$(dirname "$0")/../lib/providers.sh"
