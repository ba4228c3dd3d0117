/* The dashboard: one thread (main) makes every curses call and only draws what it is given.
 *
 * It reads snapshots and gauges from the board, events from the ring, and hands the operator's
 * intents to one mailbox; it never sees the database or the network. No curses type leaks out. */
#ifndef POSTROOM_UI_UI_H
#define POSTROOM_UI_UI_H

#include "base/wake.h"
#include "core/board.h"
#include "core/life.h"
#include "core/mailbox.h"
#include "core/ring.h"

struct ui_options {
    const char *operator_name;
    bool read_only;
    bool bell;
    double refresh_s;        /* 0: by the terminal (1 s over ssh or tmux, else 0.25 s) */
    bool demo;               /* a fixed picture: a confirmed change answers "demo: nothing changed" */
    int64_t demo_now_us;     /* demo: the clock stands still here */
    bool worker_here;        /* quitting stops the worker of this process */
    int64_t drain_timeout_ms;
};

struct ui_ports {
    struct board *board;
    struct ring *ring;
    struct mailbox *commands; /* to the feed; NULL in demo */
    struct life *life;
    const struct wake *wake;  /* raised by board, ring and signals: the UI waits on it and stdin */
};

enum ui_end {
    UI_QUIT,     /* the operator left (with a worker here: now drain) */
    UI_GONE,     /* the terminal went away */
    UI_DRAINED,  /* life reached its end while the screen was up */
    UI_REFUSED,  /* this terminal cannot show it: err says why; nothing was drawn */
};

/* Is there a terminal that can show the dashboard? err says what is missing. */
bool ui_possible(struct err *err) MUST_CHECK;

/* Runs until the operator leaves, the terminal goes away or `done` (raised by the caller's
 * shutdown sequence through ui_finish) says it is over. The terminal is restored in any case. */
enum ui_end ui_run(const struct ui_options *options, const struct ui_ports *ports,
                   struct err *err);

/* From any thread: leave ui_run with UI_DRAINED at its next turn. */
void ui_finish(const struct ui_ports *ports);

/* Async-signal-safe: writes the prepared string that restores the terminal, if one is in use.
 * For second signals and crash handlers. */
void ui_emergency_restore(void);

#endif
