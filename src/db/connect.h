/* Connecting, on threads of their own.
 *
 * libpq's blocking connect knows each host's time limit but none for the resolver below it, and
 * nothing interrupts it. So each attempt runs on its own thread, which its owner may leave behind:
 * it then ends and frees what it made by itself. Several attempts may run beside each other, so
 * that one that hangs (a host that swallows everything) does not hold up the next; the first
 * connection that comes about counts. One thread owns a dial; nothing here waits. */
#ifndef POSTROOM_DB_CONNECT_H
#define POSTROOM_DB_CONNECT_H

#include "db/internal.h"

struct dial;

/* An address to connect to ("": what libpq takes from PG*). `writes`: where it names several hosts
 * and does not say which of them will do, one that takes writes. ERR_USAGE: it is no address; its
 * text is never repeated: it may hold a password. */
struct dial *dial_new(const char *url, bool writes, struct err *err) MUST_CHECK;
void dial_free(struct dial *d); /* NULL is fine; what still runs is left behind */

/* Begins an attempt, unless a few of them run already. ERR_AWAY: no thread can be had. */
bool dial_start(struct dial *d, struct err *err) MUST_CHECK;

int dial_fd(const struct dial *d); /* readable: an attempt ended */

/* What attempts brought since it was last asked: a connection, which is then the caller's; or NULL,
 * and err says why the last one failed (ERR_NONE: none ended). */
PGconn *dial_take(struct dial *d, struct err *err) MUST_CHECK;

/* libpq's words on one line, without the trailing newline. */
void libpq_line(char *dst, size_t size, const char *text);

#endif
