#!/usr/bin/env bash
# doctor and a mail server: the dialogue up to the sender, on a connection of its own, and no mail; what
# it says of a server that is away, of TLS, of the login, of the sender, and of a server that is busy.
# also under: asan
. "$(dirname "$0")/../lib/e2e.sh"
. "$LIB/doctor.sh"
export POSTROOM_RATE=
smtp_sink
migrated_db
login=shop%40mail:canary%2Fp%40ss%3A77

# --- all is well -------------------------------------------------------------------------------
doctor 0
found provider.tls ok 'no TLS: the server is on this machine'
found provider.key ok 'takes the login'
found provider.domain ok 'takes the sender hello@shop.example'
found provider.rate unknown 'no rate' 'rate'
is "senders named" 1 "$(sink_stat requests)"
doctor 0 POSTROOM_RATE=7 POSTROOM_FROM='Ü <ü@shop.example>'
found provider.domain ok 'takes the sender ü@shop.example'
found provider.rate ok 'keeps to 7 mails a second'
doctor 0 POSTROOM_FROM=
found provider.key ok 'takes the login'
found provider.domain unknown 'no sender'
is "senders named" 2 "$(sink_stat requests)"

# --- the server is away, or turns us away -------------------------------------------------------
reply() { sink_set "{\"rules\": [{\"at\": \"$1\", \"reply\": \"$2\", \"times\": 1}]}"; }
doctor 1 SMTP_URL=smtp://u:canary@127.0.0.1:1?tls=none
found provider.reach mend '127.0.0.1:1 cannot be reached: .*[Cc]onnect' 'SMTP_URL'
doctor 1 SMTP_URL=smtp://u:canary@mail.invalid
found provider.reach mend 'mail.invalid:587 cannot be reached: Could not resolve' 'host'
reply connect '554 5.7.1 go away'
doctor 1
found provider.reach mend 'turns us away: 554 5.7.1: go away' SMTP_URL
reply connect '421 4.3.2 too many of you'
doctor 0
found provider.reach unknown 'at this moment: 421 4.3.2: too many of you' later
reply ehlo '550 not you'
doctor 1 SMTP_URL="smtp://$login@127.0.0.1:$SMTP_PORT"
found provider.reach mend 'turns us away: 550 EHLO: not you'
sink_set '{"rules": [{"at": "ehlo", "drop": "before", "times": 1}]}'
doctor 1
found provider.reach mend 'closed before an answer to EHLO'

# --- the login ----------------------------------------------------------------------------------
sink_set '{"rules": [], "api_key": "another"}'
doctor 1
found provider.key mend 'refuses the login: 535 5.7.8: Auth' 'user and password in SMTP_URL'
found provider.tls ok .
sink_set '{"api_key": null}'
doctor 1 SMTP_URL="smtp://127.0.0.1:$SMTP_PORT?tls=none"
found provider.key mend 'does not let us in: 530 ' 'wants a user and password'
reply ehlo '250 AUTH X-NOBODY-HAS'
doctor 1
found provider.key mend 'no login at 127.0.0.1' 'AUTH'
reply ehlo '250 HELP'
doctor 1
found provider.key mend 'does not let us in: 530 '

# --- the sender ---------------------------------------------------------------------------------
reply mail '550 5.7.1 not your address'
doctor 1
found provider.domain mend 'does not take the sender hello@shop.example: 550 5.7.1: not your' '`from`'
reply mail '451 4.3.0 out of order'
doctor 0
found provider.reach unknown 'at this moment: 451'
reply mail '454 4.7.0 Throttling failure: Maximum sending rate exceeded.'
doctor 0
found provider.reach unknown 'Throttling'
is "mails sent by it" 0 "$(sink_stat effects)"
stop sink
rm sink/smtp_port
smtp_sink '"utf8": false'
doctor 1 POSTROOM_FROM='ü@shop.example'
found provider.domain mend 'does not speak SMTPUTF8' 'xn--'
stop sink
rm sink/smtp_port
smtp_sink '"user": ""'
doctor 0
found provider.key note 'offers no login' '587'
doctor 0 SMTP_URL="smtp://127.0.0.1:$SMTP_PORT?tls=none"
found provider.key ok 'no login'

# --- TLS ----------------------------------------------------------------------------------------
doctor 1 SMTP_URL="smtp://$login@127.0.0.1:$SMTP_PORT"
found provider.tls mend 'offers no STARTTLS' 'smtps://'
doctor 1 SMTP_URL="smtps://$login@127.0.0.1:$SMTP_PORT"
found provider.tls mend 'no TLS with 127.0.0.1.*wrong version' 'smtp://'
certificate() { # NAME HOST DAYS
    openssl req -newkey rsa:2048 -nodes -keyout "$1.key" -subj "/CN=$2" -out "$1.csr" 2>/dev/null
    printf 'subjectAltName=DNS:%s' "$2" >"$1.ext"
    openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -extfile "$1.ext" -days "$3" -out "$1.pem" 2>/dev/null
}
openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -subj "/CN=private" -days 2 -out ca.pem 2>/dev/null
certificate good localhost 2
certificate expired localhost -1
speaks() { # HOW CERTIFICATE [MORE]: a sink that does, at localhost
    stop sink
    rm sink/smtp_port
    smtp_sink "\"tls\": \"$1\", \"cert\": \"$PWD/$2.pem\", \"key\": \"$PWD/$2.key\" ${3:+, $3}"
    SMTP_URL="smtp$([ "$1" != tls ] || echo s)://$login@localhost:$SMTP_PORT"
}
speaks starttls good
doctor 1
found provider.tls mend 'no TLS with localhost.*issuer' ca_file
doctor 0 POSTROOM_CA_FILE=ca.pem
found provider.tls ok 'localhost:[0-9]+ speaks TLS; its certificate is good'
found provider.key ok 'takes the login'
doctor 1 POSTROOM_CA_FILE=ca.pem SMTP_URL="${SMTP_URL/localhost/127.0.0.1}"
found provider.tls mend 'subject name' 'as the certificate has it'
speaks tls good
doctor 0 POSTROOM_CA_FILE=ca.pem
found provider.tls ok 'speaks TLS'
found provider.domain ok 'takes the sender'
doctor 1
found provider.tls mend 'issuer' ca_file
doctor 1 POSTROOM_CA_FILE=ca.pem SMTP_URL="${SMTP_URL/smtps/smtp}"
found provider.reach mend 'its greeting' 'smtps://'
speaks tls expired
doctor 1 POSTROOM_CA_FILE=ca.pem
found provider.tls mend expired renewed
speaks starttls good '"version": "TLSv1_1"'
doctor 1 POSTROOM_CA_FILE=ca.pem
found provider.tls mend 'no TLS' 'TLS 1.2'
people 1 POSTROOM_CA_FILE=ca.pem
contains "for people" "$out" 'MEND +no TLS with localhost'
