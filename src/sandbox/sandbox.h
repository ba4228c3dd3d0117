/* `postroom sandbox`: a local server that speaks Resend's API and keeps what it got, for
 * development, demonstrations and tests. Nothing is ever mailed.
 *
 * start and stop belong to one thread; requests run on the HTTP server's threads and share one
 * lock (sandbox.c). */
#ifndef POSTROOM_SANDBOX_SANDBOX_H
#define POSTROOM_SANDBOX_SANDBOX_H

#include "base/err.h"

#include <stdint.h>

#define SANDBOX_LISTEN "127.0.0.1:8025"
#define SANDBOX_RATE 10 /* requests per second, Resend's default of mid-2026 */
#define SANDBOX_MAX_RATE 10000
#define SANDBOX_MAX_LATENCY_MS 600000

struct sandbox_options {
    const char *listen; /* HOST:PORT, loopback only */
    int rate;           /* sending requests within any second; past it 429 */
    int64_t latency_ms; /* an answer takes this long; the key is in flight meanwhile */
    double fail;        /* percent of sending requests that fail: in turn a 500 before anything
                           was accepted, and an answer lost after all was accepted */
    const char *const *domains; /* those that may send; they must outlive the sandbox */
    int domain_count;           /* 0: any domain may */
};

struct sandbox;

struct sandbox *sandbox_start(const struct sandbox_options *o, struct err *err) MUST_CHECK;
const char *sandbox_address(const struct sandbox *s); /* HOST:PORT with the actual port */
void sandbox_stop(struct sandbox *s);                 /* NULL is fine */

#endif
