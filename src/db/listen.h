/* LISTEN, on a connection of its own (listen_database_url): what wakes a worker at once.
 *
 * Never in a transaction, never waited for: each turn reads what came and takes the next step. The
 * connection is asked for a word every few seconds, and opened anew where none comes: a firewall
 * or a proxy may have forgotten it. Behind a transaction pooler LISTEN would stay behind in a
 * session that others share, and wake nobody: there it is not tried. Whatever is amiss, polling
 * does the work. One thread owns a listener. */
#ifndef POSTROOM_DB_LISTEN_H
#define POSTROOM_DB_LISTEN_H

#include "base/err.h"
#include "core/settings.h"

#include <stdint.h>

struct listener;

struct listener *listener_new(const struct settings *s, struct err *err) MUST_CHECK;
void listener_free(struct listener *l); /* NULL is fine */

enum listener_note {
    NOTE_NONE = 0,
    NOTE_MAIL = 1,
    NOTE_CONTROL = 2,
    NOTE_LOST = 4 /* the connection broke: the database may be gone */
};

/* A set of what was heard. Both kinds at once where it has just begun to listen: what was said
 * before went unheard. `wanted`: whether to connect where it is not connected. */
int listener_turn(struct listener *l, bool wanted, int64_t now_us);

int64_t listener_mails(const struct listener *l); /* NOTE_MAILs heard so far, each by itself */

int listener_fd(const struct listener *l);          /* -1: nothing to wait for */
int64_t listener_next_us(const struct listener *l); /* when it wants a turn all the same */

/* The worker came to a server, perhaps another one: listen there, from now on. */
void listener_anew(struct listener *l);

#endif
