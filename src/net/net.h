/* The network: all of libcurl, on a thread of its own, so that nothing the database does delays
 * a transfer and nothing a transfer does delays the database.
 *
 * One owner thread submits and reaps; the transfer thread is private. TLS is always verified,
 * redirects are not followed, plain http goes only to a loopback address, answers are capped. A
 * request that is not replay_safe gets a connection of its own (libcurl repeats a POST on a reused
 * connection that dies). */
#ifndef POSTROOM_NET_NET_H
#define POSTROOM_NET_NET_H

#include "core/settings.h"
#include "core/wire.h"

#include <stdint.h>

struct net;

/* Once per process, before any thread. */
bool net_global_init(struct err *err) MUST_CHECK;
void net_global_cleanup(void);

/* Starts the thread. settings: ca_file, request_timeout_ms, concurrency. */
struct net *net_start(const struct settings *s, struct err *err) MUST_CHECK;

/* Cancels what is in flight, joins the thread, frees everything unreaped. NULL is fine. */
void net_stop(struct net *n);

/* Takes the request over in any case (*request is emptied). start_us: boot time at which to
 * start (0: now). The transfer must be over at deadline_us, boot time, at the latest (the lease);
 * where that is already past when it would start, it ends WIRE_NOT_SENT. Every submitted id comes
 * back through net_reap exactly once. */
bool net_submit(struct net *n, uint64_t id, struct wire_request *request, int64_t start_us,
                int64_t deadline_us, struct err *err) MUST_CHECK;

/* What is submitted between the two wakes the thread once, at the end. */
void net_hold(struct net *n);
void net_release(struct net *n);

/* Takes one finished transfer: fills *id and *response (owned by the caller). false: none now. */
bool net_reap(struct net *n, uint64_t *id, struct wire_response *response);

/* Readable when something can be reaped; net_reap clears it when the last one was taken. */
int net_fd(const struct net *n);

/* Ends all transfers now: those not started come back WIRE_NOT_SENT, the others WIRE_LOST. */
void net_cancel_all(struct net *n);

/* Is this base URL acceptable? https, or http to a loopback address; no user, query, fragment. */
bool net_check_url(const char *url, struct err *err) MUST_CHECK;

#endif
