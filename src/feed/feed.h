/* The dashboard's data: one thread with a connection of its own.
 *
 * It posts a fresh snapshot to the board every second, puts outcomes of workers elsewhere into the
 * ring, and does what the operator asked for (mailbox), answering with EVENT_ANSWER events that
 * carry the command's id. A database that goes away is shown as away and asked again, 0.5 to 5 s
 * apart. It never touches a terminal and never holds up the end of the process. */
#ifndef POSTROOM_FEED_FEED_H
#define POSTROOM_FEED_FEED_H

#include "core/board.h"
#include "core/life.h"
#include "core/mailbox.h"
#include "core/ring.h"
#include "core/settings.h"

struct feed;

struct feed_options {
    const char *operator_name;
    bool read_only;      /* a read-only session: commands are refused, no place among operators */
    bool events_from_db; /* no worker in this process: outcomes come from the database */
    bool keep_going;     /* the first connection may fail: try again instead of giving up */
};

struct feed_ports {
    struct board *board;
    struct ring *ring;
    struct mailbox *commands;
    struct life *life; /* runs until LIFE_STOPPING (then mailbox_nudge) */
};

/* Connects once (unless keep_going: then a failure is retried by the thread), starts the thread.
 * options are copied; settings and ports must outlive it. */
struct feed *feed_start(const struct settings *s, const struct feed_options *options,
                        const struct feed_ports *ports, struct err *err) MUST_CHECK;

/* At the hard deadline: whatever the database blocks fails now. Any thread. */
void feed_abort(struct feed *f);

/* After life_stop and mailbox_nudge. Joins and frees; NULL is fine. */
void feed_join(struct feed *f);

#endif
