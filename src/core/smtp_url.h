/* smtp://USER:PASSWORD@HOST:PORT, as SMTP_URL is written. Pure; any thread. */
#ifndef POSTROOM_CORE_SMTP_URL_H
#define POSTROOM_CORE_SMTP_URL_H

#include "base/err.h"

struct smtp_url {
    bool tls_at_once;   /* smtps; else STARTTLS */
    bool tls_none;      /* ?tls=none */
    char host[256];     /* an IPv6 address in its brackets */
    int port;           /* 587, or 465 for smtps, where none stands there */
    char user[256];     /* "" : no AUTH */
    char password[512]; /* as meant: %XX is undone in both */
    char hello[256];    /* behind the /: how we call ourselves; "" : by the machine's name */
};

/* err says what is allowed and repeats nothing of the text, which may hold a password. A password
 * that would cross the network in the clear is refused. */
bool smtp_url_parse(struct smtp_url *u, const char *text, struct err *err) MUST_CHECK;

/* Is the server on this machine? */
bool smtp_url_is_local(const struct smtp_url *u);

#endif
